"""Flash that is not ready: the router is up at once, on RAM, and moves to the flash while it runs."""

import json
import re
import shutil

import pytest

from lab import LONG
from vrouter import Router, build_images

pytestmark = pytest.mark.skipif(not shutil.which("aarch64-linux-gnu-gcc"), reason="gcc-aarch64-linux-gnu is not installed")

HELD_BACK = "hold_done"  # on the kernel command line: the test itself says when the system is up
LAST_SCRIPT = f"#!/bin/sh\ngrep -q {HELD_BACK} /proc/cmdline || mount_root done\n"
UNTIL_READY = "settings are in RAM until the flash is ready, and are moved there"
LARGE = "dd if=/dev/urandom of=/opt/big bs=1M count={} 2>/dev/null"
LOST = "settings are in RAM and will be lost at the next reboot"

# What the owner does before the flash is ready
CHANGES = [
    "echo mine >/etc/config/kept; mkdir -p /root/.ssh; echo key >/root/.ssh/k",
    "rm /etc/banner",  # of the ROM
    "rm -r /www; mkdir /www; echo x >/www/.mine",  # an opaque directory
    "mkdir /opt; ln /etc/config/kept /opt/linked; chown 7:8 /root/.ssh/k",
    "mkdir -p '/media/my stick'; mount -t tmpfs stick '/media/my stick'; echo photo >'/media/my stick/p'",
    "(sh -c 'exec 5>>/opt/log; echo begun >&5; while sleep 1; do :; done' >/dev/null 2>&1 &)",
]


@pytest.fixture
def router():
    images = build_images("virt-nor", squashfs_extra={"etc/init.d/S95done": LAST_SCRIPT})
    with Router("virt-nor", images, network=False) as r:
        yield r


def up(router, append=""):
    router.power_on(append)
    router.wait_up(60)
    router.serial.login()
    return router.now()


def sh(router, command, timeout=60):
    code, text = router.serial.run(command, timeout)
    assert code == 0, f"{command!r} ends with {code}: {text}"
    return text


def status(router):
    return json.loads(sh(router, "lifeboat status --json"))


def is_on(router, fs):
    return re.search(rf"^\S+ /overlay {fs} rw", sh(router, "cat /proc/mounts"), re.M) is not None


def assert_changed(router):
    assert sh(router, "cat /etc/config/kept /root/.ssh/k /www/.mine") == "mine\nkey\nx"
    assert sh(router, "ls -A /www; ls -d /etc/banner 2>/dev/null || true") == ".mine"
    assert sh(router, "stat -c '%h %u %g' /opt/linked /root/.ssh/k") == "2 0 0\n1 7 8"


def assert_new(router):
    assert is_on(router, "jffs2") and status(router)["overlay"] == "jffs2"
    assert sh(router, "ls /etc/config/kept /opt/big /overlay/upper.new 2>/dev/null || true") == ""
    assert sh(router, "cat /etc/banner") != ""


def test_blank_flash__changes_before_it_is_ready__are_there_after_the_move_and_a_power_cut(router):
    blank = up(router, HELD_BACK)
    told = status(router)
    assert is_on(router, "tmpfs") and told["overlay"] == "tmpfs" and told["notice"].startswith(UNTIL_READY)
    assert UNTIL_READY in router.serial.text
    for line in CHANGES:
        sh(router, line)

    said = sh(router, "mount_root done 2>&1")
    assert "settings were moved from RAM to the flash" in said
    assert re.search(r"sh \(process \d+\) still writes /opt/log in RAM: restart it", said)
    assert is_on(router, "jffs2")
    now = status(router)
    assert now["overlay"] == "jffs2" and now["notice"] == "" and now["state"] == "running"
    assert sh(router, "readlink /overlay/.fs_state") == "2"
    assert_changed(router)
    assert sh(router, "cat '/media/my stick/p'") == "photo"
    mounts = sh(router, "cat /proc/mounts")
    assert " /mnt" not in mounts and re.search(r" /rom squashfs ", mounts)
    assert mounts.count(" /proc ") == mounts.count(" /tmp ") == mounts.count(" /dev ") == 1
    sh(router, "mount_root done")  # nothing is left to be done
    sh(router, "mkdir -p /overlay/upper.new/.half; echo x >/overlay/upper.new/.half/f")  # as a board without record keeps it
    sh(router, "echo later >/etc/config/later; sync")
    router.power_cut("kill")

    formatted = up(router)
    assert is_on(router, "jffs2")
    assert_changed(router)
    assert sh(router, "cat /etc/config/later; ls -d /overlay/upper.new 2>/dev/null || true") == "later"
    print(f"from power to login: {blank:.1f} s with blank flash, {formatted:.1f} s with an overlay on it")


def begin_long_move(router):
    """Returns while a large file is being copied to the flash."""
    sh(router, f"echo mine >/etc/config/kept; mkdir -p /opt; {LARGE.format(12)}; (mount_root done &)")
    sh(router, "until ls /overlay/.flash/upper.new/opt/.lifeboat.new >/dev/null 2>&1; do usleep 5000; done")


def test_move__reset_meanwhile_then_cut_while_erasing_and_while_copying__a_new_overlay_each_time(router):
    up(router, HELD_BACK)
    begin_long_move(router)
    assert "will be erased on next mount" in sh(router, "factoryreset -y 2>&1")
    assert "a factory reset was asked for" in sh(router, "mount_root done 2>&1")
    assert is_on(router, "tmpfs") and sh(router, "ls -A /overlay/.flash") == ""
    router.power_cut("kill")

    up(router, HELD_BACK)
    router.serial.send("mount_root done\n")
    router.serial.expect("is being erased for the overlay", 20)
    router.power_cut("kill")

    up(router, HELD_BACK)
    assert is_on(router, "tmpfs") and status(router)["notice"].startswith(UNTIL_READY)
    begin_long_move(router)
    router.power_cut("kill")

    up(router)
    assert_new(router)
    assert "complete" in status(router)["last_reset"]


@pytest.mark.skipif(not LONG, reason="fills the flash: LIFEBOAT_LONG=1")
def test_move__more_than_the_flash_holds__stays_on_ram_and_moves_when_there_is_room(router):
    up(router, HELD_BACK)
    sh(router, "echo mine >/etc/config/kept; mkdir -p /opt; " + LARGE.format(40))
    said = sh(router, "mount_root done 2>&1", timeout=300)
    assert LOST in said and "does not fit on the flash" in said
    assert is_on(router, "tmpfs") and status(router)["notice"].startswith(LOST)
    assert sh(router, "cat /etc/config/kept; wc -c </opt/big") == f"mine\n{40 << 20}"
    sh(router, "rm /opt/big; mount_root done", timeout=300)
    assert is_on(router, "jffs2") and status(router)["notice"] == ""
    router.power_cut("kill")
    up(router)
    assert sh(router, "cat /etc/config/kept") == "mine"
