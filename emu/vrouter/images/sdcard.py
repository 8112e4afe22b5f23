"""An SD card: a GPT with a partition for the recovery record and one for a btrfs, whose subvolumes the guest's own kernel
makes once: mkfs.btrfs cannot, and mounting needs root."""

from . import disk, formatter

MIB = 1 << 20


def build(board, root_tar, out, guest):
    storage = board.storage
    record_mib = -(-storage["record_kib"] // 1024)
    rest = storage["mib"] - record_mib - 2  # one for each copy of the table
    with open(out, "wb") as image:
        image.truncate(storage["mib"] * MIB)
    disk.partition(["label: gpt", f"start=1MiB, size={record_mib}MiB, name={storage['record_partition']}",
                    f"start={1 + record_mib}MiB, size={rest}MiB, name={storage['root_partition']}"], out)
    files = {"root.tar": root_tar}
    formatter.run(board, guest, guest.formatter(files, "root=/dev/mmcblk0p2\n", "format-sd.sh"), out, device_args(board, "disk"))


def device_args(board, node):
    return ["-device", f"sdhci-pci,addr={board.storage['addr']}", "-device", f"sd-card,drive={node}"]


def partitions(_board, image):
    """{name: (offset_bytes, size_bytes)}"""
    return disk.partitions(image)
