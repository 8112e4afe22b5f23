"""lifeboat as init= of a squashfs that the kernel has mounted; a USB stick."""

import json

from lab import FAST, LIT, wait_until

MIB = 1 << 20


def test_init_on_squashfs__window_passes__the_system_comes_up_on_its_overlay(bench):
    router = bench(FAST, mode="init")
    router.power_on()
    router.wait_window()
    router.wait_up(60)
    router.leds.wait_for(LIT)
    router.serial.login()
    now = json.loads(router.sh("lifeboat status --json"))
    assert (now["state"], now["reason"], now["root"], now["overlay"]) == ("running", "window-over", "squashfs", "f2fs")
    router.sh("echo mine >/etc/config/kept")
    router.off()
    router.to_up(login=True)
    assert router.sh("cat /etc/config/kept") == "mine"


def test_init_on_squashfs__button__failsafe_mount_root_and_on_with_the_boot(bench):
    router = bench(mode="init")
    router.power_on()
    router.wait_window()
    router.button("reset").press(0.2)
    router.wait_failsafe()
    now = router.status()
    assert (now["state"], now["reason"], now["root"]) == ("failsafe", "button", "squashfs")
    router.ssh("mount_root && echo mine >/etc/config/kept")
    router.go_on()
    router.wait_up(60)
    router.serial.login()
    assert router.sh("cat /etc/config/kept") == "mine"


def test_usb_stick__plugged_and_pulled__the_system_sees_it_and_its_content(bench, tmp_path):
    stick = tmp_path / "stick.img"
    stick.write_bytes(b"on the stick".ljust(4 * MIB, b"\0"))
    router = bench()
    router.to_up(login=True)
    there = "ls /sys/class/block | grep -c sd || true"
    assert router.sh(there) == "0"
    router.usb_plug(stick)
    wait_until(lambda: router.sh(there) != "0", what="the stick")
    assert router.sh("head -c 12 /dev/sda") == "on the stick"
    router.sh("printf written | dd of=/dev/sda bs=512 seek=1 conv=fsync 2>/dev/null")
    router.usb_pull()
    wait_until(lambda: router.sh(there) == "0", what="the end of the stick")
    assert stick.read_bytes()[512:519] == b"written"
