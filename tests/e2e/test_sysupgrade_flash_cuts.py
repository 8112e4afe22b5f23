"""The power fails at a random moment of an upgrade on NOR and NAND flash: the next boot is the old system as it was, the
new one with the owner's settings, or rescue, which finds them, and from which the upgrade is done again."""

import dataclasses
import random
import shutil
import time

import pytest

from flash import CUT_OFF, KEPT, SAFE, Stick, assert_upgraded, begin, new_image, own, upgrade
from lab import FAST, LONG, Bench
from reset import status
from vrouter import load_board

pytestmark = [pytest.mark.skipif(not shutil.which("aarch64-linux-gnu-gcc"), reason="gcc-aarch64-linux-gnu is not installed"),
              pytest.mark.skipif(not LONG, reason="LIFEBOAT_LONG=1")]
UP = r"^router: up\r?$"


def board(name):
    """virt-nand with room for a second root, or without: virt-nand-full."""
    made = load_board(name.removesuffix("-full"))
    if name != "virt-nand":
        return made
    volumes = [dict(volume, kib=40320) if volume["name"] == "rootfs_data" else volume for volume in made.storage["volume"]]
    return dataclasses.replace(made, storage=dict(made.storage, volume=volumes))


class Owned:
    """A router with settings, switched off, and how long an upgrade takes on it."""

    def __init__(self, name, folder):
        self.name, self.overlay = name, "jffs2" if name == "virt-nor" else "ubifs"
        self.router = router = Bench(FAST, board=board(name), network=False)
        self.stick = Stick(folder, new=new_image(name.removesuffix("-full")))
        router.to_up(login=True)
        own(router)
        router.off()
        self.disk = router.keep_disk()
        self.begin()
        began = time.monotonic()
        router.says("lifeboat: upgrade: complete", 120)
        self.duration = time.monotonic() - began
        router.power_cut("kill")

    def begin(self):
        router = self.router
        router.put_disk(self.disk)
        router.to_up(login=True)
        self.stick.copy(router, "new")
        begin(router, "sysupgrade /tmp/new.img", "lifeboat: upgrade: checking the image")


@pytest.fixture(scope="module", params=["virt-nor", "virt-nand", "virt-nand-full"])
def owned(request, tmp_path_factory):
    made = Owned(request.param, tmp_path_factory.mktemp("stick"))
    yield made
    made.router.close()


def assert_whole(router, beside):
    """Logged in, after a cut. What there is belongs together, and the owner has lost nothing; where the new root lay beside
    the old one, the old one may have been left with the settings alone."""
    new = router.sh("cat /etc/release") == "the new system"
    said, left = status(router)["last_upgrade"], router.sh("ls -d /left 2>/dev/null || true")
    assert router.sh(f"cat {KEPT} 2>/dev/null || true") == "of the owner", said
    assert router.sh("ls -d /overlay/.lifeboat 2>/dev/null || true") == "", "the copy of the settings stays"
    if new:
        assert left == "", "the old overlay is under the new system"
    else:
        assert left == "/left" or beside, "the old system has lost something"
        assert "complete" not in said, said
    return f"{'new' if new else 'old'} system, {'with all of its overlay' if left else 'with the settings'}"


@pytest.mark.parametrize("seed", range(34))
def test_cut__at_a_random_moment__old_new_or_rescue_with_the_settings(request, owned, seed):
    dice = random.Random(f"{owned.name} {seed}")
    router = owned.router
    request.node.benches = [router]
    if router.powered:  # the test before this one was ended in its middle
        router.power_cut("kill")
    wait_s = dice.random() * 1.2 * owned.duration
    owned.begin()
    time.sleep(wait_s)
    router.power_cut("kill")
    router.power_on()
    told = f"cut {seed} after {wait_s:.1f} of {owned.duration:.1f} s"
    if "cut off" in router.says(f"{UP}|{CUT_OFF}", 90).group():
        assert owned.name != "virt-nand", "there is room for a second root: the old one must not be touched"
        router.says(SAFE)
        router.shell()
        owned.stick.copy(router, "new")
        upgrade(router, "sysupgrade /tmp/new.img")
        assert_upgraded(router, owned.overlay)
        print(f"{told}: rescue, and from there the new system with its settings")
    else:
        router.serial.login()
        print(f"{told}: {assert_whole(router, owned.name == 'virt-nand')}")
    router.power_cut("kill")
