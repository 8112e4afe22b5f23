# NAND flash: UBI volumes with a squashfs, which ubiblock shows as a disk, and a UBIFS.
find_root() {
	for v in /sys/class/ubi/ubi0_*/name; do
		grep -q '^rootfs$' "$v" && v=${v%/name} && echo "/dev/ubiblock${v##*/ubi}" && return
	done
}

mount_overlay() { mount -t ubifs ubi0:rootfs_data /overlay; }
