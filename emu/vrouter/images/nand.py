"""The content of a NAND flash with UBI on it: formatted once by the guest's own kernel, which knows its ECC."""

from . import formatter

CHUNK = 1 << 20


def build(board, root_image, out, guest):
    """An erased flash with a page's spare bytes behind each page, then UBI with the board's volumes."""
    storage = board.storage
    left = storage["pages"] * (storage["page_bytes"] + storage["spare_bytes"])
    with open(out, "wb") as flash:
        while left:
            left -= flash.write(b"\xff" * min(left, CHUNK))
    tree = guest.formatter({"rootfs.img": root_image}, volumes_script(storage["volume"]))
    formatter.run(board, guest, tree, out, ["-device", f"virtio-blk-pci,drive=disk,addr={storage['addr']}"])


def volumes_script(volumes):
    """Shell commands that make the volumes on /dev/ubi0, in the order of the board file."""
    lines = []
    for number, volume in enumerate(volumes):
        size = f"-s {volume['kib']}KiB" if "kib" in volume else "-m"
        lines.append(f"ubimkvol /dev/ubi0 -n {number} -N {volume['name']} -t {volume.get('type', 'dynamic')} {size}")
        if volume.get("holds") == "root":
            lines.append(f"ubiupdatevol /dev/ubi0_{number} /rootfs.img")
    return "\n".join(lines) + "\n"


def partitions(board, _image):
    """{name: (offset_bytes, size_bytes)} of the MTD partitions, spare bytes included. Where UBI keeps a volume
    only UBI knows."""
    storage = board.storage
    page = storage["page_bytes"] + storage["spare_bytes"]
    kernel = storage["kernel_pages"] * page
    return {"kernel": (0, kernel), "ubi": (kernel, storage["pages"] * page - kernel)}
