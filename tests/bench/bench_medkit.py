"""A medkit onto a card (rescue mode 4): against `tar -xzf` and a sync of the same medkit on the same device.

Ours reads and checks the whole medkit first, makes the file system, unpacks, makes @factory, and syncs. The peer finds an empty
file system that is mounted already, and checks nothing. On a loop device: needs root, and btrfs-progs.
"""

import os
import platform
import subprocess
import tempfile
from pathlib import Path

from bench import compare, seconds
from bench_install import Loop, files

ROOT = Path(__file__).resolve().parents[2]
LIFEBOAT = ROOT / f"build-{({'x86_64': 'amd64', 'aarch64': 'arm64'})[platform.machine()]}/lifeboat"
MIB = 1 << 20
PAIRS = 7
SMALL_FILES = 3000  # a Turris system has some 8000 files, most of them small


def run(*words, **options):
    subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL, **options)


def medkit(folder):
    """The size of a Turris medkit: some 40 MiB packed."""
    tree = folder / "tree"
    for name in ("sbin", "etc/config", "usr/lib", "usr/share/many"):
        (tree / name).mkdir(parents=True)
    (tree / "sbin/init").write_text("#!/bin/sh\n")
    (tree / "etc/turris-version").write_text("7.0\n")
    data = files(100 * MIB)
    for number, at in enumerate(range(0, len(data), MIB)):
        (tree / f"usr/lib/{number}").write_bytes(data[at : at + MIB])
    for number in range(SMALL_FILES):
        (tree / f"usr/share/many/{number}").write_text(f"option '{number}'\n" * (number % 100))
    out = folder / "bench-medkit-latest.tar.gz"
    run("tar", "-C", tree, "-czf", out, ".")
    return out


class Work:
    def __init__(self, folder, device):
        self.device, self.medkit, self.where = device, medkit(folder), folder / "top"
        self.where.mkdir()
        self.board = folder / "board.conf"
        self.board.write_text(f'id = "bench"\nstorage {{\n\troot = "{device}"\n\trecord = ""\n}}\n')
        self.room = f"{self.medkit.stat().st_size / MIB:.0f} MiB"

    def ours(self):
        os.sync()
        return seconds(lambda: run(LIFEBOAT, "reflash", "--board", self.board, "--yes", self.medkit))

    def check(self):
        return seconds(lambda: run(LIFEBOAT, "reflash", "--board", self.board, "--check", self.medkit))

    def tar(self):
        run("mkfs.btrfs", "-q", "-f", self.device)
        run("mount", "-t", "btrfs", self.device, self.where)
        os.sync()
        try:
            return seconds(lambda: (run("tar", "-C", self.where, "-xzf", self.medkit), run("sync", "-f", self.where)))
        finally:
            run("umount", self.where)

    def gzip(self):
        return seconds(lambda: run("gzip", "-t", self.medkit))


def main(work):
    compare(f"medkit of {work.room}", ("lifeboat reflash", work.ours), ("tar -xzf, sync", work.tar), pairs=PAIRS)
    compare("medkit, check alone", ("lifeboat reflash --check", work.check), ("gzip -t", work.gzip), pairs=PAIRS)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        with Loop(Path(name) / "card", 1024 * MIB) as node:
            main(Work(Path(name), node))
