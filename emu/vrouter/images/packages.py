"""Debian packages of the guest's architecture, unpacked once per list of packages."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from ..board import ROOT
from ..errors import EmuError
from . import elf


def cache_folder():
    """Where downloads and what is made of them stay; the same folder as that of scripts/debs."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lifeboat"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def unpack(arch, folder, names):
    """Unpack Debian packages of an architecture into a folder."""
    argv = [sys.executable, str(ROOT / "scripts/debs"), arch, str(folder), *names]
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise EmuError(f"cannot get the guest's Debian packages: {done.stdout.strip().splitlines()[-1]}")


def unpacked(arch, names):
    """Folder with these packages unpacked. Kept in the user's cache; delete it there to get newer ones."""
    cache = cache_folder()
    key = hashlib.sha256("\n".join([arch, *names]).encode()).hexdigest()[:12]
    folder = cache / f"guest-{arch}-{key}"
    with open(cache / f"{folder.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            partial = cache / f"{folder.name}.part"
            shutil.rmtree(partial, ignore_errors=True)
            unpack(arch, partial, names)
            partial.rename(folder)
    return folder


class Programs:
    """Puts programs out of unpacked packages into a tree, with the libraries that they need in /lib."""

    def __init__(self, folder):
        self.folder = folder
        self.libraries = {}
        for path in sorted(folder.rglob("*.so*")):
            if path.parts[-2].endswith("-linux-gnu") or path.parent.name == "lib":
                self.libraries.setdefault(path.name, path)

    def put(self, tree, source, target):
        path = self.folder / source
        if not path.exists():
            raise EmuError(f"no package brings {source}: correct the packages in emu/guest/guest.toml")
        data = path.resolve().read_bytes()
        tree.file(target, data, 0o755)
        self._put_libraries(tree, source, data)

    def _put_libraries(self, tree, who, data):
        interpreter, names = elf.needed(data) or ("", [])
        if interpreter:
            names = [*names, Path(interpreter).name]
            folder = Path(interpreter).parent.as_posix().strip("/")
            if folder != "lib" and folder not in tree:  # /lib64 of a PC
                tree.link(folder, "lib")
        for name in names:
            if f"lib/{name}" in tree:
                continue
            if name not in self.libraries:
                raise EmuError(f"{who} needs {name}: add its package to emu/guest/guest.toml")
            library = self.libraries[name].resolve().read_bytes()
            tree.file(f"lib/{name}", library, 0o755)
            self._put_libraries(tree, name, library)


def busybox_applets(data):
    """Names of the applets in a busybox binary. They stand in it as one sorted list of C strings, which
    starts with "[" and "[[": this works for any architecture without running the program."""
    start = data.find(b"\0[\0[[\0")
    if start < 0:
        raise EmuError("the busybox of the guest names no applets: it is not the program that was expected")
    end = data.index(b"\0\0", start + 1)
    return data[start + 1 : end].decode().split("\0")
