"""The virtual router with NOR flash: MTD partitions, JFFS2, and cuts of its power while it writes."""

import shutil

import pytest

from vrouter import EmuError, Router, build_images, load_board
from vrouter.images.build import default_lifeboat

pytestmark = [
    pytest.mark.skipif(not shutil.which("qemu-system-aarch64"), reason="qemu-system-arm is not installed"),
    pytest.mark.skipif(not shutil.which("aarch64-linux-gnu-gcc"), reason="gcc-aarch64-linux-gnu is not installed"),
]

WRITER = "i=0; while :; do i=$((i+1)); echo $i >/etc/t; sync; mv /etc/t /etc/counter; done"


def test_flash__two_boots_with_a_cut_between__partitions_and_settings():
    with Router("virt-nor", build_images("virt-nor", mode="plain"), network=False) as r:
        r.power_on()
        r.wait_up()
        r.serial.login()
        mtd = r.serial.run("cat /proc/mtd")[1]
        for part in r.board.storage["partition"]:
            assert f'{part["size"]:08x} 00040000 "{part["name"]}"' in mtd
        mounts = r.serial.run("cut -d' ' -f1-3 /proc/mounts")[1].splitlines()
        assert "/dev/mtdblock5 /rom squashfs" in mounts and "/dev/mtdblock6 /overlay jffs2" in mounts
        assert r.serial.run("flash_erase -q /dev/mtd2 0 1 && echo -n record >/dev/mtd2")[0] == 0
        r.serial.run("echo kept >/etc/kept; sync")
        r.serial.run(f"({WRITER} &)")
        r.serial.run("sleep 1")
        r.power_cut("torn", seed=3)
        start, size = r.partition("lifeboat")
        with open(r.disk, "rb") as flash:
            flash.seek(start)
            assert flash.read(7) == b"record\xff" and size == 0x100000

        r.power_on()
        r.wait_up()
        r.serial.login()
        assert r.serial.run("cat /etc/kept")[1] == "kept"
        assert int(r.serial.run("cat /etc/counter")[1]) > 0
        with pytest.raises(EmuError, match="no partition 'nix'"):
            r.partition("nix")


def test_cut__lose__a_chip_without_a_cache_loses_nothing_it_has_taken():
    with Router("virt-nor", build_images("virt-nor", mode="plain"), network=False) as r:
        r.power_on()
        r.wait_up()
        r.serial.login()
        assert r.serial.run("flash_erase -q /dev/mtd2 0 1 && echo -n taken >/dev/mtd2")[0] == 0
        r.power_cut("lose")
        with open(r.disk, "rb") as flash:
            flash.seek(r.partition("lifeboat")[0])
            assert flash.read(6) == b"taken\xff"


@pytest.mark.skipif(not default_lifeboat(load_board("virt-nor")).is_file(), reason="no static lifeboat: scripts/build --arch arm64")
def test_gate__root_on_mtd__up_on_jffs2_and_the_record_counts_boots():
    with Router("virt-nor", build_images("virt-nor"), network=False) as r:
        for boot in (1, 2):
            r.power_on()
            r.wait_up()
            r.serial.login()
            assert f"boot      {boot}" in r.serial.run("lifeboat status")[1]  # the record is in MTD=lifeboat
            assert " /overlay jffs2 rw" in r.serial.run("cat /proc/mounts")[1]
            r.power_cut()
