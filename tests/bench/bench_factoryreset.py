"""What a factory reset costs, in the virtual router.

Mounted: an overlay with 10,000 files, `factoryreset -y` against `rm -rf` of the same tree and `sync`; both end with
everything on the disk. Each measurement starts from the same disk. Not mounted: an area of 1 GiB against one of 64 MiB,
which should take the same time. The guest's clock counts, in steps of 10 ms.
"""

import io
import sys
import tarfile
import tempfile
from pathlib import Path

from bench import compare

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "emu"))

from vrouter import Router, build_images  # noqa: E402 (found by the line above)
from vrouter.images import disk  # noqa: E402

FILES = 10_000
PAIRS = 5
CONF = (ROOT / "boards/virt-disk.conf").read_text().replace("seconds = 4", "seconds = 1")


def many_files():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for number in range(FILES):
            info = tarfile.TarInfo(f"many/d{number % 100}/.f{number}")
            info.size = 100
            archive.addfile(info, io.BytesIO(b"x" * 100))
    return out.getvalue()


def router(overlay, extra=None):
    images = build_images(board_conf=CONF, overlay=overlay, squashfs_extra=extra or {})
    return Router(images=images, recorder=False, network=False)


def timed(router, command):
    """Seconds of the guest's clock."""
    clock = "cut -d' ' -f1 /proc/uptime"
    code, text = router.serial.run(f"a=$({clock}); {command} >/dev/null 2>&1; rc=$?; echo $a $({clock}) $rc", timeout=300)
    begin, end, rc = text.split()[-3:]
    if code or rc != "0":
        raise SystemExit(f"{command!r} failed in the guest: {text}")
    return float(end) - float(begin)


def up(router):
    router.power_on()
    router.wait_up(90)
    router.serial.login(timeout=60)


def mounted(overlay):
    with router(overlay, {"many.tar": many_files()}) as r, tempfile.TemporaryDirectory() as folder:
        up(r)
        timed(r, "tar x -f /many.tar -C / && sync")
        r.power_off(30)
        full = Path(folder) / "full.img"
        disk.copy(r.disk, full)

        def measure(command):
            def one():
                disk.copy(full, r.disk)
                up(r)
                seconds = timed(r, command)
                r.power_cut("kill")
                return seconds

            return one

        compare(f"factoryreset-{overlay}", ("factoryreset -y", measure("factoryreset -y")),
                ("rm -rf, sync", measure("rm -rf /overlay/upper/* && sync")), PAIRS)


def unmounted():
    with router(1024) as big, router(64) as small:
        def measure(r):
            def one():
                r.power_on("failsafe=1")
                r.serial.expect(r"^- failsafe -\r?$", 60)
                r.serial.send("\n")
                r.serial.expect(r"# (\x1b\[6n)?$", 60)
                r.serial.run("stty -echo; dmesg -n 1")
                seconds = timed(r, "factoryreset -y")
                r.power_cut("kill")
                return seconds

            return one

        compare("factoryreset-unmounted", ("1 GiB", measure(big)), ("64 MiB", measure(small)), PAIRS)


if __name__ == "__main__":
    for kind in ("f2fs", "ext4"):
        mounted(kind)
    unmounted()
