"""The only root is written anew from RAM, the owner's settings are kept, and the plug is pulled: the next boot has them, or
the rescue finds them on the disk, and the sysupgrade that is started there takes them along.

One upgrade is recorded, sector by sector; each cut starts from the disk as it was at one of them. In a normal run one while
the new root is being written, and one before its overlay is there; with LIFEBOAT_LONG=1 anywhere."""

import random
import shutil

import pytest

from lab import LONG, NO_WINDOW, Bench
from reset import restarted
from test_upgrade import KEPT, assert_upgraded, new_image, own, plug, stick_with
from vrouter.powercut import Recording

POLICIES = ("kill", "lose", "random", "torn")
HEAD_BYTES = 128 << 10  # of a disk: LB_TARGET_BLOCK_HEAD_BYTES
CUT_OFF = "an upgrade was cut off while the root was being written"
SAFE = "the settings are safe"


class Recorded:
    """A router that was upgraded from RAM with its settings, and every write of that."""

    def __init__(self, folder):
        self.router = router = Bench(NO_WINDOW, recorder=True, network=False)
        router.to_up(login=True)
        own(router)
        router.sh(f"echo {KEPT} >/etc/sysupgrade.conf; sync")
        self.stick = stick_with(folder, new_image())
        plug(router, self.stick)
        router.sh("cp /tmp/stick/new.img /tmp/ && umount /tmp/stick")
        first = len(router.recording().steps)
        router.serial.send("sysupgrade /tmp/new.img\n")
        router.says("lifeboat: upgrade: complete, rebooting", 90)
        router.power_cut("kill")
        for name in ("disk.base", "disk.log"):
            shutil.move(router.run_dir / name, folder / name)
        self.recording = Recording(folder / "disk.base", folder / "disk.log")
        self.find_moments(first)

    def find_moments(self, first):
        """When the root has lost its head, when its body begins to be written, and when the head is back."""
        start, size = self.router.partition("rootfs")
        steps = list(enumerate(self.recording.steps))[first:]
        heads = [i for i, s in steps if s.length and s.offset <= start < s.offset + s.length]
        body = max(i for i, s in steps if s.length and s.offset <= start + HEAD_BYTES < s.offset + s.length)
        headless = min(i for i, s in steps if s.is_flush and i > heads[0])
        self.first, self.headless, self.body, self.whole, self.last = first, headless, body, heads[-1], len(self.recording.steps)
        assert self.first < self.headless < self.body < self.whole < self.last
        assert self.whole - self.body > 10 and self.body - self.headless > 10, "too few writes to choose from"

    def cut(self, seed):
        dice = random.Random(f"settings {seed}")
        span = {0: (self.body + 1, self.whole), 1: (self.headless, self.body)}.get(seed, (self.first, self.last))
        at = dice.randrange(*span)
        policy = dice.choice(POLICIES)
        self.recording.build(self.router.disk, policy, at, seed)
        return f"cut {seed} by {policy} at write {at - self.first} of {self.last - self.first}"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    made = Recorded(tmp_path_factory.mktemp("recorded"))
    yield made
    made.router.close()


def up_or_rescue(router):
    router.power_on()
    return router.says(r"^(- rescue -|router: up)", 90).group()


def upgrade_from_rescue(router, stick):
    shell = router.shell()
    assert CUT_OFF in router.console and SAFE in router.console
    router.usb_plug(stick)
    shell("until grep -q sda /proc/partitions; do sleep 0.1; done; mkdir -p /run/stick && mount /dev/sda /run/stick && "
          "cp /run/stick/new.img /run/ && umount /run/stick")
    resets = len(router.resets)
    router.serial.send("lifeboat sysupgrade /run/new.img\n")
    router.says("lifeboat: upgrade: complete, rebooting", 90)
    restarted(router, resets + 1)
    assert_upgraded(router)


def assert_settings(router):
    """The old system as it was, or the new one."""
    router.serial.login()
    assert router.sh(f"cat {KEPT}") == "of the owner"
    new = router.sh("cat /etc/release") == "the new system"
    assert new or router.sh("ls -d /left") == "/left"
    assert router.sh("ls -d /overlay/.lifeboat 2>/dev/null || true") == "", "the copy of an upgrade that did not happen stays"
    return "new" if new else "old"


@pytest.mark.parametrize("seed", range(100 if LONG else 2))
def test_cut__while_the_root_is_written_from_ram__the_settings_survive(request, recorded, seed):
    router = recorded.router
    request.node.benches = [router]
    if router.powered:  # the test before this one was ended in its middle
        router.power_cut("kill")
    told = recorded.cut(seed)
    try:
        if "rescue" in up_or_rescue(router):
            upgrade_from_rescue(router, recorded.stick)
            print(f"{told}: rescue, and from there the new system with its settings")
        else:
            print(f"{told}: {assert_settings(router)} system with its settings")
            assert seed > 1, "it was to end in rescue"
    finally:
        if router.powered:
            router.power_cut("kill")
