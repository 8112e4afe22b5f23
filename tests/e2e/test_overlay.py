"""mount_root on a disk: first boot, second boot, a request to start afresh, a full one, none at all."""

import json

import pytest

from lab import FAST

DEADCODE = bytes.fromhex("DEADC0DE")
KEPT = "/etc/config/kept"
MIB = 1 << 20


def status(router):
    return json.loads(router.sh("lifeboat status --json"))


def formatted(router):
    return router.sh("dmesg | grep -c 'is being formatted' || true") != "0"


@pytest.mark.parametrize("overlay", ["f2fs", "ext4"])
def test_overlay__first_second_and_reset_boot__formatted_once_kept_and_formatted_on_request(bench, overlay):
    router = bench(FAST, overlay=overlay)
    assert (router.overlay_area()[1] > 100 * MIB) == (overlay == "f2fs")
    router.to_up(login=True)
    assert formatted(router)
    assert f" /overlay {overlay} rw" in router.sh("cat /proc/mounts")
    assert router.sh("readlink /overlay/.fs_state") == "2", "not marked as ready"
    router.sh(f"echo 'my settings' >{KEPT}; rm /etc/banner")
    router.off()

    router.to_up(login=True)
    assert not formatted(router)
    assert router.sh(f"cat {KEPT}; ls /etc/banner /rom/etc/banner 2>/dev/null; true").splitlines() == ["my settings", "/rom/etc/banner"]
    now = status(router)
    assert (now["overlay"], now["notice"]) == (overlay, "") and 0 < now["overlay_used_percent"] < 100
    router.off()

    # The marker that asks for a fresh overlay is obeyed once
    router.damage(0, DEADCODE)
    router.to_up(login=True)
    assert formatted(router)
    assert router.sh(f"ls {KEPT} /etc/banner 2>/dev/null || true") == "/etc/banner"
    router.sh(f"echo again >{KEPT}")
    router.off()
    assert router.overlay_bytes(0, 4) != DEADCODE
    router.to_up(login=True)
    assert not formatted(router)
    assert router.sh(f"cat {KEPT}") == "again"


@pytest.mark.parametrize("overlay", ["f2fs", "ext4"])
def test_overlay__filled_to_the_last_byte__boots_says_how_full_and_can_be_emptied(bench, overlay):
    router = bench(FAST, overlay=overlay)
    router.to_up(login=True)
    router.sh(f"echo 'my settings' >{KEPT}")
    router.sh("for bs in 1M 4k 512; do dd if=/dev/zero of=/big-$bs bs=$bs 2>/dev/null; done; sync", timeout=120)
    code, _ = router.serial.run("dd if=/dev/zero of=/etc/more bs=64k count=1 2>/dev/null")
    assert code != 0, "the overlay is not full"
    router.off()

    router.to_up(login=True)
    now = status(router)
    assert now["overlay"] == overlay, "a full overlay is still the owner's overlay"
    assert router.sh(f"cat {KEPT}") == "my settings", "a full overlay still has the owner's settings"
    assert now["overlay_used_percent"] >= 99
    assert f"{now['overlay_used_percent']} %" in now["notice"] and "delete something" in now["notice"]
    assert now["notice"] in router.console, "not told on the console"
    assert f"{now['overlay_used_percent']} % full at boot" in router.sh("lifeboat status")
    router.off()

    # In failsafe, as somebody does whose router no longer works
    router.to_failsafe()
    router.ssh("mount_root")
    assert "delete something" in router.ssh("lifeboat status")
    assert router.ssh(f"cat {KEPT}") == "my settings"
    router.ssh("rm /overlay/upper/big-* && sync")
    router.power_cut("kill")
    router.to_up(login=True)
    router.sh(f"echo saved >{KEPT}")
    router.off()
    router.to_up(login=True)
    assert router.sh(f"cat {KEPT}") == "saved"
    assert status(router)["overlay_used_percent"] < 50


def test_overlay__no_room_behind_the_squashfs__ram_and_a_loud_notice(bench):
    router = bench(FAST, overlay=0)
    router.to_up(login=True)
    now = status(router)
    assert now["overlay"] == "tmpfs"
    notice = "settings are in RAM and will be lost at the next reboot: there is no room for an overlay behind the root file system"
    assert now["notice"] == notice
    assert notice in router.console
    router.sh(f"echo lost >{KEPT}")
    router.off()
    # In failsafe too: console, status, banner
    router.power_on("failsafe=1")
    router.wait_failsafe()
    router.ssh("mount_root")
    assert notice in router.ssh("lifeboat status")
    assert router.ssh(f"ls {KEPT} 2>&1 || true").endswith("No such file or directory")
    router.serial.skip()
    router.shell()
    router.serial.send("exit\n")
    router.says("FAILSAFE MODE active.*Note: settings are in RAM")
