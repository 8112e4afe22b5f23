"""What is on a disk after a power cut: made from QEMU's record of every write and flush.

QEMU's blklogwrites driver writes the format of Linux' dm-log-writes: a super block (magic, version, number of
entries, sector size), then one header sector per entry, followed by the data of writes. The policies:

kill    all that the disk acknowledged is there (a disk without a cache)
lose    all writes since the last flush are lost
random  each write since the last flush is there, lost, or there in part (a disk that reorders)
torn    like kill, but the write under way stops in its middle: the one at the cut, or the last that was not flushed
"""

import os
import random
import struct
from dataclasses import dataclass

from .errors import EmuError
from .images import disk

POLICIES = ("kill", "lose", "random", "torn")
MAGIC = 0x6A736677736872
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
SECTOR = 512


@dataclass(frozen=True)
class Step:
    """One entry of the log: a write (length > 0) or a flush."""

    offset: int
    length: int
    flags: int
    data_at: int

    @property
    def is_flush(self):
        return bool(self.flags & FLUSH)


def blockdev_args(node, image, log):
    """QEMU's arguments for a disk `node` that writes its log while it works on `image`."""
    open(log, "wb").close()
    return [
        "-blockdev", f"driver=file,filename={image},node-name={node}-file",
        "-blockdev", f"driver=raw,file={node}-file,node-name={node}-raw",
        "-blockdev", f"driver=file,filename={log},node-name={node}-log",
        "-blockdev", f"driver=blklogwrites,node-name={node},file={node}-raw,log={node}-log,log-super-update-interval=1",
    ]


class Recording:
    """What happened to the disk since `base` was copied. A `write_through` device has no cache: each of its writes
    is as good as flushed."""

    def __init__(self, base, log, write_through=False):
        self.base, self.log, self.write_through = base, log, write_through
        self.steps = list(_steps(log))

    def writes(self):
        """Indices of the steps that wrote something: where a cut makes a difference."""
        return [index for index, step in enumerate(self.steps) if step.length]

    def build(self, out, policy="lose", cut=None, seed=0):
        """Write to `out` what is on the disk if power fails at step `cut` (default: after the last).

        A step that is named is under way, and `torn` cuts it wherever it is. After the last one the disk has
        acknowledged all: what it flushed, or wrote through, is whole. Returns (writes kept, writes lost)."""
        if policy not in POLICIES:
            raise EmuError(f"there is no power-cut policy {policy!r}: choose one of {', '.join(POLICIES)}")
        under_way = cut is not None
        cut = cut if under_way else len(self.steps) - 1
        done = self.steps[: cut + 1]
        flushed = max((index for index, step in enumerate(done) if step.is_flush), default=-1)
        last_write = max((index for index, step in enumerate(done) if step.length), default=-1)
        dice = random.Random(seed)
        kept = lost = 0
        disk.copy(self.base, out)
        with open(self.log, "rb") as log, open(out, "r+b") as image:
            for index, step in enumerate(done):
                if not step.length:
                    continue
                data = self._data(log, step)
                cached = index > flushed and not step.flags & FUA and not self.write_through
                if policy == "torn" and index == last_write and (under_way or cached):
                    data = _torn(data, dice)
                elif cached:
                    data = _after_flush(data, policy, dice)
                if data:
                    image.seek(step.offset)
                    image.write(data)
                    kept += 1
                else:
                    lost += 1
        return kept, lost

    def _data(self, log, step):
        if step.flags & DISCARD:
            return bytes(step.length)
        log.seek(step.data_at)
        return log.read(step.length)


def _torn(data, dice):
    return data[: dice.randrange(len(data) // SECTOR) * SECTOR]


def _after_flush(data, policy, dice):
    if policy == "lose":
        return b""
    if policy == "random":
        fate = dice.random()
        return b"" if fate < 0.5 else _torn(data, dice) if fate < 0.65 else data
    return data


def _steps(path):
    size = os.path.getsize(path)
    with open(path, "rb") as log:
        head = log.read(28)
        if len(head) < 28:
            return  # power failed before the first write
        magic, _, _, sector = struct.unpack("<QQQI", head)
        if magic != MAGIC:
            raise EmuError(f"{path} is no log of disk writes")
        at = sector
        # Not by the number of entries in the super block: that is old after a kill
        while at + sector <= size:
            log.seek(at)
            first, count, flags, _ = struct.unpack("<QQQQ", log.read(32))
            has_data = not flags & (DISCARD | MARK)
            end = at + sector + (count * sector if has_data else 0)
            if (not count and not flags) or end > size:
                return
            yield Step(first * sector, count * sector, flags, at + sector)
            at = end
