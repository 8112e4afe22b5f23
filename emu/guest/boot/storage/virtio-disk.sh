# A disk with a GPT: the root partition holds a squashfs and behind it the overlay, or an ext4 root.
find_root() {
	for u in /sys/class/block/*/uevent; do
		grep -q '^PARTNAME=rootfs\(_a\)\?$' "$u" && u=${u%/uevent} && echo "/dev/${u##*/}" && return
	done
}

number() { hexdump -s "$2" -n 4 -v -e '1/4 "%u"' "$1"; }

mount_overlay() {
	used=$(number "$root" 40)
	sectors=$(cat "/sys/class/block/${root##*/}/size")
	offset=$(((used + 65535) / 65536 * 65536))
	room=$((sectors / 2048 - offset / 1048576))
	losetup -o $offset /dev/loop0 "$root"
	if [ $room -gt 100 ]; then
		mount -t f2fs /dev/loop0 /overlay 2>/dev/null || { mkfs.f2fs -q -f -l rootfs_data /dev/loop0; mount -t f2fs /dev/loop0 /overlay; }
	else
		mount -t ext4 /dev/loop0 /overlay 2>/dev/null || { mkfs.ext4 -q -F -L rootfs_data /dev/loop0; mount -t ext4 /dev/loop0 /overlay; }
	fi
}
