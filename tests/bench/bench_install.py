"""What it costs to install an image: against dd, rauc and swupdate, and how much memory it takes.

256 MiB with a signature beside it go to a loop device: ours verifies the whole image first, writes, and reads everything
back; dd does neither, rauc and swupdate verify and do not read back. Needs root and `scripts/setup bench`.
"""

import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import peers
from bench import compare, seconds

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/cli"))

import firmware  # noqa: E402 (found by the line above)

ARCH = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
LIFEBOAT = ROOT / f"build-{ARCH}/lifeboat"
MIB, GIB = 1 << 20, 1 << 30
PAIRS = 7


class Loop:
    def __init__(self, path, size):
        path.touch()
        os.truncate(path, size)
        self.path = path

    def __enter__(self):
        self.node = subprocess.run(["losetup", "--find", "--show", self.path], check=True, capture_output=True,
                                   text=True).stdout.strip()
        return self.node

    def __exit__(self, *_):
        subprocess.run(["losetup", "--detach", self.node], check=True)


def as_squashfs(data, size=None):
    """A superblock in front, so that it is known as a root file system of that length."""
    head = b"hsqs" + bytes(36) + peers.pack_le(size or len(data))
    return head.ljust(96, b"\0") + data[96:]


def noise(size):
    return b"".join(random.Random(at).randbytes(min(MIB, size - at)) for at in range(0, size, MIB))


def files(limit):
    """What a system consists of, until there is enough of it."""
    found, total = [], 0
    for path in sorted(Path("/usr/bin").iterdir()) + sorted(Path("/usr/lib").rglob("*.so*")):
        if total < limit and path.is_file() and not path.is_symlink():
            found.append(path.read_bytes())
            total += len(found[-1])
    return b"".join(found)[:limit]


class Work:
    def __init__(self, folder, device):
        self.folder, self.device, self.keys = folder, device, folder / "keys"
        self.keys.mkdir()
        self.key = firmware.Key(folder, "bench", "0123456789abcdef")
        (self.keys / self.key.id).write_bytes(self.key.public())

    def image(self, name, data):
        path = self.folder / name
        path.write_bytes(data)
        (self.folder / f"{name}.sig").write_bytes(self.key.sign(path))
        return path

    def listed(self, name, data):
        """Signed is the list of hashes of its folder, as OpenWrt's downloads are."""
        folder = self.folder / "listed"
        folder.mkdir()
        path, sums = folder / name, folder / "sha256sums"
        path.write_bytes(data)
        sums.write_text(f"{firmware.sha256(path)} *{name}\n")
        (folder / "sha256sums.sig").write_bytes(self.key.sign(sums))
        return path

    def command(self, image):
        return [LIFEBOAT, "install", "--keys", self.keys, "--to", self.device, image]

    def fresh(self):
        subprocess.run(["blockdev", "--flushbufs", self.device], check=True)
        subprocess.run(["sync"], check=True)

    def timed(self, function):
        def measure():
            self.fresh()
            return seconds(function)
        return measure

    def ours(self, image):
        return self.timed(lambda: peers.quiet(*self.command(image)))

    def ours_but_for_reading_back(self, image):
        """What the peers do: they read nothing back."""
        def measure():
            self.fresh()
            begin = time.perf_counter()
            done = subprocess.run([*self.command(image), "--json"], check=True, capture_output=True, text=True)
            return time.perf_counter() - begin - json.loads(done.stdout)["read_back_ms"] / 1000
        return measure

    def shell(self, command):
        return self.timed(lambda: peers.quiet("sh", "-ec", command))


def peak_kib(argv):
    """By time(1): a child of ours would inherit our own peak, which the kernel keeps across exec."""
    done = subprocess.run(["/usr/bin/time", "-f", "%M", *argv], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{argv}: {done.returncode}: {done.stderr}")
    return int(done.stderr.splitlines()[-1])


def memory(folder):
    """Sparse images beyond 2 and 4 GiB, written to a file: their length is what counts."""
    for name, size in (("1 MiB", MIB), ("64 MiB", 64 * MIB), ("256 MiB", 256 * MIB), ("3 GiB, sparse", 3 * GIB),
                       ("5 GiB, sparse", 5 * GIB)):
        image, place = folder / "memory.img", folder / "memory.out"
        image.write_bytes(as_squashfs(noise(min(size, 256 * MIB)), size))
        os.truncate(image, size)
        place.touch()
        begin = time.perf_counter()
        peak = peak_kib([LIFEBOAT, "install", "--to", place, image])
        took = time.perf_counter() - begin
        same = subprocess.run(["cmp", image, place]).returncode == 0
        print(f"bench install, memory: {name}: {peak / 1024:.1f} MiB at most, {took:.2f} s, "
              f"{'all bytes are right' if same else 'WRONG BYTES'}", flush=True)
        image.unlink()
        place.unlink()


def packed(work, folder):
    content = as_squashfs(files(134 * MIB).ljust(256 * MIB, b"\0"))
    plain = folder / "system.img"
    plain.write_bytes(content)
    subprocess.run(["zstd", "-q", "-3", plain, "-o", folder / "raw.zst"], check=True)
    image = work.image("system.img.zst", (folder / "raw.zst").read_bytes())
    ours = ("lifeboat install, zstd", work.ours(image))
    for size in ("1M", "64k"):
        compare("install, zstd", ours, (f"zstd -d | dd bs={size} conv=fsync",
                                        work.shell(f"zstd -qdc {image} | dd of={work.device} bs={size} conv=fsync")), PAIRS, "s", 1.0)
    print(f"bench install, memory: zstd: {peak_kib(work.command(image)) / 1024:.1f} MiB at most", flush=True)


def main():
    if peers.missing():
        raise SystemExit(f"bench install: {' '.join(peers.missing())} missing: run scripts/setup bench as root")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as top, ExitStack() as stack:
        folder = Path(top)
        device = stack.enter_context(Loop(folder / "device", 300 * MIB))
        other = stack.enter_context(Loop(folder / "other", 4 * MIB))
        work = Work(folder, device)
        peers.make_key(folder)
        rauc, swupdate = stack.enter_context(peers.Rauc(folder, device, other)), peers.Swupdate(folder, device)
        image = work.image("image.img", as_squashfs(noise(256 * MIB)))
        tiny = work.image("tiny.img", as_squashfs(noise(65536)))
        ours = ("lifeboat install", work.ours(image))
        bundle, archive = rauc.bundle(image), swupdate.archive(image)
        listed = work.listed("image.img", image.read_bytes())
        rauc_install = ("rauc install", work.timed(lambda: rauc.install(bundle)))
        compare("install, 256 MiB signed", ours, rauc_install, PAIRS, "s", 1.0)
        compare("install, 256 MiB in a signed list", ("lifeboat install", work.ours(listed)), rauc_install, PAIRS, "s", 1.0)
        for what, path in (("signed", image), ("in a signed list", listed)):
            compare(f"install, 256 MiB {what}", ("lifeboat install less reading back", work.ours_but_for_reading_back(path)),
                    rauc_install, PAIRS, "s", 1.0)
        compare("install, 256 MiB signed", ours, ("swupdate", work.timed(lambda: swupdate.install(archive))), PAIRS, "s", 1.0)
        for how in ("bs=1M conv=fsync", "bs=64k conv=fsync", "bs=1M oflag=direct conv=fsync"):
            compare("install, 256 MiB signed", ours, (f"dd {how}", work.shell(f"dd if={image} of={device} {how}")), PAIRS, "s", 1.0)
        compare("install, 64 KiB signed", ("lifeboat install", work.ours(tiny)),
                ("lifeboat --version", work.timed(lambda: peers.quiet(LIFEBOAT, "--version"))), 4 * PAIRS)
        packed(work, folder)
        memory(folder)


if __name__ == "__main__":
    main()
