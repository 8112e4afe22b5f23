#!/bin/busybox sh
# /init of the run that fills a NAND flash while images are built: UBI over all of its "ubi" partition, and the
# volumes that the board file asks for (/etc/volumes.sh).
. /etc/begin.sh

fill() {
	load_modules || return
	mtd=$(sed -n 's/^mtd\([0-9]*\): .*"ubi"$/\1/p' /proc/mtd)
	ubiformat -q -y "/dev/mtd$mtd" && ubiattach -m "$mtd" && . /etc/volumes.sh && ubidetach -m "$mtd" && sync
}
if fill; then echo "format: done"; else echo "format: failed"; fi
poweroff -f
