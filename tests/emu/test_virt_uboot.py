"""The virtual router behind a real U-Boot: its script counts boots, falls back, and survives a damaged or torn state."""

import shutil

import pytest

from vrouter import EmuError, Router, build_images
from vrouter.images import uboot

pytestmark = [
    pytest.mark.skipif(not shutil.which("qemu-system-aarch64"), reason="qemu-system-arm is not installed"),
    pytest.mark.skipif(not shutil.which("aarch64-linux-gnu-gcc"), reason="gcc-aarch64-linux-gnu is not installed"),
]
TRIED = {"slot": "b", "upgrade_available": "1", "bootcount": "0"}
GOOD = {"slot": "a", "upgrade_available": "0", "bootcount": "0"}


def test_parse__indented_lines__belong_to_the_variable_above():
    assert uboot.parse("# no\na=1\nb=\n\tx;\n  # y\n\ty\n", "f") == {"a": "1", "b": "x; y"}
    with pytest.raises(EmuError, match="f:1: this is neither"):
        uboot.parse("  x\n", "f")


def test_environment__variables__checksum_covers_all_but_itself():
    env = uboot.environment({"bootcount": "0", "none": "", "slot": "a"}, 4096)
    assert len(env) == 4096 and env[4:24] == b"bootcount=0\0slot=a\0\0" and set(env[24:]) == {0xFF}
    assert uboot.binascii.crc32(env[4:]) == int.from_bytes(env[:4], "little")


def test_copy__read_again__flags_are_outside_of_the_checksum():
    copy = bytearray(uboot.copy(TRIED, 4096, 1))
    copy[4] = 0
    assert uboot.read_copy(copy) == (0, TRIED)
    copy[9] ^= 1
    assert uboot.read_copy(copy) is None


def copies(r, *new):
    """The two copies of the state; written anew as bytes if they are given."""
    start, size = r.partition("slot-env")
    block, length = r.board.storage["block_bytes"], r.board.storage["copy_bytes"]
    with open(r.disk, "r+b") as flash:
        for index, data in enumerate(new):
            flash.seek(start + index * block)
            flash.write(data.ljust(block, b"\xff"))
        found = []
        for index in (0, 1):
            flash.seek(start + index * block)
            found.append(uboot.read_copy(flash.read(length)))
    return found


def newest(found):
    """What U-Boot goes by: the copy in use."""
    whole = [copy for copy in found if copy]
    return next((copy[1] for copy in whole if copy[0] == 1), whole[0][1])


def boot(r):
    r.power_on()
    said = r.serial.expect(r"booting slot (\w), count (\d*)\r", 20)
    r.power_cut("kill")
    return said.match.group(1), said.match.group(2)


def test_uboot__slot_never_called_good__tried_three_times_then_the_other_one():
    copy = uboot.copy
    with Router("virt-uboot", build_images("virt-uboot", mode="plain"), network=False, recorder=False) as r:
        assert boot(r) == ("a", "0")
        untouched = copies(r)
        assert untouched == [(1, GOOD), (0, GOOD)]  # nothing is written while nothing is tried

        copies(r, copy(GOOD, 4096, 0), copy(TRIED, 4096, 1))
        for count in ("1", "2", "3"):
            assert boot(r) == ("b", count)
            found = copies(r)
            assert sorted(flags for flags, _ in found) == [0, 1] and newest(found)["bootcount"] == count
        assert boot(r) == ("a", "0")
        assert newest(copies(r)) == {**GOOD, "slot_b_state": "bad:tries", "bootlimit": "3"}
        before = copies(r)
        assert boot(r) == ("a", "0") and copies(r) == before

        # A copy that a cut has left half written is not taken, whatever its flags say
        torn = copy({**TRIED, "bootcount": "3"}, 4096, 1)[:20]
        copies(r, copy(TRIED, 4096, 1), torn)
        assert boot(r) == ("b", "1") and newest(copies(r))["bootcount"] == "1"
        # A cut between writing one copy and calling the other the older one: both are in use, the first one is taken
        copies(r, copy(GOOD, 4096, 1), copy(TRIED, 4096, 1))
        assert boot(r) == ("a", "0")
        # Neither is whole: slot a, and nothing is written over what somebody may want to look at
        copies(r, torn, torn)
        assert boot(r) == ("a", "0") and copies(r) == [None, None]
