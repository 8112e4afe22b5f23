#!/bin/busybox sh
# /init of the run that fills an SD card while images are built: a btrfs on its partition for the root, in it the
# subvolume @ with the system, and the same as @factory.
. /etc/begin.sh

fill() {
	load_modules || return
	tries=0
	until [ -b "$root" ]; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || return
		usleep 20000
	done
	mkfs.btrfs -q -f -m single "$root" && mount -t btrfs "$root" /mnt && btrfs subvolume create /mnt/@ &&
		tar -xpf /root.tar -C /mnt/@ && btrfs subvolume snapshot /mnt/@ /mnt/@factory && umount /mnt && sync
}
. /etc/volumes.sh # root=...
if fill; then echo "format: done"; else echo "format: failed"; fi
poweroff -f
