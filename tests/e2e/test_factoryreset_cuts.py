"""The plug is pulled at a random moment of a factory reset: the next boot has the overlay as it was, or a new one.

LIFEBOAT_LONG=1 in the environment pulls it more often; the seed is in the name of the test."""

import random
import time

import pytest

from lab import FAST, LONG
from reset import status, there

POLICIES = ["kill", "lose", "random", "torn"]  # what becomes of the writes that the disk had not flushed
SEEDS = range(50 if LONG else 3)  # on each of two file systems
RESET_S = 0.6  # a reset of this overlay takes about half of it
FILES = 300
MAKE = f"mkdir -p /opt/.many; i=0; while [ $i -lt {FILES} ]; do echo $i >/opt/.many/f$i; i=$((i+1)); done; rm /etc/banner; sync"


@pytest.mark.parametrize("overlay", ["f2fs", "ext4"])
@pytest.mark.parametrize("seed", SEEDS)
def test_cut__in_a_reset__the_overlay_is_as_it_was_or_new(bench, overlay, seed):
    dice = random.Random(f"reset {overlay} {seed}")
    router = bench(FAST, recorder=True, overlay=overlay)
    router.to_up(login=True)
    router.sh(MAKE, timeout=120)
    router.serial.send("factoryreset -y\n")
    time.sleep(dice.random() * RESET_S)
    router.power_cut(dice.choice(POLICIES), seed=seed)
    router.to_up(login=True)
    assert status(router)["overlay"] == overlay, f"not on the disk:\n{router.sh('dmesg | grep lifeboat')}"
    left = int(router.sh("ls /opt/.many 2>/dev/null | wc -l"))
    assert left in (0, FILES), f"{left} of {FILES} files are left"
    assert there(router, ["/opt", "/etc/banner"]) == (["/opt"] if left else ["/etc/banner"])
    if left:
        assert router.sh("cat /opt/.many/f* | sort -n | tail -1") == str(FILES - 1)
    router.sh("echo saved >/etc/config/kept && sync")
    router.power_cut("lose")
    router.to_up(login=True)
    assert router.sh("cat /etc/config/kept") == "saved"
