"""Every way of a factory reset on NOR flash with JFFS2, and on NAND with UBIFS and bad blocks.

One router per board is made its owner's and stopped twice: running with a shell, and in failsafe. Each test goes on from
one of the two. Its overlay is small, so that it is full soon."""

import dataclasses
import re
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from lab import NO_WINDOW, Bench
from reset import (ARCHIVE, QUESTION, SECRET, assert_new, assert_owned, chattr, owned, reset, restarted,
                   status, there)
from vrouter import load_board

pytestmark = pytest.mark.skipif(not shutil.which("aarch64-linux-gnu-gcc"), reason="gcc-aarch64-linux-gnu is not installed")
NOR, NAND = "virt-nor", "virt-nand"
BOARDS = [NOR, NAND]
BAD_BLOCKS = (9, 30, 31, 250, 600, 1000, 1023)  # of 1024; UBI has 1016 of them
CLEAN = bytes.fromhex("851903200c000000b1b01ee4")  # JFFS2's mark of a block that was erased and holds nothing
UBIFS_SUPERBLOCK = re.compile(rb"\x31\x18\x10\x06.{16}\x06", re.S)  # magic, checksum and the like, type of node


def variant(name, read_only=False):
    board = load_board(name)
    storage, kernel = dict(board.storage), dict(board.kernel)
    if name == NOR:
        storage["partition"] = [dict(part, size=4 << 20, read_only=read_only) if part["name"] == "rootfs_data" else part
                                for part in storage["partition"]]
    else:
        storage["volume"] = [dict(volume, kib=8064) if volume["name"] == "rootfs_data" else volume
                             for volume in storage["volume"]]
        bad = ",".join(map(str, BAD_BLOCKS))
        kernel["params"] = dict(kernel["params"], nandsim=f"{kernel['params']['nandsim']} badblocks={bad}")
    return dataclasses.replace(board, storage=storage, kernel=kernel)


class Flash:
    """The router of one board, and its two moments."""

    def __init__(self, name, folder):
        self.name, self.fs, self.folder = name, {NOR: "jffs2", NAND: "ubifs"}[name], Path(folder)
        self.node = {NOR: "/dev/mtd6", NAND: "/dev/ubi0_2"}[name]
        self.made = []
        router = self.router = owned(self.make, window=NO_WINDOW, board=variant(name), network=False)
        # QEMU does not keep that a NOR chip shows its status in place of its content: reading ends that
        settle = f"echo archive >{ARCHIVE}; sync; head -c 4096 {self.node} >/dev/null"
        router.sh(settle)
        self.up = router.suspend(self.folder / "up")
        router.to_failsafe()
        router.shell()
        router.sh(f"head -c 4096 {self.node} >/dev/null")
        self.failsafe = router.suspend(self.folder / "failsafe")

    def make(self, *changes, **options):
        self.made.append(Bench(*changes, **options))
        return self.made[-1]

    def begin(self, moment):
        self.router.power_on(moment=moment)
        return self.router

    def bytes_left(self, text):
        return self.router.disk.read_bytes().count(text.encode())

    def assert_nor_erased(self):
        start, size = self.router.partition("rootfs_data")
        with open(self.router.disk, "rb") as chip:
            chip.seek(start)
            assert set(chip.read(size).replace(CLEAN, b"\xff" * len(CLEAN))) == {0xFF}

    def close(self):
        for router in self.made:
            router.close()
        shutil.rmtree(self.folder)


@pytest.fixture(scope="module", params=BOARDS)
def prepared(request):
    made = Flash(request.param, tempfile.mkdtemp(prefix="flash-"))
    yield made
    made.close()


@pytest.fixture
def flash(request, prepared):
    request.node.benches = [prepared.router]
    yield prepared
    if prepared.router.powered:
        prepared.router.power_cut("kill")


def assert_reset(flash):
    """Logged in: a new overlay on the flash, and the result is told."""
    router = flash.router
    assert f" /overlay {flash.fs} rw" in router.sh("cat /proc/mounts"), router.sh("dmesg | grep lifeboat")
    assert_new(router)
    assert there(router, [ARCHIVE]) == []


def reboots(flash):
    flash.router.serial.send("reboot\n")
    restarted(flash.router)


def test_running__firstboot__lists_asks_and_leaves_nothing_at_once_and_after_the_reboot(flash):
    router = flash.begin(flash.up)
    code, listed = reset(router, "-n")
    assert code == 0, listed
    for path in ("etc/config/kept", "root/.ssh/authorized_keys", ".hid/sub/.deeper/..f", "etc/banner", "www/.mine",
                 "opt/package/lib/locked"):
        assert path in listed.splitlines(), f"{path} is not listed"
    router.serial.skip()
    router.serial.send("firstboot; echo code=$?\n")
    router.says(r"Are you sure\? \[N/y\]\r?\n")
    router.serial.send("n\n")
    router.says(r"code=1\r?\n")
    assert_owned(router)
    assert QUESTION in router.console
    code, said = reset(router, "-y", "firstboot")
    assert code == 0 and "is mounted as /overlay, only erasing files" in said and "entries deleted in" in said, said
    assert router.sh("find /overlay | sort").split() == ["/overlay", "/overlay/.fs_state", "/overlay/upper", "/overlay/work"]
    reboots(flash)
    assert_reset(flash)
    router.sh("echo new owner >/etc/config/kept; sync")
    router.power_cut("kill")
    router.to_up(login=True)
    assert router.sh("cat /etc/config/kept") == "new owner"
    assert status(router)["overlay"] == flash.fs and status(router)["notice"] == ""
    if flash.name == NAND:
        assert router.sh("cat /sys/class/ubi/ubi0/bad_peb_count") == str(len(BAD_BLOCKS))


def test_running__umount_overlay_and_jffs2reset_and_reboot(flash):
    router = flash.begin(flash.up)
    router.serial.send("umount /overlay && jffs2reset -y && reboot\n")
    restarted(router)
    assert_reset(flash)


def test_running__keep__the_staged_archive_only(flash):
    router = flash.begin(flash.up)
    code, said = reset(router, "-yk")
    assert code == 0, said
    assert router.sh("find /overlay/upper").split() == ["/overlay/upper", f"/overlay/upper{ARCHIVE}"]
    router.power_cut("kill")
    router.to_up(login=True)
    assert_new(router)


def test_running__erase__nor_before_the_reboot_and_ubi_refused(flash):
    router = flash.begin(flash.up)
    code, said = reset(router, "-y --erase")
    assert (code, said.count("\n")) == (1, 0) and "add -r" in said, said
    if flash.name == NAND:
        code, said = reset(router, "-y --erase -r")
        assert (code, said) == (1, "lifeboat: a UBI volume cannot be erased while it is mounted: leave --erase out, or use "
                                "it in failsafe")
        assert_owned(router)
        assert not router.resets
        return
    assert_owned(router)
    router.serial.send("factoryreset -y --erase -r\n")
    router.wait_reset()
    router.power_cut("kill")
    flash.assert_nor_erased()
    router.to_up(login=True)
    assert_reset(flash)


def test_running__reset_button_held_for_5_s__reset_and_reboot(flash):
    router = flash.begin(flash.up)
    router.button("reset").hold()
    began = router.now()
    while router.now() < began + 5.6:
        time.sleep(0.02)
    router.button("reset").release()
    restarted(router)
    assert_reset(flash)


def test_running__overlay_of_100_percent__is_reset(flash):
    router = flash.begin(flash.up)
    router.sh("for bs in 64k 4k 512; do dd if=/dev/urandom of=/big-$bs bs=$bs 2>/dev/null; done; sync; true", timeout=120)
    assert router.serial.run("dd if=/dev/urandom of=/etc/more bs=64k count=1 2>/dev/null")[0] != 0, "it is not full"
    code, said = reset(router)
    assert code == 0, said
    router.power_cut("kill")
    router.to_up(login=True)
    assert_reset(flash)


def test_running__overlay_read_only__is_reset_by_the_next_boot(flash):
    router = flash.begin(flash.up)
    router.sh("mount -o remount,ro,bind /overlay")
    assert router.serial.run("echo x >/overlay/x 2>/dev/null")[0] != 0
    code, said = reset(router)
    assert code == 0 and "cannot be written to" in said and "will be erased on next mount" in said, said
    reboots(flash)
    assert_reset(flash)


def test_failsafe__transcript__is_reset(flash):
    router = flash.begin(flash.failsafe)
    assert "would be erased at the next boot" in reset(router, "-n")[1]
    router.serial.send("firstboot && reboot\n")
    router.says(r"Are you sure\? \[N/y\]\r?\n")
    router.serial.send("y\n")
    router.says(rf"lifeboat: the overlay on {flash.node} is not mounted\r?\n"
                rf"lifeboat: the overlay on {flash.node} will be erased on next mount\r?\n")
    restarted(router)
    assert_reset(flash)


def test_failsafe__erase_and_reboot__no_byte_is_left(flash):
    router = flash.begin(flash.failsafe)
    assert flash.bytes_left(SECRET) > 0
    router.serial.send("jffs2reset -y -r --erase\n")
    router.wait_reset()
    router.power_cut("kill")
    assert flash.bytes_left(SECRET) == 0
    if flash.name == NOR:
        flash.assert_nor_erased()
    router.to_up(login=True)
    assert_reset(flash)


def test_damaged__beyond_mounting__told_left_alone_and_reset(flash):
    router = flash.router
    router.put_disk(flash.up / "disk.img")
    if flash.name == NOR:
        router.damage(0, b"\x5a" * router.overlay_area()[1])
    else:
        for found in UBIFS_SUPERBLOCK.finditer(router.disk.read_bytes()):
            router.damage(0, b"\x5a" * 2048, area=found.start())
    router.to_up(login=True)
    assert status(router)["overlay"] == "tmpfs"
    code, said = reset(router)
    assert code == 0 and "will be erased on next mount" in said, said
    reboots(flash)
    assert_reset(flash)


# UBI's own test switch: a write of a header fails, and all of UBI goes read-only
UBI_FAILS = ("mount -t debugfs none /sys/kernel/debug; cd /sys/kernel/debug/ubi/ubi0; echo 1 >tst_emulate_power_cut_min; "
             "echo 1 >tst_emulate_power_cut_max; echo 2 >tst_emulate_power_cut; cd /; "
             "! ubimkvol /dev/ubi0 -N other -s 126KiB 2>/dev/null")


def test_failsafe__flash_takes_no_write__one_sentence_exit_code_and_nothing_is_changed(flash):
    router = flash.router
    if flash.name == NAND:
        flash.begin(flash.failsafe).sh(UBI_FAILS)
    else:
        router = flash.make(NO_WINDOW, board=variant(NOR, read_only=True), network=False, squashfs_extra=chattr())
        router.put_disk(flash.up / "disk.img")
        router.to_failsafe()
        router.shell()
    code, said = reset(router)
    assert code == 1 and said.splitlines()[-1] == (
        "lifeboat: the marker that asks for the reset could not be written, or did not read back"), said
    router.power_cut("kill")
    if router is not flash.router:
        flash.router.put_disk(router.disk)
    flash.router.to_up(login=True)
    assert_owned(flash.router)
