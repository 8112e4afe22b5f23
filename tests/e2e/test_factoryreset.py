"""Factory reset of a router that runs: what goes, what stays, what it says; options of the command."""

import pytest

from lab import FAST
from reset import (ARCHIVE, MINE, QUESTION, SECRET, assert_new, assert_normal_again, assert_owned, by_console_to_failsafe,
                   bytes_left, owned, reset, restarted, status, there)

DEADCODE = bytes.fromhex("DEADC0DE")


@pytest.mark.parametrize("overlay", ["f2fs", "ext4"])
def test_mounted__everything_an_overlay_can_hold__is_gone_at_once_and_after_the_reboot(bench, overlay):
    router = owned(bench, overlay=overlay)
    code, listed = reset(router, "-n")
    assert code == 0, listed
    for path in ("etc/config/kept", "root/.ssh/authorized_keys", ".hid/sub/.deeper/..f", "etc/banner", "www/.mine",
                 "opt/package/lib/locked"):
        assert path in listed.splitlines(), f"{path} is not listed"
    assert "would be deleted" in listed
    assert reset(router, "--dry-run") == (0, listed)
    assert_owned(router)

    code, said = reset(router, "-y")
    assert code == 0, said
    assert "is mounted as /overlay, only erasing files" in said and "entries deleted in" in said
    assert router.sh("find /overlay ! -name lost+found | sort").split() == [
        "/overlay", "/overlay/.fs_state", "/overlay/upper", "/overlay/work"]
    wait_typed_reboot(router)
    assert "lifeboat: factory reset of " in router.console, "not told on the console"
    assert_new(router)
    assert_normal_again(router)


def wait_typed_reboot(router):
    router.serial.send("reboot\n")
    restarted(router)


@pytest.mark.parametrize("overlay", ["f2fs", "ext4"])
def test_keep__staged_archive__stays_and_everything_else_goes(bench, overlay):
    router = owned(bench, overlay=overlay)
    router.sh(f"echo archive >{ARCHIVE} && echo other >/etc/sysupgrade.tgz && sync")
    code, said = reset(router, "-yk")
    assert code == 0, said
    assert router.sh("find /overlay/upper").split() == ["/overlay/upper", f"/overlay/upper{ARCHIVE}"]
    wait_typed_reboot(router)
    assert_new(router)
    # It is none, so that nothing is restored of it; tests/e2e/test_settings_restore.py has real ones.
    assert router.sh(f"cat {ARCHIVE}.damaged; ls /etc/sysupgrade.tgz 2>/dev/null; true") == "archive"
    assert status(router)["notice"].startswith(f"no settings were restored: {ARCHIVE} is not gzip")
    router.off()
    router.to_up(login=True)
    assert router.sh(f"cat {ARCHIVE}.damaged") == "archive"
    assert_normal_again(router)


def test_reboot_option__mounted_and_not_mounted__is_honoured(bench):
    router = owned(bench)
    router.serial.send("factoryreset -y -r\n")
    restarted(router)
    assert_new(router)
    router.sh(f"echo {SECRET} >/etc/config/kept")
    router.off()
    by_console_to_failsafe(router)
    router.serial.send("jffs2reset -yr\n")
    restarted(router)
    assert there(router, MINE) == []
    assert status(router)["last_reset"].count("complete") == 1


def test_prompt__refused_answers__change_nothing(bench):
    router = owned(bench)
    for answer in ("n", "", "N", "no", " y"):
        router.serial.skip()
        router.serial.send("firstboot; echo code=$?\n")
        router.says(r"Are you sure\? \[N/y\]\r?\n")
        router.serial.send(f"{answer}\n")
        router.says(r"code=1\r?\n")
    assert_owned(router)
    assert QUESTION in router.console
    router.off()
    router.to_up(login=True)
    assert_owned(router)
    assert status(router)["last_reset"] == ""


@pytest.mark.parametrize("overlay", ["f2fs", "ext4"])
def test_erase__running_system__needs_reboot_and_leaves_no_byte(bench, overlay):
    router = owned(bench, overlay=overlay)
    code, said = reset(router, "-y --erase")
    assert (code, said.count("\n")) == (1, 0) and "add -r" in said
    assert_owned(router)
    router.serial.send("factoryreset -y --erase -r\n")
    router.wait_reset()
    router.power_cut("kill")
    assert bytes_left(router, SECRET) == 0
    assert router.overlay_bytes(0, 65536) == DEADCODE + bytes(65532), "not erased before the reboot"
    router.to_up(login=True)
    assert_new(router)
    assert_normal_again(router)


def test_erase__not_mounted__leaves_no_byte_at_once(bench):
    router = owned(bench)
    router.off()
    assert bytes_left(router, SECRET) > 0
    router.to_failsafe()
    router.shell()
    code, said = reset(router, "-y --erase")
    assert code == 0 and "was overwritten in" in said, said
    router.power_cut("kill")
    assert bytes_left(router, SECRET) == 0
    router.to_up(login=True)
    assert_new(router)


def test_ext4_root__no_overlay__one_sentence_that_says_so(bench):
    router = bench(FAST, root="ext4")
    router.to_up(login=True)
    for words in ("-y", "-yr", "-n", "-yk", "-yr --erase"):
        code, said = reset(router, words)
        assert code == 1
        assert said == ("lifeboat: this root has no overlay to reset: it is not squashfs or EROFS, and this board keeps no "
                        "factory image to start over from")
