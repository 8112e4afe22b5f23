"""Damaged storage: what can be mended is mended, what cannot is left as it is, and the person is told."""

import json

import pytest

from lab import ADDRESS, FAST, RESCUE
from wires import LIFEBOAT_PORT, Capture, announcement

KEPT = "/etc/config/kept"
EXT4_SUPER_AT, F2FS_SUPERS_AT = 1024, (1024, 4096 + 1024)
SQUASHFS_INODES_AT = 64  # in its superblock: where the inode table starts (u64)
SQUASHFS_DATA_AT = 4096  # behind the superblock and the compressor's options: within the first file


def owner_saves(router):
    router.to_up(login=True)
    router.sh(f"echo mine >{KEPT}")
    router.off()


def status(router):
    return json.loads(router.sh("lifeboat status --json"))


def test_overlay__ext4_superblock_destroyed__mended_from_its_copy_and_nothing_is_lost(bench):
    router = bench(FAST, overlay="ext4")
    owner_saves(router)
    router.damage(EXT4_SUPER_AT, bytes(1024))
    router.to_up(login=True)
    assert (status(router)["overlay"], router.sh(f"cat {KEPT}")) == ("ext4", "mine")
    router.off()
    router.to_up(login=True)
    assert router.sh(f"cat {KEPT}") == "mine"


def test_overlay__f2fs_first_superblock_destroyed__mended_from_its_copy_and_nothing_is_lost(bench):
    router = bench(FAST)
    owner_saves(router)
    router.damage(F2FS_SUPERS_AT[0], bytes(512))
    router.to_up(login=True)
    assert (status(router)["overlay"], router.sh(f"cat {KEPT}")) == ("f2fs", "mine")


@pytest.mark.parametrize("overlay", ["f2fs", "ext4"])
def test_overlay__destroyed_beyond_repair__ram_a_loud_notice_and_not_formatted(bench, overlay):
    router = bench(FAST, overlay=overlay)
    owner_saves(router)
    size_bytes = router.overlay_area()[1]
    # Headers and every copy of them are gone; somewhere behind, the owner's data may still be
    router.damage(0, b"\x5a" * (size_bytes - (1 << 20)))
    before = router.overlay_hash()
    router.to_up(login=True)
    now = status(router)
    assert now["overlay"] == "tmpfs"
    assert now["notice"].startswith("settings are in RAM and will be lost at the next reboot: ")
    assert now["notice"] in router.console
    router.sh(f"echo new >{KEPT}")
    router.off()
    assert router.overlay_hash() == before, "data that somebody may want to save was written over"
    router.to_failsafe()
    router.ssh("mount_root")
    assert "settings are in RAM" in router.ssh("lifeboat status")
    router.power_cut("kill")
    assert router.overlay_hash() == before


def rescued(router, wire, why):
    """A router whose system cannot be used: the kit of the initramfs lets a person in, and everything says why."""
    router.power_on()
    router.says(r"^- rescue -\r?$")
    router.leds.wait_for(RESCUE, timeout=20)
    found = json.loads(router.ssh("lifeboat status --json"))
    assert (found["state"], found["reason"], found["failsafe_available"]) == ("rescue", "no-root", False)
    assert why in found["detail"], found["detail"]
    assert f"lifeboat: {found['detail']}" in router.console
    shell = router.shell()
    assert "RESCUE MODE active" in router.console and f"Why: {found['detail']}." in router.console
    assert shell("cat /proc/sys/kernel/hostname") == "lifeboat-rescue"
    said = [announcement(packet.payload) for packet in wire.udp(LIFEBOAT_PORT)]
    assert said and all((words["state"], words["reason"]) == ("rescue", "no-root") for words in said)
    assert any(words["why"] == found["detail"] for words in said)
    assert router.pc(f"ping -c 1 -W 5 {ADDRESS}").returncode == 0
    assert "root the rescue kit has" in router.ssh("echo 'root the rescue kit has' >/tmp/x && cat /tmp/x")
    code, text = router.serial.run("lifeboat continue")
    assert code != 0 and "not in failsafe" in text
    assert found["detail"] in router.ssh("lifeboat log")


def capture(router, tmp_path):
    return Capture(router.pc_popen, "lan1", tmp_path / "lan.pcap", "udp")


def test_squashfs__superblock_destroyed__rescue(bench, tmp_path):
    router = bench(FAST)
    wire = capture(router, tmp_path)
    router.damage(0, bytes(4096), area=router.partition("rootfs")[0])
    rescued(router, wire, "there is no file system on the root device")


def test_squashfs__data_blocks_destroyed__rescue_and_not_a_panic(bench, tmp_path):
    router = bench(FAST)
    wire = capture(router, tmp_path)
    start = router.partition("rootfs")[0]
    with open(router.disk, "rb") as disk:
        disk.seek(start + SQUASHFS_INODES_AT)
        inodes_at = int.from_bytes(disk.read(8), "little")
    router.damage(SQUASHFS_DATA_AT, b"\xa5" * (inodes_at - SQUASHFS_DATA_AT), area=start)
    rescued(router, wire, "is damaged")


def test_root_partition__not_there__rescue(bench, tmp_path):
    router = bench(FAST, {'root = "PARTLABEL=rootfs"': 'root = "PARTLABEL=nowhere"'})
    wire = capture(router, tmp_path)
    rescued(router, wire, "the root device PARTLABEL=nowhere did not appear")


def test_record__both_copies_destroyed__boots_and_counts_anew(bench):
    router = bench(FAST)
    router.to_up()
    router.off()
    start, size_bytes = router.partition("lifeboat")
    router.damage(0, b"\xff" * size_bytes, area=start)
    router.to_up(login=True)
    assert status(router)["boot_count"] == 1
    assert status(router)["overlay"] == "f2fs"


def test_ext4_root__failsafe_is_not_available__it_says_why_and_boots(bench):
    router = bench(FAST, root="ext4")
    router.power_on("failsafe=1")
    router.says("failsafe is not available here: the root file system is ext4, not squashfs with an overlay")
    router.wait_window()
    router.serial.send("f\n")
    router.button("reset").press(0.2)
    router.wait_up(60)
    assert not router.said("- failsafe -") and not router.said("Press the [f]")
    router.serial.login()
    now = status(router)
    assert (now["state"], now["root"], now["failsafe_available"]) == ("running", "ext4", False)
    assert now["failsafe_why_not"].startswith("failsafe is not available here: the root file system is ext4")
    router.sh(f"echo mine >{KEPT}; sync")
    router.off()
    router.to_up(login=True)
    assert router.sh(f"cat {KEPT}") == "mine"
