"""Configure with meson and build with ninja, each kind of build in a directory of its own.

Nothing outside the clone is touched. A second run with nothing changed only asks ninja.
"""

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys

from common import JOBS, ROOT, Failure, locked, packages, run_main

MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
STATIC = ["-Dstatic=true", "-Dprefer_static=true", "-Dhost=false", "-Dtests=false", "-Doptimization=s", "-Ddebug=true"]
# clang's sanitizer runtimes are not in shared libraries: undefined symbols are resolved in the program
SANITIZE = ["-Db_sanitize=address,undefined", "-Db_lundef=false", "-Doptimization=1",
            "-Dc_args=-fno-sanitize-recover=all"]
FUZZ = [*SANITIZE, "-Dfuzz=true", "-Dtests=true", "-Dhost=true"]
# The linker warns of name lookups in static programs. Ours make none; these libraries hold functions
# with lookups that nobody calls. From our own objects the warning is shown.
LIBRARY = re.compile(r"/lib(confuse|event_\w+)\.a\(")
NSS_NOTE = re.compile(r"warning: Using '\w+' in statically linked applications")


def sysroot(arch):
    """Debian's static libraries of another architecture, unpacked once; returns meson's file for it."""
    folder = ROOT / f"build-sysroot-{arch}"
    wanted = packages("sysroot")
    stamp = folder / "packages"
    if not stamp.exists() or stamp.read_text().split() != wanted:
        fresh = ROOT / f"build-sysroot-{arch}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        quietly([ROOT / "scripts/debs", arch, fresh, *wanted], f"the libraries for {arch} could not be fetched")
        (fresh / "packages").write_text("\n".join(wanted) + "\n")
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    constants = folder / "sysroot.ini"
    text = f"[constants]\nsysroot = '{folder}'\n"
    if not constants.exists() or constants.read_text() != text:
        constants.write_text(text)
    return constants


def quietly(argv, sentence, env=None):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, cwd=ROOT, env=env)
    if done.returncode:
        sys.stderr.write(done.stdout)
        raise Failure(sentence)


def machine():
    name = platform.machine()
    return MACHINES.get(name, name)


def plan(args):
    """The directory's name and what meson is told."""
    if args.arch or args.static:
        if args.sanitize or args.fuzz:
            raise Failure("a static build has no sanitizers: leave out --arch and --static")
        arch = args.arch or machine()
        if arch == machine():
            return f"build-{arch}", STATIC
        cross = ROOT / f"cross/{arch}.ini"
        if not cross.exists():
            raise Failure(f"there is no cross/{arch}.ini: {machine()} cannot build for {arch}")
        return f"build-{arch}", [*STATIC, "--cross-file", str(sysroot(arch)), "--cross-file", str(cross)]
    if args.fuzz:
        if args.cc not in (None, "clang"):
            raise Failure("libFuzzer comes with clang: leave out --cc")
        return "build-fuzz", FUZZ
    name = "build" if args.cc in (None, "gcc") else f"build-{args.cc}"
    if args.sanitize:
        return f"{name}-sanitize", SANITIZE
    return name, []


def compiler(args):
    return "clang" if args.fuzz else args.cc


def configure(folder, options, cc):
    """Run meson unless the directory was configured with exactly these words before."""
    stamp = folder / "lifeboat-configured.json"
    inputs = [ROOT / word for word in options if word.endswith(".ini")]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in inputs)).hexdigest()
    wanted = json.dumps([options, cc, digest, str(ROOT)])
    if stamp.exists() and stamp.read_text() == wanted and (folder / "build.ninja").exists():
        return
    if folder.exists() and any(folder.iterdir()):
        if not (folder / "meson-private").exists():
            raise Failure(f"{folder.name} is not a build directory: move it away")
        shutil.rmtree(folder)
    env = {**os.environ, **({"CC": cc} if cc else {})}
    quietly(["meson", "setup", str(folder), str(ROOT), *options], f"meson could not configure {folder.name}", env)
    stamp.write_text(wanted)


def warnings(lines):
    """What a person should see of a build that succeeded."""
    in_library = False
    for line in lines:
        if ": in function `" in line:
            in_library = bool(LIBRARY.search(line))
        elif "warning:" in line and not (in_library and NSS_NOTE.search(line)):
            yield line


def ninja(folder, targets):
    argv = ["ninja", "--quiet", "-j", str(JOBS), "-C", str(folder), *targets]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        sys.stderr.write(done.stdout)
        raise Failure(f"{folder.name} does not build: the messages stand above")
    for line in warnings(done.stdout.splitlines()):
        print(line, flush=True)


def stripped_copy(folder, arch):
    """What an image takes: the program without debug information, beside the build tree's top."""
    source, copy = folder / "src/lifeboat/lifeboat", folder / "lifeboat"
    if not source.exists():
        return
    if not copy.exists() or copy.stat().st_mtime < source.stat().st_mtime:
        tool = {"arm64": "aarch64-linux-gnu-strip"}[arch] if arch != machine() else "strip"
        quietly([tool, "-o", str(copy), str(source)], "strip failed")
    print(f"{copy.relative_to(ROOT)}: {copy.stat().st_size:,} bytes, static, {arch}")


def parse(argv):
    parser = argparse.ArgumentParser(
        prog="scripts/build", description="Build lifeboat and lifeline.",
        epilog="Directories: build/ (development), build-ARCH/ (static, as shipped), build-clang/, "
               "build-sanitize/, build-fuzz/. The program is DIR/src/lifeboat/lifeboat; static builds put a "
               "stripped copy at DIR/lifeboat.")
    parser.add_argument("--arch", choices=sorted(MACHINES.values()), help="static lifeboat for this architecture")
    parser.add_argument("--static", action="store_true", help="static lifeboat for this machine's architecture")
    parser.add_argument("--sanitize", action="store_true", help="with AddressSanitizer and UBSan")
    parser.add_argument("--fuzz", action="store_true", help="the libFuzzer targets, with clang and sanitizers")
    parser.add_argument("--cc", choices=["gcc", "clang"], help="compiler of a development build (gcc)")
    parser.add_argument("target", nargs="*", help="ninja targets (all)")
    return parser.parse_args(argv)


def build(argv):
    """What `scripts/build ARGV` does; returns the build directory."""
    args = parse(argv)
    name, options = None, None
    with locked("sysroot"):
        name, options = plan(args)
    with locked(name):
        folder = ROOT / name
        configure(folder, options, compiler(args))
        ninja(folder, args.target)
        if args.arch or args.static:
            stripped_copy(folder, args.arch or machine())
    return folder


def main():
    build(sys.argv[1:])
    return 0


if __name__ == "__main__":
    run_main("build", main)
