"""A btrfs in a file as a router has it, for the tests of lifeboat snapshot."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIFEBOAT = Path(os.environ.get("LIFEBOAT_SANITIZED", ROOT / "build-sanitize")) / "src/lifeboat/lifeboat"
ENV = dict(os.environ, PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin", TZ="UTC")
NEEDS = [
    pytest.mark.skipif(not LIFEBOAT.exists(), reason=f"{LIFEBOAT} is not built"),
    pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root"),
    pytest.mark.skipif(not shutil.which("mkfs.btrfs", path=ENV["PATH"]), reason="btrfs-progs is not installed"),
    pytest.mark.skipif("btrfs" not in Path("/proc/filesystems").read_text(), reason="this kernel has no btrfs"),
]


def sh(*words):
    return subprocess.run([str(w) for w in words], env=ENV, check=True, capture_output=True, text=True, timeout=60).stdout


class Top:
    """The top level of a router's btrfs, mounted for the test to look at."""

    def __init__(self, folder):
        self.folder = folder

    def run(self, *words):
        return subprocess.run([LIFEBOAT, "snapshot", "-d", self.folder, *map(str, words)], env=ENV,
                              capture_output=True, text=True, timeout=60)

    def ok(self, *words):
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def refused(self, *words, code=1):
        done = self.run(*words)
        assert (done.returncode, done.stdout) == (code, ""), done
        assert done.stderr.count("\n") == 1, done.stderr
        return done.stderr

    def __truediv__(self, name):
        return self.folder / name

    def names(self):
        return sorted(p.name for p in self.folder.iterdir())

    def btrfs(self, *words):
        sh("btrfs", *words)


def waiting(top):
    """Processes that wait for a commit on this disk."""
    found = subprocess.run(["pgrep", "-f", f"snapshot -d {top.folder} savepoint"], capture_output=True, text=True)
    return [int(pid) for pid in found.stdout.split()]


def mount_new(disk, folder):
    """A new btrfs in a file, with its top level in a new folder."""
    with open(disk, "wb") as image:
        image.truncate(256 << 20)
    sh("mkfs.btrfs", "-q", disk)
    folder.mkdir()
    sh("mount", "-t", "btrfs", "-o", "loop", disk, folder)


@pytest.fixture
def top(tmp_path):
    disk, folder = tmp_path / "disk", tmp_path / "top"
    mount_new(disk, folder)
    top = Top(folder)
    try:
        for name in ("@", "@factory"):
            top.btrfs("subvolume", "create", folder / name)
            (folder / name / "etc").mkdir()
            (folder / name / "etc/hostname").write_text(name)
        yield top
    finally:
        for pid in waiting(top):  # of a test that failed: it would restart the machine
            os.kill(pid, signal.SIGKILL)
        sh("umount", "-l", folder)  # also when a test that failed holds it open


def info(top, number):
    return (top / f"{number}.info").read_text()
