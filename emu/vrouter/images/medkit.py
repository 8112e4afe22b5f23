"""A medkit: the root of a board in a tar.gz, as Turris publishes systems; and sticks to put one on."""

import gzip
import os
import tempfile
from pathlib import Path

from ..board import load_board
from ..errors import EmuError
from . import build, exfat, guest
from .tools import run

MIB = 1 << 20


def build_medkit(board="virt-sd", lifeboat=None, out=None, *, version="2.0", board_conf=None, extra=None):
    """Path of a medkit with the root of that board and with `version` in its etc/turris-version. The name of the file is the
    store's: a stick wants to have it as BOARD-medkit-latest.tar.gz. `extra`: {path in the guest: bytes, str or Path}."""
    board = load_board(board)
    files = guest.Guest(board, build._program(board, lifeboat, "initramfs"), build._conf(board, board_conf), "btrfs")
    tree = files.root("initramfs", {**(extra or {}), "etc/turris-version": f"{version}\n"}).tar()
    store = build.Store(Path(out or build.OUT) / "store")
    with store:
        return store.get("medkit.tar.gz", tree, lambda to: to.write_bytes(gzip.compress(tree, 1, mtime=0)))


def make_medkit_stick(image, board="virt-sd", lifeboat=None):
    """A stick with the medkit of that board as an owner would put it there; made anew when the medkit has changed."""
    medkit = build_medkit(board, lifeboat)
    image = Path(image)
    mark = image.with_suffix(".of")
    if not image.exists() or not mark.exists() or mark.read_text() != medkit.name:
        make_stick(image, {f"{load_board(board).name}-medkit-latest.tar.gz": medkit})
        mark.write_text(medkit.name)
    return image


def make_stick(image, files, fs="vfat", partitioned=False):
    """The image of a USB stick with these files, {name: bytes or Path}, in its top folder. fs: "vfat", "exfat", "ext4", "btrfs"."""
    start = MIB if partitioned else 0
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data if isinstance(data, bytes) else Path(data).read_bytes())
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        # mkfs.btrfs wants 109 MiB; FAT32 has at least 65525 clusters
        size = max(size * 5 // 4 + 16 * MIB, {"vfat": 40 * MIB, "btrfs": 128 * MIB}.get(fs, 0)) // MIB * MIB
        inside = Path(folder).parent / f"{Path(folder).name}.fs"
        try:
            inside.write_bytes(b"")
            os.truncate(inside, size)
            _fill(inside, Path(folder), fs)
            Path(image).write_bytes(bytes(start) + inside.read_bytes())
        finally:
            inside.unlink(missing_ok=True)
    if partitioned:
        run(["sfdisk", "--quiet", str(image)], b"label: dos\nstart=1MiB, type=c\n")
    return Path(image)


def _fill(image, folder, fs):
    if fs == "vfat":
        run(["mkfs.vfat", "-F", "32", "-s", "1", str(image)])
        for path in sorted(folder.iterdir()):
            run(["mcopy", "-i", str(image), str(path), "::"])
    elif fs == "exfat":
        run(["mkfs.exfat", str(image)])
        exfat.add_files(image, sorted(folder.iterdir()))
    elif fs == "ext4":
        run(["mkfs.ext4", "-q", "-F", "-d", str(folder), str(image)])
    elif fs == "btrfs":
        run(["mkfs.btrfs", "-q", "--rootdir", str(folder), str(image)])
    else:
        raise EmuError(f"no stick can be made with {fs}: choose vfat, exfat, ext4 or btrfs")
