"""Build the images of a board. Each file is named after a hash of all that goes into it, so that what did
not change is not built again, and variants for tests lie beside each other."""

import fcntl
import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from ..board import BOARDS, ROOT, load_board
from ..errors import EmuError
from . import disk, dtb, guest, rootfs

OUT = ROOT / "build-images"
KEEP_DAYS = 2  # unused files of the store are removed after that
MIB = 1 << 20


@dataclass(frozen=True)
class Images:
    """Paths of what QEMU gets. `root` is inside `disk` too; `kernel` is part of a Debian package."""

    board: str
    mode: str
    kernel: Path
    initramfs: Path
    dtb: Path
    root: Path
    disk: Path


def default_lifeboat(board):
    return ROOT / f"build-{board.arch}/src/lifeboat/lifeboat"


def build_images(
    board="virt-disk", lifeboat=None, out=None, *, mode="initramfs", root="squashfs", overlay="f2fs",
    board_conf=None, squashfs_extra=None, initramfs_extra=None,
):
    """Images of a board, built as far as they are not there yet.

    lifeboat      the static program for the guest's architecture; default build-ARCH/src/lifeboat/lifeboat
    mode          "initramfs": lifeboat is /init of the initramfs. "init": a kernel that mounts the squashfs
                  itself and starts /sbin/lifeboat of it. "plain": boots without lifeboat.
    root          "squashfs" or "ext4" (no overlay then)
    overlay       room behind the squashfs: "f2fs" or "ext4" (a size for which that is chosen), MiB, 0 = none
    board_conf    text or Path of another /etc/lifeboat/board.conf; default: the board's own
    *_extra       {path in the guest: bytes, str or Path} added to the root file system or the initramfs
    """
    board = load_board(board)
    out = Path(out or OUT)
    if mode not in guest.MODES:
        raise EmuError(f"there is no boot mode {mode!r}: choose one of {', '.join(guest.MODES)}")
    if root not in ("squashfs", "ext4"):
        raise EmuError(f"there is no root file system {root!r}: choose squashfs or ext4")
    parts = guest.Guest(board, _program(board, lifeboat, mode), _conf(board, board_conf))
    store = Store(out / "store")
    with store:
        blob = store.get("board.dtb", _code("dtb") + _board_bytes(board), lambda to: dtb.build(board, to))
        tree = parts.initramfs(mode, initramfs_extra or {}).cpio()
        initramfs = store.get("initramfs.cpio", tree, lambda to: to.write_bytes(tree))
        root_tree = parts.root(mode, squashfs_extra or {})
        write_root = rootfs.squashfs if root == "squashfs" else rootfs.ext4
        image = store.get(f"root.{root}", _code("rootfs") + root_tree.tar(), lambda to: write_root(root_tree, to))
        behind = _overlay_bytes(board, overlay) if root == "squashfs" else 0
        what = _code("disk") + _board_bytes(board) + f"{image.name} {behind}".encode()
        whole = store.get("disk.img", what, lambda to: disk.build(board, image, behind, to))
        store.prune()
    return Images(board.name, mode, parts.kernel, initramfs, blob, image, whole)


def link_images(images, folder):
    """Names for people: folder/{kernel,initramfs.cpio,board.dtb,root.*,disk.img}. Returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    names = {"kernel": images.kernel, "initramfs.cpio": images.initramfs, "board.dtb": images.dtb,
             f"root{images.root.suffix}": images.root, "disk.img": images.disk}
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


def _overlay_bytes(board, overlay):
    sizes = board.storage["overlay_mib_of"]
    if overlay in sizes:
        return sizes[overlay] * MIB
    if isinstance(overlay, int):
        return overlay * MIB
    raise EmuError(f"overlay cannot be {overlay!r}: choose {', '.join(sizes)} or a number of MiB")


def _board_bytes(board):
    return (BOARDS / f"{board.name}.toml").read_bytes()


def _code(module):
    """A change of the code that makes a file makes the file anew."""
    return (Path(__file__).parent / f"{module}.py").read_bytes()
