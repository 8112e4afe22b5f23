#!/bin/busybox sh
# /init of the "init" images. It stands for a kernel with built-in drivers that was started with
# root=... init=/sbin/lifeboat: it mounts the squashfs, and that is all.
export PATH=/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
while read -r module params; do
	# shellcheck disable=SC2086 # a list of words
	case $module in /*) insmod "$module" $params ;; esac
done </etc/lifeboat/modules
. /etc/storage.sh
tries=0
until root=$(find_root) && [ -b "$root" ]; do
	tries=$((tries + 1))
	[ $tries -lt 100 ] || { echo "init: no root file system"; exec sh; }
	usleep 20000
done
mount -t squashfs -o ro "$root" /mnt 2>/dev/null || mount -t erofs -o ro "$root" /mnt || exec sh
umount /sys
umount /proc
umount /dev
exec switch_root /mnt /sbin/lifeboat
