"""Kernel modules that Debian leaves out for an architecture, built from Debian's own kernel source.

Nothing is installed: headers and source are unpacked into the user's cache, and what stays there are the
modules, in a folder whose name carries the kernel's version and a hash of the recipe."""

import fcntl
import hashlib
import shutil
import subprocess
import tarfile

from ..board import EMU
from ..errors import EmuError
from . import packages

RECIPES = EMU / "kmods"


def modules(board, version):
    """Folder with the .ko files of the board's recipe for the kernel `version`, None without a recipe."""
    build = board.kernel.get("build")
    if not build:
        return None
    recipe = RECIPES / build["recipe"]
    files = sorted(recipe.iterdir())
    key = hashlib.sha256(repr([sorted(build.items()), *(path.read_bytes() for path in files)]).encode()).hexdigest()[:12]
    cache = packages.cache_folder()
    folder = cache / f"kmods-{board.arch}-{version}-{key}"
    with open(cache / f"{folder.name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            work = cache / f"{folder.name}.part"
            shutil.rmtree(work, ignore_errors=True)
            _build(board, version, files, work)
            (work / "done").rename(folder)
            shutil.rmtree(work)
    return folder


def _build(board, version, files, work):
    build = board.kernel["build"]
    # 6.1.0-56-arm64: the headers of one flavour stand on those that all flavours share
    common = version.rsplit("-", 1)[0]
    series = ".".join(version.split(".")[:2])
    packages.unpack(board.arch, work, [f"linux-headers-{version}", f"linux-headers-{common}-common"])
    packages.unpack(_host_arch(), work, [f"linux-kbuild-{series}", f"linux-source-{series}"])
    headers = work / f"usr/src/linux-headers-{version}"
    (headers / "Makefile").write_text(f"include {work}/usr/src/linux-headers-{common}-common/Makefile\n")
    source = work / "modules"
    _take_sources(work / f"usr/src/linux-source-{series}.tar.xz", f"linux-source-{series}", build["sources"], source)
    for path in files:
        shutil.copy(path, source)
    cross = build["cross"]
    _run(["make", "-s", "-j2", "-C", str(headers), f"ARCH={build['arch']}", f"CROSS_COMPILE={cross}", f"M={source}",
          "modules"], "make")
    (work / "done").mkdir()
    for module in source.glob("*.ko"):
        _run([f"{cross}strip", "--strip-debug", "-o", str(work / "done" / module.name), str(module)], "binutils")


def _take_sources(archive, top, folders, to):
    """The C files of some folders of the kernel source, all into one folder."""
    to.mkdir()
    wanted = {f"{top}/{folder}" for folder in folders}
    with tarfile.open(archive) as tar:
        for member in tar:
            folder, _, name = member.name.rpartition("/")
            if folder in wanted and member.isfile() and name.endswith((".c", ".h")):
                (to / name).write_bytes(tar.extractfile(member).read())


def _host_arch():
    """What Debian calls the machine that compiles: the kernel's build tools have to run on it."""
    return _run(["dpkg", "--print-architecture"], "dpkg").strip()


def _run(argv, package):
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except FileNotFoundError:
        raise EmuError(f"{argv[0]} is not installed: apt-get install {package}") from None
    if done.returncode:
        last = (done.stdout.strip().splitlines() or ["no message"])[-1]
        raise EmuError(f"{argv[0]} cannot build the board's kernel modules: {last}")
    return done.stdout
