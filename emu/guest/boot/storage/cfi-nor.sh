# NOR flash: a squashfs and a JFFS2 in MTD partitions.
mtd() { sed -n "s/^mtd\([0-9]*\): .*\"$1\"\$/\/dev\/mtdblock\1/p" /proc/mtd; }

find_root() { mtd rootfs; }

mount_overlay() { mount -t jffs2 "$(mtd rootfs_data)" /overlay; }
