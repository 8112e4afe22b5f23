"""Snapshots, against the bare ioctls with a sync, and against a shell script that starts a program for each step. On a
btrfs in a file: needs root, and btrfs-progs."""

import ctypes
import os
import subprocess
import tempfile
from pathlib import Path

from bench import compare, seconds
from bench_start import LIFEBOAT

RENAME_EXCHANGE = 2
SHELL = r"""
set -e
cd "$1"
n=$(ls -d @* | sed -n 's/^@\([0-9][0-9]*\)$/\1/p' | sort -n | tail -1)
n=$((n + 1))
case $2 in
create)
	btrfs subvolume snapshot @ "@$n" >/dev/null
	for line in 'TYPE="single"' 'DESCRIPTION="x"' "CREATED=\"$(date '+%Y-%m-%d %H:%M:%S %z')\""; do
		echo "$line" | cat >>"$n.info"
	done ;;
list)
	for n in $(ls -d @* | sed -n 's/^@\([0-9][0-9]*\)$/\1/p' | sort -n); do
		type=$(sed -n 's/^TYPE="\(.*\)"/\1/p' "$n.info")
		text=$(sed -n 's/^DESCRIPTION="\(.*\)"/\1/p' "$n.info")
		date=$(sed -n 's/^CREATED="\(.*\)"/\1/p' "$n.info")
		printf '%4s | %s | %s | %s\n' "$n" "$type" "$date" "$text"
	done ;;
esac
"""


def run(*words):
    subprocess.run([str(w) for w in words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Top:
    def __init__(self, folder):
        self.folder = folder
        self.script = folder.parent / "peer.sh"
        self.script.write_text(SHELL)
        self.libc = ctypes.CDLL(None)
        self.util = ctypes.CDLL("libbtrfsutil.so.1")
        run("btrfs", "subvolume", "create", folder / "@")
        (folder / "@/file").write_text("x" * 100000)
        self.ours("create")

    def ours(self, *words):
        run(LIFEBOAT, "snapshot", "-d", self.folder, *words)

    def shell(self, word):
        run("sh", self.script, self.folder, word)

    def path(self, name):
        return os.fsencode(self.folder / name)

    def sync(self):
        fd = os.open(self.folder, os.O_RDONLY)
        self.libc.syncfs(fd)
        os.close(fd)

    def copy(self, name, source="@"):
        assert self.util.btrfs_util_create_snapshot(self.path(source), self.path(name), 0, None, None) == 0

    def drop(self, name):
        assert self.util.btrfs_util_delete_subvolume(self.path(name), 0) == 0

    def clear(self):
        for path in self.folder.iterdir():
            if path.name[1:].isdigit() and path.name != "@1":
                self.drop(path.name)
            elif path.suffix == ".info" and path.name != "1.info":
                path.unlink()
        self.sync()


def measure(top, work, before=lambda: None):
    def one():
        top.clear()
        before()
        return seconds(work)
    return one


def bare_rollback(top):
    top.copy("@9", "@1")
    top.libc.renameat2(-100, top.path("@"), -100, top.path("@9"), RENAME_EXCHANGE)
    top.sync()


def main(top):
    create = ("lifeboat snapshot create", measure(top, lambda: top.ours("create", "x")))
    compare("snapshot create", create, ("bare ioctl", measure(top, lambda: top.copy("@2"))))
    compare("snapshot create", create, ("shell script", measure(top, lambda: top.shell("create"))))
    compare("snapshot rollback", ("lifeboat snapshot rollback", measure(top, lambda: top.ours("rollback", "1"))),
            ("bare ioctl, exchange, sync", measure(top, lambda: bare_rollback(top))))
    compare("snapshot delete", ("lifeboat snapshot delete", measure(top, lambda: top.ours("delete", "2"), lambda: top.ours("create"))),
            ("bare ioctl, sync", measure(top, lambda: (top.drop("@2"), top.sync()), lambda: top.ours("create"))))
    top.clear()
    for _ in range(199):
        top.ours("create", "one of many")
    compare("snapshot list of 200", ("lifeboat snapshot list", lambda: seconds(lambda: top.ours("list"))),
            ("shell script", lambda: seconds(lambda: top.shell("list"))), pairs=5)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        disk, where = Path(folder) / "disk", Path(folder) / "top"
        with open(disk, "wb") as image:
            image.truncate(512 << 20)
        where.mkdir()
        run("mkfs.btrfs", "-q", disk)
        run("mount", "-t", "btrfs", "-o", "loop", disk, where)
        try:
            main(Top(where))
        finally:
            run("umount", "-l", where)
