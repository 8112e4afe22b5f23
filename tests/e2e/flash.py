"""Upgrades of a router whose only root is on flash: what virt-nor and virt-nand have in common."""

import sys

from lab import FAST, ROOT, board_file, images
from reset import restarted, status

sys.path.insert(0, str(ROOT / "tests/cli"))

import firmware  # noqa: E402  needs the path

KEPT = "/etc/config/kept"
PIECE = 64 << 10
CUT_OFF = "^lifeboat: an upgrade was cut off while the root was being written, and its image was in RAM: "
SAFE = "the settings are safe: start sysupgrade again, and they go along"


def new_root(board):
    return images(board_file(FAST, board=board), board, squashfs_extra=(("etc/release", "the new system\n"),)).root.read_bytes()


def new_image(board):
    return firmware.metadata(new_root(board), [f"lifeboat,{board}"])


class Stick:
    """Files as bytes of a stick, one behind the other: no driver for a file system is needed."""

    def __init__(self, folder, **files):
        self.image, self.files, content = folder / "stick.img", {}, b""
        for name, data in files.items():
            self.files[name] = (len(content) // PIECE, len(data))
            content += data.ljust((len(data) + PIECE - 1) // PIECE * PIECE, b"\0")
        self.image.write_bytes(content)

    def copy(self, router, *names):
        """To /tmp/NAME.img."""
        router.usb_plug(self.image)
        router.sh("until grep -q sda /proc/partitions; do sleep 0.1; done")
        for name in names:
            piece, size = self.files[name]
            router.sh(f"dd if=/dev/sda bs={PIECE} skip={piece} 2>/dev/null | head -c {size} >/tmp/{name}.img", 90)
        router.usb_pull()


def own(router):
    router.sh(f"echo of the owner >{KEPT}; mkdir -p /left; echo {KEPT} >/etc/sysupgrade.conf; sync")


def begin(router, command, until):
    router.serial.skip()
    router.serial.send(f"{command}\n")
    return router.says(until, 120)


def upgrade(router, command):
    resets = len(router.resets)
    begin(router, command, "lifeboat: upgrade: complete")
    restarted(router, resets + 1)


def assert_upgraded(router, overlay, settings=True):
    assert router.sh("cat /etc/release") == "the new system"
    assert router.sh(f"cat {KEPT} 2>/dev/null || true") == ("of the owner" if settings else "")
    assert router.sh("ls -d /left 2>/dev/null || true") == "", "an old overlay was found again"
    assert "complete" in status(router)["last_upgrade"], status(router)
    assert f" /overlay {overlay} rw" in router.sh("cat /proc/mounts")
