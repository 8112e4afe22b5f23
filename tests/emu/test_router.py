"""A whole virtual router, booted without lifeboat: power, buttons, LEDs, console, network, disk, stick."""

import os
import shutil
import subprocess
import time

import pytest

from vrouter import Blink, EmuError, Router, build_images
from vrouter.control import Client, ControlServer

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root"),
    pytest.mark.skipif(not shutil.which("qemu-system-aarch64"), reason="qemu-system-arm is not installed"),
]

SSH = "sshpass -p lifeboat ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
EV_KEY = 1
UP_LIMIT_S = 12  # 3 s on an idle machine; a loaded one takes its time


@pytest.fixture(scope="module")
def images():
    return build_images(mode="plain")


@pytest.fixture(scope="module")
def router(images):
    """One that is up, with a shell on its console."""
    with Router(images=images) as r:
        r.power_on()
        r.wait_up()
        r.serial.login()
        yield r


@pytest.fixture(scope="module")
def keys(router):
    """Lets the guest write its key events down: an event is six 32-bit words, type and code in the fifth."""
    router.serial.run("(hexdump -v -e '6/4 \"%u \" \"\\n\"' /dev/input/event0 >/tmp/keys &)")
    time.sleep(0.3)


def key_events(router, code):
    """The values (1 pressed, 0 released) of a key since the last call."""
    time.sleep(0.3)
    _, text = router.serial.run("cat /tmp/keys; : >/tmp/keys")
    words = [line.split() for line in text.splitlines()]
    return [int(w[5]) for w in words if int(w[4]) == code << 16 | EV_KEY]


def test_plain_boot__cold_start__up_within_seconds(router):
    uptime = float(router.serial.run("cut -d' ' -f1 /proc/uptime")[1])
    assert router.powered and uptime < router.now()
    assert router.serial.text.count("router: up") == 1
    assert router.serial.time_of(router.serial.text.index("router: up")) < UP_LIMIT_S


def test_web_page__from_the_pc__answers(router):
    assert "The router is up" in router.pc("curl -s -m 10 http://192.168.1.1/").stdout
    assert '"hostname": "lifeboat"' in router.pc("curl -s -m 10 http://192.168.1.1/cgi-bin/status").stdout


def test_web_page__from_the_wan__not_reached(router):
    assert router.wan("curl -s -m 2 http://192.168.1.1/").returncode != 0


def test_ssh__with_the_password__root_and_without__refused(router):
    assert router.pc(f"{SSH} root@192.168.1.1 id -u").stdout == "0\n"
    refused = router.pc(SSH.replace("-p lifeboat", "-p ''") + " -o NumberOfPasswordPrompts=1 root@192.168.1.1 id -u")
    assert refused.returncode != 0 and refused.stdout == ""


@pytest.mark.parametrize("protocol", ["", "-O"])
def test_scp__both_ways__same_bytes(router, tmp_path, protocol):
    scp = SSH.replace(" ssh ", " scp ") + f" -q {protocol}"
    (tmp_path / "there").write_bytes(os.urandom(100_000))
    done = router.pc(f"{scp} {tmp_path}/there root@192.168.1.1:/tmp/x && {scp} root@192.168.1.1:/tmp/x {tmp_path}/back")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "there").read_bytes() == (tmp_path / "back").read_bytes()


@pytest.mark.parametrize("name, code", [("reset", 0x198), ("wps", 0x211)])
def test_button__pressed__one_press_and_one_release(router, keys, name, code):
    router.button(name).press(0.3)
    assert key_events(router, code) == [1, 0]


def test_button__chatter__ends_released(router, keys):
    router.button("reset").bounce(30, 10)
    assert key_events(router, 0x198)[-1:] in ([], [0])
    router.button("reset").press(0.2)
    assert key_events(router, 0x198)[-2:] == [1, 0]


def test_led__blinks_by_the_kernels_timer__measured(router):
    led = "/sys/class/leds/green:status"
    router.serial.run(f"echo timer >{led}/trigger; echo 200 >{led}/delay_on; echo 200 >{led}/delay_off")
    began = router.leds.wait_for(Blink("green:status", 200, 200), after=router.now())
    router.serial.run(f"echo none >{led}/trigger")
    assert router.leds.blink_hz("green:status", began) == pytest.approx(2.5, rel=0.05)
    assert router.leds.state()["green:status"] is False


def test_led__rgb__each_line_its_colour(router):
    for colour in ("red", "green", "blue"):
        router.serial.run(f"echo 1 >/sys/class/leds/{colour}:rgb/brightness")
        assert router.leds.state()[f"{colour}:rgb"] is True
        router.serial.run(f"echo 0 >/sys/class/leds/{colour}:rgb/brightness")


def test_cable__pulled_and_moved__guest_sees_the_link(router):
    def carrier(port):
        return router.serial.run(f"sleep 0.2; cat /sys/class/net/{port}/carrier")[1]

    assert carrier("eth0") == "1"
    router.move_cable("lan2")
    assert (carrier("eth0"), carrier("eth1")) == ("0", "1")
    assert "router is up" in router.pc("curl -s -m 10 --retry 5 --retry-connrefused http://192.168.1.1/").stdout
    router.move_cable("lan1")
    assert (carrier("eth0"), carrier("eth1")) == ("1", "0")
    router.cable("lan2", True)


def test_usb__stick_plugged_and_pulled__disk_comes_and_goes(router, tmp_path):
    stick = tmp_path / "stick.img"
    stick.write_bytes(b"RESCUE".ljust(1 << 20, b"\0"))
    router.usb_plug(stick)
    assert router.serial.run("for i in $(seq 50); do [ -b /dev/sda ] && break; sleep 0.1; done; head -c 6 /dev/sda")[1] == "RESCUE"
    router.usb_pull()
    assert router.serial.run("for i in $(seq 50); do [ -b /dev/sda ] || break; sleep 0.1; done; ls /dev/sda")[0] != 0
    assert router.stick is None


def test_control__socket__press_led_serial_status(router, keys):
    with ControlServer(router), Client(router.run_dir, timeout=20) as control:
        control.call("press", button="wps", ms=100)
        assert key_events(router, 0x211) == [1, 0]
        assert set(control.call("leds")["leds"]) == set(router.board.leds)
        control.call("serial-in", text="echo from-$((40+2))\n")
        router.serial.expect("from-42")
        assert "from-42" in control.call("serial-tail")["text"]
        assert control.call("status")["powered"] is True
        with pytest.raises(EmuError, match="no button 'nix': choose one of reset, wps"):
            control.call("press", button="nix")
        with pytest.raises(EmuError, match="has no 'button'"):
            control.call("press")


def test_control__events__arrive_as_they_happen(router):
    with ControlServer(router), Client(router.run_dir, timeout=20) as control:
        events = control.events(["led"])
        router.serial.run("( (sleep 1; echo 1 >/sys/class/leds/red:rgb/brightness) & )")
        first = next(events)
        router.serial.run("echo 0 >/sys/class/leds/red:rgb/brightness")
        second = next(events)
    assert (first["led"], first["on"]) == ("red:rgb", True)
    assert (second["led"], second["on"]) == ("red:rgb", False) and second["t"] > first["t"]


def test_power_cut__policies__flushed_data_stays_and_the_rest_fares_as_told(images):
    with Router(images=images, network=False) as r:
        for policy, expected in (("lose", "safe\n"), ("kill", "safe\nsent\n")):
            r.power_on()
            r.wait_up()
            r.serial.login()
            # Behind the partition table's first MiB lies the record partition: raw, no file system in between
            r.serial.run("printf 'safe\\n----\\n' | dd of=/dev/vda1 conv=fsync; sync")
            r.serial.run("printf 'sent\\n' | dd of=/dev/vda1 bs=512 seek=1 oflag=direct conv=notrunc,sync")
            r.power_cut(policy)
            start, _ = r.partition("lifeboat")
            with open(r.disk, "rb") as disk:
                disk.seek(start)
                data = disk.read(1024)
            assert data[:5] == b"safe\n"
            assert (data[512:517] == b"sent\n") == ("sent" in expected), policy


def test_power_off__power_key__system_shuts_down_by_itself(images):
    with Router(images=images, network=False, recorder=False) as r:
        r.power_on()
        r.wait_up()
        assert r.power_off() is True
        assert not r.powered and not any(r.leds.state().values())
        with pytest.raises(EmuError, match="no power: switch it on first"):
            r.power_off()


def test_network_settings__wrong_address__unreachable_until_mended_and_kept(images):
    with Router(images=images) as r:
        r.power_on()
        r.wait_up()
        r.pc(f"{SSH} root@192.168.1.1 uci set network.lan.ipaddr=10.99.99.1")
        r.power_cut()
        r.power_on()
        r.wait_up()
        assert r.pc("curl -s -m 2 http://192.168.1.1/").returncode != 0
        r.serial.login()
        assert r.serial.run("uci set network.lan.ipaddr=192.168.1.1")[0] == 0
        r.serial.send("reboot\n")
        assert r.wait_reset() > 0
        r.wait_up()
        page = r.pc("curl -sS -m 10 --retry 5 --retry-connrefused http://192.168.1.1/ || ip neigh")
        assert "router is up" in page.stdout, f"{page.stdout}{page.stderr}"


def test_reset__button_held__is_still_held_after_it(images):
    with Router(images=images, network=False, recorder=False) as r:
        r.power_on(hold=["wps"])
        r.wait_up()
        r.serial.login()
        r.serial.send("reboot -f\n")
        r.wait_reset()
        r.wait_up()
        r.serial.login()
        pins = int(r._qemu.qtest.command("readl 0x90303fc"), 16)
        assert pins & 0b11 == 0b11  # reset released (active low), wps held (active high)


@pytest.mark.parametrize("overlay, kind", [("ext4", "ext4"), (8, "ext4"), ("f2fs", "f2fs")])
def test_overlay__size_behind_the_squashfs__decides_the_file_system(overlay, kind):
    with Router(images=build_images(mode="plain", overlay=overlay), network=False) as r:
        r.power_on()
        r.wait_up()
        r.serial.login()
        assert r.serial.run("awk '$2 == \"/overlay\" { print $3 }' /proc/mounts")[1] == kind
        offset, _ = r.overlay_area()
        start, _ = r.partition("rootfs")
        assert r.serial.run("cat /sys/block/loop0/loop/offset")[1] == str(offset - start)


def test_root__ext4__boots_without_overlay():
    with Router(images=build_images(mode="plain", root="ext4"), network=False) as r:
        r.power_on()
        r.wait_up()
        r.serial.login()
        assert r.serial.run("grep -c ' / ext4 ' /proc/mounts; stat -c '%u %a' /etc/shadow")[1] == "1\n0 600"


GATE = """#!/bin/busybox sh
echo "gate: $0 pid $$ modules $(busybox grep -c '^/lib/modules/lifeboat/.*ko$' /etc/lifeboat/modules)"
echo "gate: $(busybox ls /sbin/lifeboat /etc/lifeboat/board.conf /usr/lib/sftp-server /bin/scp | busybox wc -l) files"
exec busybox sh
"""


@pytest.mark.parametrize("mode, name", [("initramfs", "/init"), ("init", "/sbin/lifeboat")])
def test_modes__program_of_ours__is_pid_1_with_its_files(tmp_path, mode, name):
    program = tmp_path / "gate"
    program.write_text(GATE)
    with Router(images=build_images(mode=mode, lifeboat=program, out=tmp_path), network=False) as r:
        r.power_on()
        seen = r.serial.expect(r"gate: (\S+) pid (\d+) modules (\d+)\r?\n", 20)
        assert (seen.group(1), seen.group(2)) == (name, "1") and int(seen.group(3)) > 30
        r.serial.expect("gate: 4 files")


def test_two_routers__at_once__each_has_its_own_192_168_1_1(images):
    with Router(images=images) as one, Router(images=images) as two:
        for r in (one, two):
            r.power_on()
        for r, name in ((one, "first"), (two, "second")):
            r.wait_up()
            r.serial.login()
            r.serial.run(f"hostname {name}")
        assert "first" in one.pc("curl -s -m 10 http://192.168.1.1/cgi-bin/status").stdout
        assert "second" in two.pc("curl -s -m 10 http://192.168.1.1/cgi-bin/status").stdout


def test_close__in_the_middle_of_a_boot__nothing_is_left(images):
    r = Router(images=images)
    r.power_on()
    pid, names, folder = r._qemu.process.pid, [r.net.namespace(side) for side in ("pc", "wan")], r.run_dir
    sleeper = r.pc_popen("sleep 100")
    r.close()
    assert not os.path.exists(f"/proc/{pid}") and sleeper.poll() is not None and not folder.exists()
    left = subprocess.run(["ip", "netns"], stdout=subprocess.PIPE, text=True).stdout
    assert not any(name in left for name in names)


def test_run_dir__used_by_another_router__one_sentence(images, tmp_path):
    with Router(images=images, run_dir=tmp_path, network=False):
        with pytest.raises(EmuError, match="another router runs in"):
            Router(images=images, run_dir=tmp_path, network=False)


def test_suspend__twice_resumed__the_shell_and_the_disk_as_they_were(images, tmp_path):
    with Router(images=images, network=False) as r:
        r.power_on()
        r.wait_up()
        r.serial.login()
        r.serial.run("here=kept; echo before >/etc/config/when; sync")
        moment = r.suspend(tmp_path / "moment")
        assert not r.powered
        for _ in range(2):
            r.power_on(moment=moment)
            assert r.serial.run("echo $here; cat /etc/config/when") == (0, "kept\nbefore")
            r.serial.run("here=lost; echo after >/etc/config/when; sync")
            assert r.recording().writes()
            r.power_cut("kill")
