"""The board's disk: a GPT with a partition for the recovery record, one for the root, and others behind them."""

import os
import subprocess
from pathlib import Path

from ..errors import EmuError

MIB = 1 << 20
SECTOR = 512


def build(board, wanted, out):
    """A sparse disk image with the Layout `wanted`: the root in its partition and room behind it, the same once more on
    a board with slots, and the further partitions: (label, MiB) is blank, (label, path) has that content."""
    storage = board.storage
    record_kib = storage["record_kib"]
    end = MIB + record_kib * 1024
    layout = ["label: gpt", f"start={MIB // SECTOR}, size={record_kib * 1024 // SECTOR}, name={storage['record_partition']}"]
    contents = []
    roots = [(storage["root_partition"], wanted.root)]
    if wanted.other:
        roots.append((storage["other_partition"], wanted.other))
    for label, root in roots:
        start = -(-end // MIB) * MIB
        sectors = -(-(root.stat().st_size + wanted.room_bytes) // SECTOR)
        contents.append((start, root))
        layout.append(f"start={start // SECTOR}, size={sectors}, name={label}")
        end = start + sectors * SECTOR
    for label, what in wanted.parts:
        start = -(-end // MIB) * MIB
        if not isinstance(what, int):
            contents.append((start, what))
        mib = what if isinstance(what, int) else -(-what.stat().st_size // MIB)
        layout.append(f'start={start // SECTOR}, size={mib * MIB // SECTOR}, name="{label}"')
        end = start + mib * MIB
    # One MiB at the end for the second copy of the table, and the whole a number of MiB
    total = -(-end // MIB) * MIB + MIB
    with open(out, "wb") as image:
        image.truncate(total)
    partition(layout, out)
    for start, path in contents:
        _put(out, start, path)


def _put(out, start, path):
    with open(out, "r+b") as image, open(path, "rb") as content:
        image.seek(start)
        while chunk := content.read(MIB):
            image.write(chunk)


def copy(source, target):
    """Copy an image and keep its holes."""
    argv = ["cp", "--sparse=always", "--reflink=auto", str(source), str(target)]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise EmuError(f"cannot copy a disk image: {done.stdout.strip()}")


def partitions(image):
    """{name: (offset_bytes, size_bytes)} of a disk image with a GPT."""
    with open(image, "rb") as disk:
        disk.seek(SECTOR)
        head = disk.read(SECTOR)
        if head[:8] != b"EFI PART":
            raise EmuError(f"{image} has no GPT: it is not a disk of this board, or its start is destroyed")
        entries_at = int.from_bytes(head[72:80], "little") * SECTOR
        count, size = (int.from_bytes(head[at : at + 4], "little") for at in (80, 84))
        disk.seek(entries_at)
        table = disk.read(count * size)
    found = {}
    for at in range(0, len(table), size):
        first, last = (int.from_bytes(table[at + k : at + k + 8], "little") for k in (32, 40))
        if first:
            name = table[at + 56 : at + 128].decode("utf-16-le").rstrip("\0")
            found[name] = (first * SECTOR, (last - first + 1) * SECTOR)
    return found


def overlay_area(board, image):
    """(offset_bytes, size_bytes) of the overlay: its own partition, or the room behind the read-only root."""
    found = partitions(image)
    if "rootfs_data" in found:
        return found["rootfs_data"]
    start, size = found[board.storage["root_partition"]]
    with open(image, "rb") as disk:
        disk.seek(start)
        used = _root_bytes(disk.read(4096))
    if not used:
        raise EmuError(f"{image} holds no squashfs or EROFS: there is no overlay behind it")
    align = board.storage["overlay_align"]
    behind = -(-used // align) * align
    return start + behind, max(size - behind, 0)


def _root_bytes(head):
    """Length of a squashfs or EROFS by its superblock, 0 when it is neither."""
    if head[:4] == b"hsqs":
        return int.from_bytes(head[40:48], "little")
    if head[1024:1028] == (0xE0F5E1E2).to_bytes(4, "little"):
        return int.from_bytes(head[1060:1064], "little") << head[1036]
    return 0


def partition(layout, image):
    """Write a partition table: lines for sfdisk."""
    # sfdisk is in /usr/sbin, which is not on every user's path
    env = dict(os.environ, PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    try:
        done = subprocess.run(
            ["sfdisk", "-q", str(Path(image))], input="\n".join(layout) + "\n", env=env, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
    except FileNotFoundError:
        raise EmuError("sfdisk is not installed: apt-get install fdisk") from None
    if done.returncode:
        raise EmuError(f"sfdisk cannot partition {image}: {done.stdout.strip()}")
