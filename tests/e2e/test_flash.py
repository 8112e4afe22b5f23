"""Overlays on flash: formatted once, kept over power cuts, reset mounted and not, damaged."""

import shutil

import pytest

from vrouter import Router, build_images

pytestmark = pytest.mark.skipif(not shutil.which("aarch64-linux-gnu-gcc"), reason="gcc-aarch64-linux-gnu is not installed")
KEPT = "/etc/config/kept"
RAM = "settings are in RAM and will be lost at the next reboot"


def up(router):
    router.power_on()
    router.wait_up()
    router.serial.login()


def has(router, path):
    return router.serial.run(f"ls {path}")[0] == 0


def failsafe(router):
    router.power_on("failsafe=1")
    router.serial.expect("- failsafe -", 40)
    router.serial.send("\n")
    router.serial.expect("# ", 20)
    router.serial.run("stty -echo cols 999; dmesg -n 1")


@pytest.mark.parametrize("board, fs", [("virt-nor", "jffs2"), ("virt-nand", "ubifs")])
def test_flash__life_of_an_overlay__formatted_kept_and_reset_both_ways(board, fs):
    with Router(board, build_images(board), network=False) as r:
        up(r)
        assert f" /overlay {fs} rw" in r.serial.run("cat /proc/mounts")[1]
        assert r.serial.run("readlink /overlay/.fs_state")[1] == "2"
        r.serial.run(f"echo mine >{KEPT}; mkdir -p /root/.ssh; echo key >/root/.ssh/k; sync")
        r.power_cut("kill")

        up(r)
        assert r.serial.run(f"cat {KEPT}")[1] == "mine"
        code, text = r.serial.run("factoryreset -y")
        assert code == 0, text
        assert not has(r, "/overlay/upper/root/.ssh")
        r.power_cut("kill")

        up(r)
        assert f" /overlay {fs} rw" in r.serial.run("cat /proc/mounts")[1]
        assert not has(r, KEPT) and not has(r, "/root/.ssh/k")
        r.serial.run(f"echo again >{KEPT}; sync")
        r.power_cut("kill")

        failsafe(r)
        code, text = r.serial.run("factoryreset -y")
        assert code == 0, text
        r.power_cut("kill")
        up(r)
        assert f" /overlay {fs} rw" in r.serial.run("cat /proc/mounts")[1]
        assert not has(r, KEPT)


def test_nor__overlay_of_unknown_bytes__ram_a_notice_and_left_alone():
    with Router("virt-nor", build_images("virt-nor"), network=False) as r:
        start, size = r.partition("rootfs_data")
        with open(r.disk, "r+b") as flash:
            flash.seek(start)
            flash.write(b"\x5a" * size)
        r.power_on()
        r.serial.expect(RAM, 40)
        r.wait_up()
        r.power_cut()
        with open(r.disk, "rb") as flash:
            flash.seek(start)
            assert flash.read(size) == b"\x5a" * size
