"""The virtual router with NAND flash: UBI volumes, UBIFS, and cuts of its power while it writes."""

import shutil

import pytest

from vrouter import EmuError, Router, build_images, load_board
from vrouter.images import nand
from vrouter.images.build import default_lifeboat

pytestmark = [
    pytest.mark.skipif(not shutil.which("qemu-system-aarch64"), reason="qemu-system-arm is not installed"),
    pytest.mark.skipif(not shutil.which("aarch64-linux-gnu-gcc"), reason="gcc-aarch64-linux-gnu is not installed"),
]

WRITER = "i=0; while :; do i=$((i+1)); echo $i >/etc/t; sync; mv /etc/t /etc/counter; done"


def test_volumes__of_a_board_file__made_in_their_order():
    script = nand.volumes_script([{"name": "a", "kib": 252}, {"name": "b", "kib": 8, "holds": "root"}, {"name": "c"}])
    assert script.splitlines() == [
        "ubimkvol /dev/ubi0 -n 0 -N a -t dynamic -s 252KiB",
        "ubimkvol /dev/ubi0 -n 1 -N b -t dynamic -s 8KiB",
        "ubiupdatevol /dev/ubi0_1 /rootfs.img",
        "ubimkvol /dev/ubi0 -n 2 -N c -t dynamic -m",
    ]


def test_flash__two_boots_with_a_cut_between__volumes_and_settings():
    with Router("virt-nand", build_images("virt-nand", mode="plain"), network=False) as r:
        r.power_on()
        r.wait_up()
        r.serial.login()
        assert r.serial.run("cat /sys/class/ubi/ubi0_*/name")[1].split() == ["lifeboat", "rootfs", "rootfs_data"]
        mounts = r.serial.run("cut -d' ' -f1-3 /proc/mounts")[1].splitlines()
        assert "/dev/ubiblock0_1 /rom squashfs" in mounts and "ubi0:rootfs_data /overlay ubifs" in mounts
        assert r.serial.run("echo record >/tmp/r; ubiupdatevol /dev/ubi0_0 /tmp/r")[0] == 0
        r.serial.run("echo kept >/etc/kept; sync")
        r.serial.run(f"({WRITER} &)")
        r.serial.run("sleep 1")
        r.power_cut("torn", seed=3)
        with pytest.raises(EmuError, match="choose one of kernel, ubi"):
            r.partition("rootfs_data")

        r.power_on()
        r.wait_up()
        r.serial.login()
        assert r.serial.run("head -n 1 /dev/ubi0_0; cat /etc/kept")[1] == "record\nkept"
        assert int(r.serial.run("cat /etc/counter")[1]) > 0
        assert r.serial.run("dmesg | grep -c 'ubi0.*empty'")[1] == "0"
        assert r.power_off() is True


@pytest.mark.skipif(not default_lifeboat(load_board("virt-nand")).is_file(), reason="no static lifeboat: scripts/build --arch arm64")
def test_gate__root_on_ubi__up_on_ubifs():
    with Router("virt-nand", build_images("virt-nand"), network=False) as r:
        r.power_on()
        r.wait_up()
        r.serial.login()
        mounts = r.serial.run("cut -d' ' -f1-3 /proc/mounts")[1].splitlines()
        assert "/dev/ubiblock0_1 /rom squashfs" in mounts and any(m.endswith(" /overlay ubifs") for m in mounts)
