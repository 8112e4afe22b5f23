"""The plug is pulled at a random moment: the next boot comes up, and what was saved is there.

LIFEBOAT_LONG=1 in the environment pulls it more often; the seed is in the name of the test."""

import random
import time

import pytest

from lab import FAST, LONG, wait_until

POLICIES = ["kill", "lose", "random", "torn"]  # what becomes of the writes that the disk had not flushed
SEEDS = range(24 if LONG else 3)
FIRST_BOOT_S = 1.2  # from the end of the window to the system on its new overlay


def comes_up(router):
    router.to_up(login=True)
    kind = router.sh("awk '$2 == \"/overlay\" { print $3 }' /proc/mounts")
    assert kind != "tmpfs", f"the overlay was lost:\n{router.sh('dmesg | grep lifeboat')}"
    assert router.sh("echo saved >/etc/config/kept && sync && cat /etc/config/kept") == "saved"


@pytest.mark.parametrize("overlay", ["f2fs", "ext4"])
@pytest.mark.parametrize("seed", SEEDS)
def test_cut__while_the_first_boot_formats__the_next_boot_finishes_it(bench, overlay, seed):
    dice = random.Random(f"format {overlay} {seed}")
    router = bench(FAST, recorder=True, overlay=overlay)
    router.power_on()
    closed = router.wait_window_end(router.wait_window())
    cut_at = closed + dice.random() * FIRST_BOOT_S
    wait_until(lambda: router.now() >= cut_at)
    router.power_cut(dice.choice(POLICIES), seed=seed)
    comes_up(router)
    router.power_cut("lose")
    router.to_up(login=True)
    assert router.sh("cat /etc/config/kept") == "saved"


@pytest.mark.parametrize("seed", SEEDS)
def test_cut__while_a_person_edits_in_failsafe__old_or_new_settings_and_the_router_comes_up(bench, seed):
    dice = random.Random(f"edit {seed}")
    router = bench(FAST, recorder=True, overlay=dice.choice(["f2fs", "ext4"]))
    router.to_up(login=True)
    router.sh("uci set network.lan.ipaddr=192.168.1.10")
    router.off()
    router.to_failsafe()
    edits = ("mount_root; i=11; while [ $i -lt 250 ]; do"
             " uci set network.lan.ipaddr=192.168.1.$i; echo done $i; i=$((i + 1)); done")
    router.shell()
    router.serial.send(f"{edits}\n")
    last = dice.randrange(11, 25)
    router.says(rf"^done {last}\r?$")
    time.sleep(dice.random() * 0.2)
    written = max(int(line.split()[1]) for line in router.console.splitlines() if line.startswith("done "))
    router.power_cut(dice.choice(POLICIES), seed=seed)
    comes_up(router)
    address = router.sh("uci get network.lan.ipaddr")
    # `uci set` says done only when its file is on the disk; the one under way may be there or not
    assert address in {f"192.168.1.{n}" for n in range(written, written + 3)}, f"{address} after .{written} was saved"
    assert not router.sh("dmesg | grep -i 'overlay.*formatted' || true")
