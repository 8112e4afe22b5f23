"""The PC among the virtual routers, booted through lifeboat: a key as its button, a keyboard lamp as its LED."""

import os
import shutil
import time

import pytest

from vrouter import Blink, Router, build_images, load_board
from vrouter.images.build import default_lifeboat

BOARD = load_board("virt-x86")
LED = "input0::capslock"
pytestmark = [
    pytest.mark.skipif(not shutil.which("qemu-system-x86_64"), reason="qemu-system-x86 is not installed"),
    pytest.mark.skipif(not default_lifeboat(BOARD).is_file(), reason="no static lifeboat: scripts/build --arch amd64"),
]


def test_gate__window_then_cut_then_key_in_the_window__up_then_failsafe_with_the_settings():
    with Router(BOARD, build_images(BOARD), network=os.geteuid() == 0) as r:
        r.power_on()
        r.serial.expect("to enter failsafe mode", 30)
        window = r.leds.wait_for(Blink(LED, 100, 100))
        r.wait_up()
        assert r.leds.blink_hz(LED, window, window + 3) == pytest.approx(5, rel=0.05)
        r.serial.login()
        assert r.serial.run("awk '$2 == \"/overlay\" { print $3 }' /proc/mounts")[1] == "f2fs"
        r.serial.run("echo kept >/etc/kept; sync")
        r.power_cut()

        r.power_on()
        r.serial.expect("to enter failsafe mode", 30)
        time.sleep(0.3)
        r.button("reset").press(0.3)
        r.serial.expect("button 'reset' was pressed in the window", 10)
        if r.net:
            shown = r.pc("for i in 1 2 3 4 5 6 7 8; do ssh-keyscan -T 2 192.168.1.1 2>/dev/null && break; sleep 0.5; done")
            assert "192.168.1.1 ssh-" in shown.stdout
        r.serial.send("\n")
        r.serial.expect(r"# (\x1b\[6n)?$")
        assert r.serial.run("mount_root >/dev/null 2>&1; cat /etc/kept")[1] == "kept"


def test_key__held_from_power_on__is_down_when_the_kernel_looks():
    with Router(BOARD, build_images(BOARD, mode="plain"), network=False, recorder=False) as r:
        r.power_on(hold=["reset"])
        r.wait_up()
        r.serial.login()
        # An event is six 32-bit words, type and code in the fifth: type 1 = key, code 88 = F12, value 2 = it repeats
        events = "dd if=/dev/input/event0 bs=24 count=8 2>/dev/null | hexdump -v -e '6/4 \"%u \" \"\\n\"'"
        words = [line.split() for line in r.serial.run(events)[1].splitlines()]
        assert [str(88 << 16 | 1), "2"] in [w[4:] for w in words]
        r.button("reset").release()
        assert r.power_off() is True
