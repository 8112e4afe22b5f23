"""Two slots: the fourth boot after three short ones, systems that do not come up or not in health, and `lifeboat slot`."""

import json

import pytest

from lab import LONG, NO_WINDOW, wait_until

# What stands in boards/virt-ab.conf, and what a test wants instead
ONE_TRY = {"tries = 3": "tries = 1"}
TWO_TRIES = {"tries = 3": "tries = 2"}
SOON_STABLE = {"stable_seconds = 20": "stable_seconds = 1"}
SHORT_CHECK = {"seconds = 60": "seconds = 5"}
SHORT_WATCHDOG = {"timeout_seconds = 30": "timeout_seconds = 5"}
CONFIRM = {"stable_seconds = 20": "stable_seconds = 1\n\tconfirm_minutes = 1"}

def slots(router):
    """`lifeboat slot --json`, and the slots by name."""
    told = json.loads(router.sh("lifeboat slot --json"))
    return told, {slot["name"]: slot for slot in told["slots"]}


def version(router):
    return router.sh("cat /etc/slot-version")


def up_again(router, resets):
    """The router has reset itself that many times since power-on, and is up: log in. What came up before does not
    count."""
    router.wait_reset(90, count=resets)
    router.wait_up(60)
    router.serial.login()


def to_slot_b(router):
    """Up in slot a, and on to slot b."""
    router.to_up(login=True)
    assert version(router) == "a"
    router.sh("lifeboat slot switch")
    router.serial.send("reboot\n")


def counted(router):
    """Has this boot changed the record, and was that flushed? By the record of all writes to the disk."""
    start, size = router.partition("lifeboat")
    steps = router.recording().steps
    wrote = next((index for index, step in enumerate(steps) if step.length and start <= step.offset < start + size), None)
    return wrote is not None and any(step.is_flush for step in steps[wrote:])


def test_toggle__three_short_times_on_and_the_fourth_boot__is_the_other_slot(bench):
    router = bench(SOON_STABLE, board="virt-ab", overlay="ext4", recorder=True, network=False)
    # Cut before anything was counted: the kernel has not even unpacked the gate
    for boot in range(3):
        router.power_on()
        router.power_cut("lose")
        assert not counted(router)
    for boot in (1, 2, 3):
        router.power_on()
        wait_until(lambda: counted(router), what="the count")
        router.power_cut("lose")
    router.to_up(login=True)
    assert version(router) == "b"
    assert router.said("slot b is booted instead of slot a: several boots in a row did not last")
    told, by_name = slots(router)
    assert (told["running"], told["next"], told["reason"]) == ("b", "b", "toggle")
    assert "slot b: several boots in a row did not last" in router.sh("lifeboat log")
    assert "slot      b: several boots" in router.sh("lifeboat status")
    now = json.loads(router.sh("lifeboat status --json"))
    print(f"counted {now['slot_counted_ms']} ms after the start of the kernel")
    # It lasts: the count is gone, and three more boots stay where they are
    wait_until(lambda: slots(router)[0]["boots_that_did_not_last"] == 0, what="the end of the count")
    assert by_name["b"]["state"] == "new"
    # Chosen by its owner, a is tried; it comes up in health, and is good
    router.sh("lifeboat slot switch && reboot")
    up_again(router, 1)
    assert version(router) == "a"
    wait_until(lambda: slots(router)[1]["a"]["state"] == "good", what="the proof")


def test_new_system_without_a_program_as_init__the_old_one_runs_in_the_same_boot(bench):
    router = bench(NO_WINDOW, SOON_STABLE, board="virt-ab", overlay="ext4", network=False,
                   slot_b_extra={"sbin/init": "this is no program\n"})
    to_slot_b(router)
    up_again(router, 1)
    assert version(router) == "a"
    assert router.said("slot b: the root file system on /dev/vda3 is damaged: /sbin/init is no program")
    assert router.said("slot a is booted instead of slot b: the root of the other one cannot be used")
    told, by_name = slots(router)
    assert (told["reason"], by_name["b"]["state"], by_name["b"]["why"]) == ("unusable", "bad", "unusable")
    assert len(router.resets) == 1
    words(router)


def words(router):
    """The commands and their refusals, on a router that runs in a and whose b is bad."""
    def says(command, code, text):
        seen, out = router.serial.run(f"lifeboat slot {command} 2>&1")
        assert (seen, text in out) == (code, True), f"slot {command} ends with {seen}: {out}"

    says("activate b", 1, "slot b is bad: its root could not be mounted")
    says("switch", 1, "slot b is bad")
    says("bad", 1, "slot a is running: 'lifeboat slot switch' goes to the other one")
    says("bad booted --force", 0, "slot a is marked as bad")
    assert slots(router)[0]["next"] is None or slots(router)[1]["a"]["state"] == "bad"
    says("good", 0, "slot a is marked as good")
    says("activate a", 0, "slot a is booted next")
    says("mark-good other", 0, "slot b is marked as good")
    says("activate b", 0, "slot b is booted next: reboot to get there")
    says("status", 0, "b               trying, 3 tries left  PARTLABEL=rootfs_b, next")
    says("mark-bad b", 0, "slot b is marked as bad")
    says("activate c", 100, "there is no slot 'c': choose 'a', 'b', 'booted' or 'other'")
    says("upside-down", 100, "'upside-down' is not known")
    says("status b", 100, "'b' is not known")
    assert slots(router)[0]["next"] == "a"


HANGS_THEN_PANICS = """#!/bin/sh
if [ ! -e /etc/hung ]; then
	touch /etc/hung; sync
	echo hanging >/dev/console
	while :; do sleep 1000; done
fi
exit 1
"""


def test_new_system_that_hangs_and_panics__two_tries_and_the_old_one_runs(bench):
    router = bench(NO_WINDOW, TWO_TRIES, SHORT_WATCHDOG, board="virt-ab", overlay="ext4", network=False,
                   slot_b_extra={"sbin/init": HANGS_THEN_PANICS})
    to_slot_b(router)
    router.says("^hanging")
    up_again(router, 3)
    assert version(router) == "a"
    assert router.console.count("Attempted to kill init") == 1
    told, by_name = slots(router)
    assert (told["reason"], by_name["b"]["state"], by_name["b"]["why"]) == ("tries", "bad", "tries")


def test_new_system_without_network__is_up_but_not_in_health_and_the_old_one_runs(bench):
    router = bench(NO_WINDOW, ONE_TRY, SOON_STABLE, SHORT_CHECK, board="virt-ab", overlay="ext4", network=False,
                   slot_b_extra={"etc/init.d/S20network": "#!/bin/sh\nip link set lo up\n"})
    to_slot_b(router)
    router.wait_reset()
    router.wait_up(60)
    router.says("slot b is not healthy: br-lan has no address; rebooting")
    up_again(router, 2)
    told, by_name = slots(router)
    assert version(router) == "a"
    assert (told["reason"], by_name["b"]["why"]) == ("tries", "health")


@pytest.mark.skipif(not LONG, reason="LIFEBOAT_LONG is not set: a confirmation takes minutes")
def test_confirmation__not_given__reverts_and_given_stays(bench):
    router = bench(NO_WINDOW, CONFIRM, board="virt-ab", overlay="ext4", network=False)
    to_slot_b(router)
    router.wait_reset()
    router.wait_up(60)
    router.says("slot b is new: confirm it with 'lifeboat slot good' within 1 minutes")
    router.says("slot b was not confirmed in time", timeout=90)
    up_again(router, 2)
    assert (version(router), slots(router)[1]["b"]["why"]) == ("a", "unconfirmed")
    router.sh("lifeboat slot activate b --force && reboot")
    up_again(router, 3)
    router.sh("lifeboat slot good")
    told, by_name = slots(router)
    assert (version(router), told["next"], by_name["b"]["state"]) == ("b", "b", "good")
    router.sh("sleep 70", timeout=90)
    assert version(router) == "b"
