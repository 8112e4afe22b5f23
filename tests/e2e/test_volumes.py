"""Where the overlay lies: a partition of its own, behind an EROFS root; which place is taken, and which never."""

import gzip
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from lab import ADDRESS, FAST, LONG
from reset import SECRET, assert_new, assert_normal_again, bytes_left, owned, reset, restarted, status
from vrouter import Router, build_images, load_board
from vrouter.images.guest import Guest

KEPT = "/etc/config/kept"
RAM = "settings are in RAM and will be lost at the next reboot: "
DEADCODE = bytes.fromhex("DEADC0DE")
# The disk is larger than 100 MiB, the overlay's partition is not: OpenWrt would make it f2fs by the size of the disk
PARTITION = {"overlay": 0, "parts": (("other", 128), ("rootfs_data", 64))}
TWO = {"overlay": 0, "parts": (("rootfs_data", 32), ("rootfs_data", 32))}


def kinds(router):
    """(device, file system) of the mounted overlay."""
    return tuple(router.sh("grep ' /overlay ' /proc/mounts").split()[0:3:2])


def part(router, label):
    start, size = router.partition(label)
    with open(router.disk, "rb") as disk:
        disk.seek(start)
        return disk.read(size)


def ram(router, why):
    """Up on a RAM overlay, with one notice."""
    now = status(router)
    assert now["overlay"] == "tmpfs" and now["notice"].startswith(RAM), now
    assert why in now["notice"], now["notice"]
    assert router.console.count(RAM) >= 1


def test_partition__mounted__formatted_by_its_own_size_kept_and_reset(bench):
    router = owned(bench, **PARTITION)
    assert kinds(router) == ("/dev/vda4", "ext4")
    router.power_cut("kill")
    router.to_up(login=True)
    assert router.sh(f"cat {KEPT}") == SECRET, "the overlay was not kept"
    code, said = reset(router)
    assert code == 0 and "/dev/vda4 is mounted as /overlay, only erasing files" in said, said
    router.power_cut("kill")
    assert router.overlay_bytes(0, 1024) == DEADCODE + bytes(1020)
    router.to_up(login=True)
    assert_new(router)
    assert kinds(router) == ("/dev/vda4", "ext4")
    assert not any(part(router, "other")[:1 << 20]), "the partition beside it was written to"
    assert_normal_again(router)


def test_partition__not_mounted__marked_and_erased(bench):
    router = owned(bench, **PARTITION)
    router.off()
    router.to_failsafe()
    shell = router.shell()
    code, said = reset(router, "-n")
    assert code == 0 and "the overlay of 64 MiB on /dev/vda4 would be erased" in said
    shell("mkdir -p /tmp/x && mount /dev/vda4 /tmp/x")
    code, said = reset(router)
    assert code == 1 and "/dev/vda4 is mounted on /tmp/x and not as the overlay: unmount it first" in said, said
    shell("umount /tmp/x; mkfs.ext4 -q -F /dev/vda3 && mount -t ext4 /dev/vda3 /overlay")
    code, said = reset(router)
    assert code == 1 and "what is mounted on /overlay is not the overlay of this device, which is /dev/vda4" in said, said
    shell("umount /overlay")
    assert bytes_left(router, SECRET) > 0
    code, said = reset(router, "-y --erase")
    assert code == 0 and "the overlay on /dev/vda4 was overwritten in" in said, said
    router.power_cut("kill")
    assert bytes_left(router, SECRET) == 0
    assert router.overlay_bytes(0, 65536) == DEADCODE + bytes(65532)
    router.to_up(login=True)
    assert_new(router)

    # and while the system runs from it
    router.sh(f"echo {SECRET} >{KEPT}; sync")
    router.serial.send("factoryreset -y --erase -r\n")
    router.wait_reset()
    router.power_cut("kill")
    assert bytes_left(router, SECRET) == 0
    assert router.overlay_bytes(0, 65536) == DEADCODE + bytes(65532)
    router.to_up(login=True)
    assert kinds(router) == ("/dev/vda4", "ext4")


def test_partition__kernel_words_of_openwrt__are_heeded(bench):
    """fstools_ignore_partname=1 falls back to the room behind the root; fstools_overlay_name names another place."""
    router = bench(FAST, overlay=32, parts=(("rootfs_data", 32), ("second", 32)))
    router.to_up(login=True, append="fstools_ignore_partname=1")
    assert kinds(router) == ("/dev/loop0", "ext4")
    assert not any(part(router, "rootfs_data")), "the partition was written to"
    router.off()
    router.to_up(login=True, append="fstools_overlay_name=second")
    assert kinds(router) == ("/dev/vda4", "ext4")
    router.off()
    router.to_up(login=True, append="fstools_overlay_name=nowhere")
    ram(router, "there is no volume of the name that fstools_overlay_name asks for")
    code, said = reset(router)
    assert (code, said.count("\n")) == (1, 0) and "fstools_overlay_name" in said, said
    assert not any(part(router, "rootfs_data"))


def test_two_partitions_of_the_name__ram_and_the_reset_refuses(bench):
    router = bench(FAST, **TWO)
    before = router.disk.read_bytes()
    router.to_up(login=True)
    ram(router, "more than one place for the overlay is called rootfs_data")
    for words in ("-y", "-yk", "-yr --erase"):
        code, said = reset(router, words)
        assert (code, said.count("\n")) == (1, 0) and "nothing was reset" in said, said
    router.off()
    start = router.partition("rootfs")[0]
    assert router.disk.read_bytes()[start:] == before[start:], "one of them was written to"


def stick(folder):
    """A USB stick with a GPT partition that has the overlay's label, full of somebody's data."""
    image = folder / "stick.img"
    with open(image, "wb") as out:
        out.truncate(16 << 20)
    env = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
    subprocess.run(["sfdisk", "-q", str(image)], input='label: gpt\nstart=2048, size=24576, name="rootfs_data"\n',
                   text=True, env=env, check=True)
    with open(image, "r+b") as out:
        out.seek(1 << 20)
        out.write(DEADCODE)
    return image


def test_usb_stick_of_the_same_label__is_never_the_overlay(bench, tmp_path):
    router = bench(FAST)
    router.power_on("failsafe=1")
    image = stick(tmp_path)
    router.wait_failsafe()
    before = image.read_bytes()
    router.usb_plug(image)
    shell = router.shell()
    shell("for i in $(seq 50); do grep -qs PARTNAME=rootfs_data /sys/class/block/sd*/uevent && break; usleep 100000; done")
    assert shell("grep -l PARTNAME=rootfs_data /sys/class/block/*/uevent") == "/sys/class/block/sda1/uevent"
    code, said = reset(router)
    assert code == 0 and "the overlay on /dev/vda2 is not mounted" in said, said
    shell("mount_root")
    assert kinds(router)[0].startswith("/dev/loop")
    router.power_cut("kill")
    assert image.read_bytes() == before


def test_archive_at_the_start_of_the_overlay__left_alone_until_a_reset(bench):
    """What OpenWrt's sysupgrade leaves on eMMC: settings to be restored. A device that moves from OpenWrt keeps them."""
    router = bench(FAST, **PARTITION)
    settings = os.urandom(100_000)
    router.damage(0, gzip.compress(settings))
    before = router.overlay_hash()
    router.to_up(login=True)
    ram(router, "saved settings that OpenWrt's sysupgrade left there")
    assert router.sh("zcat /dev/vda4 2>/dev/null | md5sum").split()[0] == hashlib.md5(settings).hexdigest(), "cannot be saved"
    assert router.overlay_hash() == before
    code, said = reset(router)
    assert code == 0, said
    router.off()
    assert router.overlay_bytes(0, 1024) == DEADCODE + bytes(1020)
    router.to_up(login=True)
    assert kinds(router) == ("/dev/vda4", "ext4")


@pytest.mark.parametrize("overlay, mode", [("f2fs", "initramfs"), ("ext4", "init")][: 2 if LONG else 1])
def test_erofs_root__overlay_behind_it__life_and_reset(bench, overlay, mode):
    router = owned(bench, root="erofs", overlay=overlay, mode=mode)
    assert router.sh("grep ' /rom ' /proc/mounts").split()[2] == "erofs"
    assert kinds(router)[1] == overlay and kinds(router)[0].startswith("/dev/loop")
    assert status(router)["root"] == "erofs"
    router.power_cut("kill")
    router.to_up(login=True)
    assert router.sh(f"cat {KEPT}") == SECRET
    code, said = reset(router)
    assert code == 0, said
    router.serial.send("reboot\n")
    restarted(router)
    assert_new(router)
    assert router.sh("uci get network.lan.ipaddr") == ADDRESS


def test_partition__protected_by_the_board_file__is_not_used_and_no_reset_touches_it(bench):
    router = bench(FAST, {'record = "PARTLABEL=lifeboat"': 'record = "PARTLABEL=lifeboat"\n\tprotected = {"ROOTFS_DATA"}'},
                   **PARTITION)
    router.damage(0, DEADCODE)
    router.to_up(login=True)
    ram(router, "the place of the overlay is protected")
    for words in ("-y", "-yk", "-n", "-yr --erase"):
        code, said = reset(router, words)
        assert (code, said.count("\n")) == (1, 0) and "nothing was reset" in said, said
    router.off()
    data = part(router, "rootfs_data")
    assert data[:4] == DEADCODE and not any(data[4:])


def test_device_that_reports_errors__nothing_half_done_and_all_is_there_afterwards(bench):
    router = bench(FAST, **PARTITION)
    router.to_up(login=True)
    router.sh(f"echo mine >{KEPT}; sync")
    router.off()
    start, before = router.overlay_area()[0], router.overlay_hash()
    router.disk_faults = (("write", start),)
    router.to_failsafe()
    shell = router.shell()
    shell("blockdev --setro /dev/vda4")
    code, said = reset(router)
    assert (code, said.count("\n")) == (1, 0) and "/dev/vda4 cannot be opened for writing" in said, said
    shell("blockdev --setrw /dev/vda4")
    for words in ("-y", "-y --erase"):
        code, said = reset(router, words)
        assert code == 1, said
        assert "the marker that asks for the reset could not be written, or did not read back" in said
    router.power_cut("kill")
    assert router.overlay_hash() == before
    router.disk_faults = (("read", start),)
    router.to_up(login=True)
    ram(router, "the place of the overlay cannot be read: its device reports errors")
    router.off()
    assert router.overlay_hash() == before
    router.disk_faults = ()
    router.to_up(login=True)
    assert router.sh(f"cat {KEPT}") == "mine"


def test_kernel_without_overlayfs__root_stays_read_only_and_nothing_is_lost(bench):
    guest = Guest(load_board("virt-disk"), b"", Path("/dev/null"))
    lines = guest.initramfs("initramfs", {}).entries["etc/lifeboat/modules"].data.decode().splitlines(True)
    fewer = "".join(line for line in lines if not line.strip().endswith("/overlay.ko"))
    assert fewer.count("\n") == len(lines) - 1
    router = bench(FAST, initramfs_extra=(("etc/lifeboat/modules", fewer),))
    router.power_on()
    router.says("the root file system stays read-only: the overlay could not be put over the root: is overlayfs in the kernel")


@pytest.mark.skipif(not shutil.which("aarch64-linux-gnu-gcc"), reason="gcc-aarch64-linux-gnu is not installed")
def test_calibration_on_flash__every_kind_of_reset__same_bytes():
    with Router("virt-nor", build_images("virt-nor"), network=False) as r:
        kept = {name: part(r, name) for name in ("factory", "u-boot-env")}
        assert len(set(kept["factory"])) == 256, "it holds nothing that could be lost"
        for append, words in (("", "-y"), ("", "-y --erase -r"), ("failsafe=1", "-y"), ("failsafe=1", "-y --erase")):
            r.power_on(append)
            if append:
                r.serial.expect("- failsafe -", 40)
                r.serial.send("\n")
                r.serial.expect("# ", 20)
                r.serial.run("stty -echo cols 999; dmesg -n 1")
            else:
                r.wait_up()
                r.serial.login()
            if "-r" in words.split():
                r.serial.send(f"factoryreset {words}\n")
                r.wait_reset()
            else:
                code, said = r.serial.run(f"factoryreset {words} 2>&1", 60)
                assert code == 0, said
            r.power_cut("kill")
            assert {name: part(r, name) for name in kept} == kept, words
