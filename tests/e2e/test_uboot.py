"""Two slots behind a real U-Boot, which chooses and counts: what it does when a system does not come up, what the running
system tells it, and what a power cut can do to what they tell each other."""

import shutil

import lab
import pytest

from vrouter.images import uboot

pytestmark = pytest.mark.skipif(not shutil.which("aarch64-linux-gnu-gcc"), reason="gcc-aarch64-linux-gnu is not installed")
CHOICE = r"booting slot (\w), count (\d*)\r"


def part(r, name, image=None):
    start, size = r.partition(name)
    with open(image or r.disk, "rb") as flash:
        flash.seek(start)
        return flash.read(size)


def copies(r, image=None):
    """The two copies of what U-Boot and the system tell each other: (flags, variables), None if it is damaged."""
    data, block = part(r, "slot-env", image), r.board.storage["block_bytes"]
    return [uboot.read_copy(data[at : at + r.board.storage["copy_bytes"]]) for at in (0, block)]


def in_use(found):
    whole = [copy for copy in found if copy]
    return next((copy[1] for copy in whole if copy[0] == 1), whole[0][1])


def counted(r):
    """Switch on, see what U-Boot chooses, and pull the plug: a boot that failed."""
    r.power_on()
    slot, count = r.says(CHOICE).match.groups()
    r.power_cut("kill")
    return slot, count


def up(r):
    r.power_on()
    choice = r.says(CHOICE).match.groups()
    r.wait_up(lab.READY_S)
    r.serial.login()
    return choice


def test_slots__system_that_does_not_come_up__counted_left_and_told_then_the_good_one_kept(tmp_path):
    with lab.Bench(lab.NO_WINDOW, board="virt-uboot", recorder=True, network=False) as r:
        as_built = part(r, "slot-env")
        assert up(r) == ("a", "0")
        assert "slot a is running" in r.serial.run("lifeboat slot")[1]
        assert part(r, "slot-env") == as_built  # a healthy boot writes nothing there
        assert r.serial.run("echo of-a >/etc/whose; sync; lifeboat slot switch")[0] == 0
        r.power_cut("kill")

        for boot in "123":
            assert counted(r) == ("b", boot)
            assert in_use(copies(r))["bootcount"] == boot
        assert up(r) == ("a", "0")
        assert_told(r, "a", "b", "the other one did not prove itself in its tries")
        code, said = r.serial.run("lifeboat slot")
        assert code == 0 and "it did not come up in its tries" in said
        code, said = r.serial.run("lifeboat slot activate b")
        assert code != 0 and "slot b is bad" in said
        assert r.serial.run("lifeboat slot activate b --force")[0] == 0
        r.power_cut("kill")

        # It comes up: its settings are its own, and once it is called good nobody counts any more
        assert up(r) == ("b", "1")
        assert "rootfs_data_b" in r.serial.run("grep $(sed -n 's,^/dev/mtdblock\\(.*\\) /overlay .*,mtd\\1:,p' /proc/mounts) /proc/mtd")[1]
        assert r.serial.run("cat /etc/whose")[0] != 0
        assert "trying, 2 tries left" in r.serial.run("lifeboat slot")[1]
        assert uboot.read_boot_counter(part(r, "s_env")) == [1, 0, 1, 2]
        assert "the boot loader has counted 2 boots" in r.serial.run("lifeboat slot")[1]
        assert r.serial.run("lifeboat slot good")[0] == 0
        r.power_cut("kill")
        assert uboot.read_boot_counter(part(r, "s_env")) == [1, 0, 1, 2, 0]
        told = in_use(copies(r))
        assert (told["slot"], told["upgrade_available"], told["bootcount"], told["slot_b_state"]) == ("b", "0", "0", "good")
        torn = cut_everywhere(r, tmp_path)
        assert counted(r) == ("b", "0")

        # What U-Boot makes of a cut in the middle of the last write
        shutil.copy(torn, r.disk)
        slot, count = counted(r)
        assert slot == "b" and count in ("0", "2")


def assert_told(r, slot, left, reason):
    """The boot loader's reason, for whoever looks: on the console, and in the two commands."""
    assert f"slot {slot} is booted instead of slot {left}: {reason}" in r.console
    assert f"  slot      {slot}: {reason}" in r.sh("lifeboat status")
    assert reason in r.sh("lifeboat slot")


def cut_everywhere(r, folder):
    """Power cuts in U-Boot's own writes and in the system's of this boot: one copy is always whole, and it says what was
    there before or after. Returns the image of the last cut that left the other one damaged."""
    record, (start, size) = r.recording(), r.partition("slot-env")
    cuts = [index for index in record.writes() if start <= record.steps[index].offset < start + size]
    states, damaged = [], None
    for number, cut in enumerate(cuts):
        image = folder / f"cut-{number}"
        record.build(image, "torn", cut=cut, seed=number)
        found = copies(r, image)
        assert any(found), f"cut {number} of {len(cuts)} damaged both copies"
        told = in_use(found)
        states.append((told["slot"], told["upgrade_available"], told["bootcount"]))
        if None in found:
            damaged, image = image, damaged
        if image:
            image.unlink()
    assert set(states) <= {("b", "1", "0"), ("b", "1", "1"), ("b", "0", "0")} and len(cuts) >= 6
    assert damaged, "no cut hit a copy that was being written"
    return damaged


def test_slots__no_copy_is_whole__the_default_slot_and_nothing_is_written_over():
    with lab.Bench(lab.NO_WINDOW, board="virt-uboot", network=False) as r:
        start, _ = r.partition("slot-env")
        with open(r.disk, "r+b") as flash:
            for at in (0, r.board.storage["block_bytes"]):
                flash.seek(start + at + 8)
                flash.write(b"\0")
        damaged = part(r, "slot-env")
        assert up(r) == ("a", "0")
        for command in ("lifeboat slot", "lifeboat slot switch", "lifeboat slot good"):
            code, said = r.serial.run(command)
            assert code != 0 and "has a wrong checksum" in said
        assert part(r, "slot-env") == damaged


def test_toggle__three_boots_that_did_not_last__u_boot_enters_the_other_slot():
    with lab.Bench(lab.NO_WINDOW, {"toggle = 0 ": "toggle = 3 ", "tries = 3": "tries = 3\n\tstable_seconds = 1"}, board="virt-uboot",
                   recorder=True, network=False) as r:
        assert up(r) == ("a", "0")  # U-Boot does not know of it yet: the gate tells it
        lab.wait_until(lambda: in_use(copies(r)).get("toggle") == "3", what="the word to U-Boot")
        r.power_cut("kill")
        for boot in "123":
            assert counted(r) == ("a", "0")
            assert in_use(copies(r))["toggle_count"] == boot
        assert up(r) == ("b", "0")
        assert in_use(copies(r))["slot"] == "b"
        assert_told(r, "b", "a", "several boots in a row did not last: power switched off each time, or a reset")
        # It lasts, and the count is set back
        lab.wait_until(lambda: in_use(copies(r))["toggle_count"] == "0", what="the end of the count")
