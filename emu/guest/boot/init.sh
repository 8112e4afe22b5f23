#!/bin/busybox sh
# /init of the "init" images. It stands for a kernel with built-in drivers that was started with
# root=... init=/sbin/lifeboat: it mounts the squashfs, and that is all.
export PATH=/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
while read -r module; do
	case $module in /*) insmod "$module" ;; esac
done </etc/lifeboat/modules
tries=0
until grep -ls '^PARTNAME=rootfs$' /sys/class/block/*/uevent >/tmp/root; do
	tries=$((tries + 1))
	[ $tries -lt 100 ] || { echo "init: no partition rootfs"; exec sh; }
	usleep 20000
done
read -r root </tmp/root
root=${root%/uevent}
mount -t squashfs -o ro "/dev/${root##*/}" /mnt || exec sh
umount /sys
umount /proc
umount /dev
exec switch_root /mnt /sbin/lifeboat
