"""The ways to start over that users of OpenWrt know, typed as they know them, and overlays in a bad state."""

import pytest

from lab import FAST
from reset import (MINE, QUESTION, assert_new, assert_normal_again, by_console_to_failsafe, owned, reset, restarted, status,
                   there)


def test_failsafe__transcript_typed_into_the_serial_console__resets(bench):
    """Press f in the window, `firstboot && reboot`, y: the log of a soft factory reset that OpenWrt shows to users."""
    router = owned(bench)
    router.off()
    by_console_to_failsafe(router)
    router.serial.skip()
    router.serial.send("firstboot && reboot\n")
    router.says(r"Are you sure\? \[N/y\]\r?\n")
    assert QUESTION in router.console
    router.serial.send("y\n")
    router.says(r"lifeboat: the overlay on /dev/vda2 is not mounted\r?\n"
                r"lifeboat: the overlay on /dev/vda2 will be erased on next mount\r?\n")
    restarted(router)
    assert_new(router)
    assert_normal_again(router)


def test_failsafe__transcript_answered_with_n__nothing_changes_and_no_reboot(bench):
    router = owned(bench)
    router.off()
    router.to_failsafe()
    router.shell()
    before = router.overlay_hash()
    router.serial.skip()
    router.serial.send("firstboot && reboot\n")
    router.says(r"Are you sure\? \[N/y\]\r?\n")
    router.serial.send("n\n")
    assert router.sh("echo still here") == "still here"
    assert router.overlay_hash() == before and not router.resets


def test_failsafe__mount_root_first__files_go(bench):
    router = owned(bench)
    router.off()
    shell = by_console_to_failsafe(router)
    shell("mount_root")
    code, said = reset(router)
    assert code == 0 and "only erasing files" in said, said
    router.serial.send("reboot\n")
    restarted(router)
    assert_new(router)


def test_script__firstboot_y_and_reboot(bench):
    router = owned(bench)
    router.serial.send("firstboot -y && reboot\n")
    restarted(router)
    assert_new(router)


@pytest.mark.parametrize("overlay", ["f2fs", "ext4"])
def test_hard__umount_overlay_and_jffs2reset_and_reboot(bench, overlay):
    router = owned(bench, overlay=overlay)
    router.serial.send("umount /overlay && jffs2reset -y && reboot\n")
    restarted(router)
    assert_new(router)
    assert_normal_again(router)


def test_hard__zeroes_over_the_loop_device_and_reboot__f2fs_starts_over(bench):
    router = owned(bench, overlay="f2fs")
    router.serial.send("dd if=/dev/zero of=/dev/loop0 bs=1M; reboot\n")
    restarted(router)
    assert_new(router, result=None)
    assert_normal_again(router)


def test_hard__zeroes_over_the_loop_device_and_reboot__ext4_writes_again_and_firstboot_mends_it(bench):
    """A mounted ext4 writes some of its blocks once more before the reboot: the area is no longer blank. What nobody
    recognises is not formatted on its own; a person says so."""
    router = owned(bench, overlay="ext4")
    router.serial.send("dd if=/dev/zero of=/dev/loop0 bs=1M; reboot\n")
    restarted(router)
    assert_new(router, result=None)
    if status(router)["overlay"] == "tmpfs":
        assert "nothing asked to erase it" in status(router)["notice"]
        code, said = reset(router)
        assert code == 0, said
        router.serial.send("reboot\n")
        restarted(router, count=2)
        assert_new(router)
    assert_normal_again(router)


def fill(router):
    router.sh("for bs in 1M 4k 512; do dd if=/dev/zero of=/big-$bs bs=$bs 2>/dev/null; done; sync; true", timeout=120)
    code, _ = router.serial.run("dd if=/dev/zero of=/etc/more bs=64k count=1 2>/dev/null")
    assert code != 0, "the overlay is not full"


@pytest.mark.parametrize("overlay, words", [("f2fs", "-y"), ("ext4", "-yk")])
def test_full__overlay_of_100_percent__is_reset(bench, overlay, words):
    router = owned(bench, overlay=overlay)
    router.sh("echo archive >/sysupgrade.tgz")
    fill(router)
    code, said = reset(router, words)
    assert code == 0, said
    router.serial.send("reboot\n")
    restarted(router)
    assert_new(router)
    aside = "/sysupgrade.tgz.damaged"  # where the boot puts what was kept and is no archive
    assert there(router, ["/sysupgrade.tgz", aside]) == ([aside] if "k" in words else [])
    assert status(router)["overlay_used_percent"] < 50


READ_ONLY = {
    "remounted": "mount -o remount,ro,bind /overlay",
    # What errors=remount-ro does after an I/O error: the file system is read-only, the mount does not show it
    "after an error": "echo u >/proc/sysrq-trigger; until dmesg | grep -q 'Emergency Remount complete'; do sleep 0.1; done",
}


@pytest.mark.parametrize("overlay, how", [("f2fs", "remounted"), ("f2fs", "after an error"), ("ext4", "after an error")])
def test_read_only__overlay__is_reset_by_the_next_boot(bench, overlay, how):
    router = owned(bench, overlay=overlay)
    router.serial.run(READ_ONLY[how])
    code, _ = router.serial.run("echo x >/overlay/x 2>/dev/null")
    assert code != 0, "the overlay is not read-only"
    code, said = reset(router)
    assert code == 0, said
    assert "cannot be written to" in said and "will be erased on next mount" in said, said
    router.serial.send("reboot\n")
    restarted(router)
    assert_new(router)


@pytest.mark.parametrize("overlay", ["f2fs", "ext4"])
def test_damaged__beyond_mounting__is_reset(bench, overlay):
    router = owned(bench, overlay=overlay)
    router.off()
    router.damage(0, b"\x5a" * (router.overlay_area()[1] - (1 << 20)))
    router.to_up(login=True)
    assert status(router)["overlay"] == "tmpfs"
    code, said = reset(router)
    assert code == 0 and "will be erased on next mount" in said, said
    router.serial.send("reboot\n")
    restarted(router)
    assert_new(router)
    assert_normal_again(router)


def test_no_room__for_an_overlay__one_sentence(bench):
    router = bench(FAST, overlay=0)
    router.to_up(login=True)
    code, said = reset(router)
    assert code == 1 and said.count("\n") == 0
    assert "there is no room for an overlay behind the root file system on /dev/vda2: nothing to reset" in said


def test_result__without_reset__nothing_is_told(bench):
    router = bench(FAST)
    router.to_up(login=True)
    assert status(router)["last_reset"] == "" and "reset" not in router.sh("lifeboat status")
    assert there(router, MINE) == []
