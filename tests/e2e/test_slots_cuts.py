"""The plug is pulled at a random moment of an update into the other slot, or of the boots that try it: the next boot comes
up, with the old system or with the new one, whole.

The settings are there in either case. A router is prepared once and stopped right before the update; every cut goes on from
there. Two cuts, with LIFEBOAT_LONG=1 in the environment two hundred; the seed is in the name of the test."""

import random
import re
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

from lab import LONG, NO_WINDOW, Bench

CUTS = 200 if LONG else 2
POLICIES = ("kill", "lose", "random", "torn")  # what becomes of writes that the disk had not flushed
OVER = 1.1  # times the duration that was measured: the last cuts come after the end
UPDATE = "sysupgrade -q -F /mnt/images/root.img"
SAYS = """#!/bin/sh
echo "this is $(cat /etc/slot-version) in $(lifeboat slot | head -n 1), settings: $(cat /etc/config/mine)" >/dev/console
"""
# As delivered b holds a system that calls itself b. The image that is installed there calls itself a.
OLD, NEW = ("a", "a"), ("a", "b")
outcomes = Counter()


class Prepared:
    """The router right before the update, and how long that takes until the new system is up."""

    def __init__(self, folder):
        self.router = router = Bench(
            NO_WINDOW, {"stable_seconds = 20": "stable_seconds = 1"}, board="virt-ab", overlay="ext4", recorder=True,
            network=False, parts=(("data", "file"),), squashfs_extra={"etc/init.d/S98says": SAYS})
        router.to_up(login=True)
        router.sh("mount -r /dev/vda4 /mnt && echo mine >/etc/config/mine && echo /etc/config/ >/etc/sysupgrade.conf && dmesg -n 1; sync")
        self.moment = router.suspend(Path(folder) / "before")
        self.begin()
        began = time.monotonic()
        router.wait_reset(120)
        self.update_s = time.monotonic() - began
        assert self.up() == NEW
        self.whole_s = time.monotonic() - began
        print(f"reboots after {self.update_s:.1f} s, the new system is up after {self.whole_s:.1f} s")
        router.power_cut("kill")

    def begin(self):
        if self.router.powered:  # the test before this one was ended in its middle
            self.router.power_cut("kill")
        self.router.power_on(moment=self.moment)
        self.router.serial.skip()
        self.router.serial.send(f"{UPDATE}\n")

    def up(self):
        """What comes up: (what its system calls itself, its slot)."""
        self.router.wait_up(120)
        found = re.findall(r"^this is (\w) in slot (\w) is running.*, settings: mine$", self.router.console, re.M)
        assert found, f"nothing came up:\n{self.router.serial.tail(3000)}"
        return found[-1]

    def boot(self):
        self.router.power_on()
        return self.up()


@pytest.fixture(scope="module")
def prepared():
    folder = tempfile.mkdtemp(prefix="slots-")
    one = Prepared(folder)
    yield one
    one.router.close()
    shutil.rmtree(folder)


@pytest.mark.parametrize("seed", range(CUTS))
def test_cut__in_an_update_or_its_tries__the_old_or_the_new_system_comes_up(request, prepared, seed):
    dice = random.Random(f"slots {seed}")
    router = prepared.router
    request.node.benches = [router]
    # Most of them while it is written, the others until the new system is up, and a little later
    wait_s = dice.random() * (prepared.update_s if seed % 4 else OVER * prepared.whole_s)
    prepared.begin()
    time.sleep(wait_s)
    policy = dice.choice(POLICIES)
    rebooted = bool(router.resets)
    router.power_cut(policy, seed=seed)
    try:
        seen = prepared.boot()
        assert seen in ((NEW,) if rebooted else (OLD, NEW)), f"{seen} after {wait_s:.3f} s, {policy}"
        if seed % 8 == 0:  # and the same one again
            router.power_cut("lose")
            assert prepared.boot() == seen
        outcomes[rebooted, seen] += 1
        print(f"{seed}: cut by {policy} after {wait_s:.3f} s{', rebooted' if rebooted else ''}: {'old' if seen == OLD else 'new'}")
    finally:
        if router.powered:
            router.power_cut("kill")


@pytest.mark.skipif(not LONG, reason="LIFEBOAT_LONG is not set: too few cuts for it")
def test_cuts__all_of_them__hit_before_and_after_the_commit():
    print(f"{sum(outcomes.values())} cuts: {dict(outcomes)}")
    assert outcomes[False, OLD] and outcomes[True, NEW]
