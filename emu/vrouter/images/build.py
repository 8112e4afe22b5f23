"""Build the images of a board. Each file is named after a hash of all that goes into it, so that what did
not change is not built again, and variants for tests lie beside each other."""

import fcntl
import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from .. import storage
from ..board import ROOT, load_board
from ..errors import EmuError
from . import dtb, guest, kernel, rootfs, uboot

OUT = ROOT / "build-images"
KEEP_DAYS = 2  # unused files of the store are removed after that


@dataclass(frozen=True)
class Images:
    """Paths of what QEMU gets. `root` is inside `disk` too; `dtb` is None for a machine without device tree, `firmware`
    for one on which nothing runs before the kernel."""

    board: str
    mode: str
    kernel: Path
    initramfs: Path
    dtb: Path
    root: Path
    disk: Path
    firmware: Path = None


def default_lifeboat(board):
    return ROOT / f"build-{board.arch}/src/lifeboat/lifeboat"


def build_images(
    board="virt-disk", lifeboat=None, out=None, *, mode="initramfs", root=None, overlay="f2fs",
    parts=(), board_conf=None, squashfs_extra=None, initramfs_extra=None, slot_b_extra=None,
):
    """Images of a board, built as far as they are not there yet.

    lifeboat      the static program for the guest's architecture; default build-ARCH/src/lifeboat/lifeboat
    mode          "initramfs": lifeboat is /init of the initramfs. "init": a kernel that mounts the squashfs
                  itself and starts /sbin/lifeboat of it. "plain": boots without lifeboat.
    root          "squashfs", "erofs", "ext4" or "btrfs" (no overlay then); default: what the board has
    overlay       room behind the root of a disk: "f2fs" or "ext4" (a size for which that is chosen), MiB, 0 = none
    parts         further partitions of a disk: ((label, what), ...), what: MiB of nothing, "root" for the image of the root
                  once more, or "file" for a file system with it as /images/root.img, its SHA-256 beside it
    board_conf    text or Path of another /etc/lifeboat/board.conf; default: the board's own
    *_extra       {path in the guest: bytes, str or Path} added to the root file system or the initramfs; slot_b_extra: to
                  that of the second slot, which has squashfs_extra too. /etc/slot-version says "a" or "b"
    """
    board = load_board(board)
    out = Path(out or OUT)
    if mode not in guest.MODES:
        raise EmuError(f"there is no boot mode {mode!r}: choose one of {', '.join(guest.MODES)}")
    store_kind = storage.of(board)
    root = root or store_kind.roots[0]
    if mode not in store_kind.modes:
        raise EmuError(f"{board.name} has no boot mode {mode!r}: choose {' or '.join(store_kind.modes)}")
    if root not in store_kind.roots:
        raise EmuError(f"{board.name} has no root file system {root!r}: choose {' or '.join(store_kind.roots)}")
    if (mode, root) == ("plain", "erofs"):
        raise EmuError("the plain images boot from squashfs or ext4: choose another --mode for EROFS")
    files = guest.Guest(board, _program(board, lifeboat, mode), _conf(board, board_conf), root)
    store = Store(out / "store")
    with store:
        blob = _device_tree(store, board, store_kind.device_tree())
        tree = files.initramfs(mode, initramfs_extra or {}).cpio()
        initramfs = store.get("initramfs.cpio", tree, lambda to: to.write_bytes(tree))
        has_slots = store_kind.has_slots and "other_partition" in board.storage
        extra = squashfs_extra or {}
        image = _root(store, root, files.root(mode, {**extra, "etc/slot-version": "a\n"} if has_slots else extra))
        other = has_slots and _root(store, root, files.root(mode, {**extra, "etc/slot-version": "b\n", **(slot_b_extra or {})}))
        # Behind a root without overlay there is room if it is asked for in MiB
        room = store_kind.room_bytes(overlay) if root != "ext4" or isinstance(overlay, int) else 0
        layout = storage.Layout(image, room, other or None, tuple((label, _part(store, image, what)) for label, what in parts))
        what = store_kind.module_bytes() + _board_bytes(board) + f"{image.name} {other and other.name} {layout.room_bytes} {layout.parts}".encode()
        whole = store.get("disk.img", what, lambda to: store_kind.build(layout, to, files))
        boots = _kernel(store, board, files.kernel)
        firmware = _firmware(store, board)
        store.prune()
    return Images(board.name, mode, boots, initramfs, blob, image, whole, firmware)


def link_images(images, folder):
    """Names for people: folder/{kernel,initramfs.cpio,board.dtb,root.*,disk.img,firmware.img}. Returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {"kernel": images.kernel, "initramfs.cpio": images.initramfs, "board.dtb": images.dtb,
             f"root{images.root.suffix}": images.root, "disk.img": images.disk, "firmware.img": images.firmware}
    names = {name: path for name, path in names.items() if path}
    for name, path in names.items():
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(os.path.relpath(path, folder) if path.is_relative_to(folder.parent) else path)
    return [folder / name for name in names]


class Store:
    """A folder of files whose names carry a hash of what they were made from. Locked while in use."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self):
        self.lock = open(self.folder / ".lock", "w")
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_):
        self.lock.close()

    def get(self, name, inputs, make):
        """The file for these input bytes; `make(path)` writes it if it is not there."""
        stem, _, suffix = name.partition(".")
        path = self.folder / f"{stem}-{hashlib.sha256(inputs).hexdigest()[:16]}.{suffix}"
        if not path.exists():
            partial = self.folder / f".{path.name}.part"
            make(partial)
            partial.rename(path)
        os.utime(path)
        return path

    def prune(self):
        old = time.time() - KEEP_DAYS * 86400
        for path in self.folder.iterdir():
            if path.name != ".lock" and path.stat().st_mtime < old:
                path.unlink()


def _root(store, kind, tree):
    return store.get(f"root.{kind}", _code("rootfs") + tree.tar(), lambda to: rootfs.MAKERS[kind](tree, to))


def _program(board, lifeboat, mode):
    if mode == "plain":
        return b""
    path = Path(lifeboat or default_lifeboat(board))
    if path.is_file():
        return path.read_bytes()
    raise EmuError(f"{path} is not there: build lifeboat for {board.arch} first, or name it with --lifeboat")


def _conf(board, conf):
    if isinstance(conf, str):
        return conf.encode()
    path = conf or board.board_conf
    if not path.is_file():
        raise EmuError(f"the board file {path} is not there: name one with --board-conf")
    return path.read_bytes()


def _part(store, image, what):
    """What is in a partition: MiB of nothing, or a path."""
    if what == "root":
        return image
    if what == "file":
        return store.get("file.ext4", _code("rootfs") + image.name.encode(), lambda to: rootfs.image_on_ext4(image, to))
    return what


def _device_tree(store, board, more):
    if board.gpio["kind"] != "pl061":
        return None
    return store.get("board.dtb", _code("dtb") + _board_bytes(board) + more.encode(), lambda to: dtb.build(board, to, more))


def _kernel(store, board, packed):
    """The kernel in the form that the board's `kernel.boot` asks for: as packaged, or unpacked."""
    if board.kernel.get("boot") != "vmlinux":
        return packed
    return store.get("vmlinux.elf", _code("kernel") + packed.read_bytes(), lambda to: kernel.unpack(packed, to))


def _firmware(store, board):
    """What QEMU has in its first flash bank."""
    if not board.firmware:
        return None
    what = _code("uboot") + repr(sorted(board.firmware.items())).encode()
    return store.get("firmware.img", what, lambda to: uboot.firmware(board, to))


def _board_bytes(board):
    return repr(board).encode()


def _code(module):
    """A change of the code that makes a file makes the file anew."""
    return (Path(__file__).parent / f"{module}.py").read_bytes()
