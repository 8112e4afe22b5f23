#!/bin/busybox sh
# /init of the "plain" images: what a boot has to do, without lifeboat. The peer of the boot benchmark.
export PATH=/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev

while read -r module; do
	case $module in /*) insmod "$module" || echo "plain: $module does not load" ;; esac
done </etc/lifeboat/modules

by_label() {
	for u in /sys/class/block/*/uevent; do
		grep -q "^PARTNAME=$1\$" "$u" && u=${u%/uevent} && echo "/dev/${u##*/}" && return
	done
}
tries=0
until root=$(by_label rootfs) && [ -n "$root" ]; do
	tries=$((tries + 1))
	[ $tries -lt 100 ] || { echo "plain: no partition rootfs"; exec sh; }
	usleep 20000
done

if ! mount -t squashfs -o ro "$root" /rom 2>/dev/null; then
	mount -t ext4 "$root" /mnt || exec sh
	for d in proc sys dev; do mount -o move /$d /mnt/$d; done
	exec switch_root /mnt /sbin/init
fi

number() { hexdump -s "$2" -n 4 -v -e '1/4 "%u"' "$1"; }
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
mkdir -p /overlay/upper /overlay/work
mount -t overlay -o lowerdir=/rom,upperdir=/overlay/upper,workdir=/overlay/work overlayfs:/overlay /mnt
for d in proc sys dev rom overlay; do mount -o move /$d /mnt/$d; done
exec switch_root /mnt /sbin/init
