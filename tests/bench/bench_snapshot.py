"""Snapshots, against a program that makes only the calls to the kernel, and against a shell script that starts a program for
each step, as schnapps does: find the device, look for quotas and settings, mount the top level, do it, unmount. Once with the
steps of schnapps alone, and once with those that make it last through a power cut as ours does. 20 snapshots are there.
On a btrfs in a file: needs root, a C compiler and btrfs-progs."""

import ctypes
import os
import subprocess
import tempfile
from pathlib import Path

from bench import compare, cpu_seconds, seconds
from bench_start import LIFEBOAT

HERE = Path(__file__).resolve().parent
THERE = 20
SHELL = r"""
set -e
command=$1
device=$(btrfs filesystem show "$2" | sed -n 's|.* path \(/dev/[^ ]*\)$|\1|p' | tail -1)
label=$(btrfs filesystem label "$device")
work=$3
for key in max_single max_time max_updater max_rollback; do
	value=$(sed -n "s/.*option *$key *'\(.*\)'/\1/p" /etc/config/schnapps 2>/dev/null || true)
done
mkdir "$work.lock"
[ -z "$(ls -A "$work")" ]
mount -t btrfs -o subvol=/ "$device" "$work"
btrfs qgroup show "$work" >/dev/null 2>&1 || true
cd "$work"
numbers() {
	ls -d @* | sed -n 's/^@\([0-9][0-9]*\)$/\1/p' | sort -n
}
info() {
	echo "TYPE=\"$2\"" | cat >"$1.info"
	echo "DESCRIPTION=\"$(echo "$3" | tr -c 'a-zA-Z0-9 .,\n' _)\"" | cat >>"$1.info"
	echo "CREATED=\"$(date '+%Y-%m-%d %H:%M:%S %z')\"" | cat >>"$1.info"
}
next=$(($(numbers | tail -1) + 1))
case $command in
create)
	btrfs subvolume snapshot @ "@$next" >/dev/null
	info "$next" single x ;;
create-safe)
	info "$next" single x
	sync "$next.info"
	btrfs subvolume snapshot @ "@$next" >/dev/null ;;
rollback)
	mv @ "@$next"
	info "$next" rollback "Rollback to snapshot 1"
	btrfs subvolume snapshot @1 @ >/dev/null ;;
rollback-safe)
	echo 1 >.under-way
	sync .under-way
	btrfs subvolume snapshot @1 @new >/dev/null
	mv @ "@$next"
	mv @new @
	info "$next" rollback "Rollback to snapshot 1"
	sync -f .
	rm .under-way ;;
delete)
	btrfs subvolume delete -c "@$4" >/dev/null
	rm "$4.info" ;;
list)
	sizes=$(btrfs qgroup show . 2>/dev/null || true)
	for n in $(numbers); do
		type=$(sed -n 's/^TYPE="\(.*\)"/\1/p' "$n.info")
		text=$(sed -n 's/^DESCRIPTION="\(.*\)"/\1/p' "$n.info")
		date=$(sed -n 's/^CREATED="\(.*\)"/\1/p' "$n.info")
		printf '%4s | %s | %s | %s\n' "$n" "$type" "$date" "$text"
	done ;;
esac
cd /
umount -l "$work"
rmdir "$work.lock"
"""


def run(*words):
    subprocess.run([str(w) for w in words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Top:
    def __init__(self, folder):
        self.folder = folder
        self.script = folder.parent / "peer.sh"
        self.script.write_text(SHELL)
        self.work = folder.parent / "work"
        self.work.mkdir()
        self.bare_program = folder.parent / "ioctls"
        run("cc", "-O2", "-D_GNU_SOURCE", "-o", self.bare_program, HERE / "snapshot_ioctls.c")
        self.libc = ctypes.CDLL(None)
        self.util = ctypes.CDLL("libbtrfsutil.so.1")
        run("btrfs", "subvolume", "create", folder / "@")
        (folder / "@/file").write_text("x" * 100000)
        for _ in range(THERE):
            self.ours("create", "x")

    def ours(self, *words):
        run(LIFEBOAT, "snapshot", "-d", self.folder, *words)

    def shell(self, *words):
        run("sh", self.script, words[0], self.folder, self.work, *words[1:])

    def bare(self, word):
        run(self.bare_program, word, self.folder)

    def path(self, name):
        return os.fsencode(self.folder / name)

    def sync(self):
        fd = os.open(self.folder, os.O_RDONLY)
        self.libc.syncfs(fd)
        os.close(fd)

    def drop(self, name):
        assert self.util.btrfs_util_delete_subvolume(self.path(name), 0) == 0

    def clear(self):
        for path in self.folder.iterdir():
            if path.name[1:].isdigit() and int(path.name[1:]) > THERE:
                self.drop(path.name)
            elif path.suffix == ".info" and path.stem.isdigit() and int(path.stem) > THERE:
                path.unlink()
        self.sync()


def main(top):
    def measure(work, before=lambda: None, how=seconds):
        def one():
            top.clear()
            before()
            return how(work)
        return one

    def made():
        top.ours("create", "x")

    new = str(THERE + 1)
    for word, ours, commits, before in (("create", ("create", "x"), "commit", lambda: None),
                                        ("rollback", ("rollback", "1"), "commits", lambda: None),
                                        ("delete", ("delete", new), "commit", made)):
        def lifeboat(how=seconds):
            return f"lifeboat snapshot {word}", measure(lambda: top.ours(*ours), before, how)

        def shell(safe="", how=seconds):
            return "shell script" + (safe and ", made to last"), measure(lambda: top.shell(word + safe, new), before, how)

        compare(f"snapshot {word}", lifeboat(), ("bare calls", measure(lambda: top.bare(word), before)))
        compare(f"snapshot {word}, what the disk takes of it", (f"bare {commits}", measure(lambda: top.bare(commits), before)),
                lifeboat())
        compare(f"snapshot {word}", lifeboat(), shell())
        if word != "delete":
            compare(f"snapshot {word}", lifeboat(), shell("-safe"))
        compare(f"snapshot {word}, CPU time", lifeboat(cpu_seconds), shell(how=cpu_seconds))
    top.clear()
    for _ in range(200 - THERE):
        made()
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
