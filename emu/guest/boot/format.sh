#!/bin/busybox sh
# /init of the run that fills a NAND flash while images are built: UBI over all of its "ubi" partition, and the
# volumes that the board file asks for (/etc/volumes.sh).
export PATH=/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev

fill() {
	while read -r module params; do
		# shellcheck disable=SC2086 # a list of words
		case $module in /*) insmod "$module" $params || return ;; esac
	done </etc/lifeboat/modules
	mtd=$(sed -n 's/^mtd\([0-9]*\): .*"ubi"$/\1/p' /proc/mtd)
	ubiformat -q -y "/dev/mtd$mtd" && ubiattach -m "$mtd" && . /etc/volumes.sh && ubidetach -m "$mtd" && sync
}
if fill; then echo "format: done"; else echo "format: failed"; fi
poweroff -f
