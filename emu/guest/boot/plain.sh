#!/bin/busybox sh
# /init of the "plain" images: what a boot has to do, without lifeboat. The peer of the boot benchmark.
export PATH=/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev

while read -r module params; do
	# shellcheck disable=SC2086 # a list of words
	case $module in /*) insmod "$module" $params || echo "plain: $module does not load" ;; esac
done </etc/lifeboat/modules

. /etc/storage.sh # find_root and mount_overlay, as this board's storage needs them
tries=0
until root=$(find_root) && [ -b "$root" ]; do
	tries=$((tries + 1))
	[ $tries -lt 100 ] || { echo "plain: no root file system"; exec sh; }
	usleep 20000
done

if ! mount -t squashfs -o ro "$root" /rom 2>/dev/null; then
	mount -t ext4 "$root" /mnt || exec sh
	for d in proc sys dev; do mount -o move /$d /mnt/$d; done
	exec switch_root /mnt /sbin/init
fi

mount_overlay
mkdir -p /overlay/upper /overlay/work
mount -t overlay -o lowerdir=/rom,upperdir=/overlay/upper,workdir=/overlay/work overlayfs:/overlay /mnt
for d in proc sys dev rom overlay; do mount -o move /$d /mnt/$d; done
exec switch_root /mnt /sbin/init
