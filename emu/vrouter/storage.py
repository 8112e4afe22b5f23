"""Where a board keeps its data: one driver per kind, chosen by `storage.kind` of the board file.

The file `disk.img` of a router is what its device holds, byte by byte, whatever the device is. All drivers
can be asked the same things (see Storage); a new kind is a class here and a script in emu/guest/boot/storage.
"""

from dataclasses import dataclass
from pathlib import Path

from .errors import EmuError
from .images import disk, nand, nor, sdcard, uboot

MIB = 1 << 20


@dataclass(frozen=True)
class Layout:
    """What is to be on the device."""

    root: Path  # image of the root file system
    room_bytes: int = 0  # behind it
    other: Path = None  # of a board with two slots: the root of the second one
    parts: tuple = ()  # further partitions of a disk: (label, MiB or path of the content)


class Storage:
    """Common to all kinds. `node` is QEMU's name of the block backend that holds disk.img."""

    # The device has no cache of its own: what it has taken is there after a power cut
    write_through = True
    roots = ("squashfs",)  # the first is what there is if nobody asks
    modes = ("initramfs", "init", "plain")
    has_slots = False  # two roots, if the board file names other_partition
    module = None  # of vrouter.images: makes the image

    def __init__(self, board):
        self.board = board

    def room_bytes(self, overlay):
        """How much room the image gets behind the root. The size of a flash chip is fixed."""
        return 0

    def build(self, layout, out, guest):
        if layout.parts:
            raise EmuError(f"{self.board.name} has no partition table: its partitions stand in its board file")
        self.module.build(self.board, layout.root, out, guest)

    def module_bytes(self):
        """The code that makes the image: a change of it makes the image anew."""
        return Path(self.module.__file__).read_bytes()

    def device_tree(self):
        """Source for the board's device tree."""
        return ""

    def partition(self, image, name):
        """(offset_bytes, size_bytes) in disk.img."""
        found = self.module.partitions(self.board, image)
        if name not in found:
            raise EmuError(f"there is no partition {name!r} in {image}: choose one of {', '.join(found)}")
        return found[name]

    def overlay_area(self, image):
        return self.partition(image, "rootfs_data")


class VirtioDisk(Storage):
    """A disk with a GPT; the overlay lies behind the root in the same partition, or in one of its own."""

    write_through = False
    roots = ("squashfs", "erofs", "ext4")
    has_slots = True
    module = disk

    def room_bytes(self, overlay):
        sizes = self.board.storage["overlay_mib_of"]
        if overlay in sizes:
            return sizes[overlay] * MIB
        if isinstance(overlay, int):
            return overlay * MIB
        raise EmuError(f"overlay cannot be {overlay!r}: choose {', '.join(sizes)} or a number of MiB")

    def build(self, layout, out, guest):
        disk.build(self.board, layout, out)

    def qemu_args(self, node):
        return ["-device", f"virtio-blk-pci,drive={node},addr={self.board.storage['addr']}"]

    def partition(self, image, name):
        return disk.partitions(image)[name]

    def overlay_area(self, image):
        return disk.overlay_area(self.board, image)


class CfiNor(Storage):
    """NOR flash with Intel's command set: the second flash bank of the machine."""

    module = nor

    def module_bytes(self):
        return super().module_bytes() + Path(uboot.__file__).read_bytes() + repr(nor.uboot_env(self.board)).encode()

    def device_tree(self):
        return nor.device_tree(self.board)

    def qemu_args(self, node):
        return ["-machine", f"pflash1={node}"]


class Nandsim(Storage):
    """Raw NAND: the kernel's simulator on a disk that holds pages with their spare bytes; on it UBI."""

    module = nand

    def qemu_args(self, node):
        return ["-device", f"virtio-blk-pci,drive={node},addr={self.board.storage['addr']}"]


class SdCard(Storage):
    """An SD card with a btrfs. Linux takes what the card has acknowledged for written."""

    roots = ("btrfs",)
    modes = ("initramfs",)
    module = sdcard

    def qemu_args(self, node):
        return sdcard.device_args(self.board, node)


KINDS = {"sd-card": SdCard, "virtio-disk": VirtioDisk, "cfi-nor": CfiNor, "nandsim": Nandsim}


def of(board):
    kind = board.storage["kind"]
    if kind not in KINDS:
        raise EmuError(f"board {board.name}: there is no storage.kind {kind!r}: choose one of {', '.join(KINDS)}")
    return KINDS[kind](board)
