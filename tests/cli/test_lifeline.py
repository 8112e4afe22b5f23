"""lifeline as a person calls it, on a real interface of the kernel."""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
import wire

ROOT = Path(__file__).resolve().parents[2]
LIFELINE = Path(os.environ.get("LIFEBOAT_SANITIZED", ROOT / "build-sanitize")) / "src/lifeline/lifeline"
NOBODY = 65534
ENOUGH_S = 20  # far more than any test needs: a test that hangs fails instead

pytestmark = pytest.mark.skipif(not LIFELINE.exists(), reason=f"{LIFELINE} is not built")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces of its own need root")


def run(*args, prefix=(), **kwargs):
    return subprocess.run([*prefix, LIFELINE, *args], capture_output=True, text=True, timeout=ENOUGH_S, **kwargs)


@pytest.fixture
def cable():
    with wire.Cable() as made:
        yield made


class Listening:
    """lifeline listen in the PC's namespace, ready to hear."""

    def __init__(self, cable, *args, stdout=subprocess.PIPE, env=None, groups=None):
        self.process = subprocess.Popen(["ip", "netns", "exec", cable.pc, LIFELINE, "listen", *args], stdout=stdout,
                                        stderr=subprocess.PIPE, text=True, env={**os.environ, **(env or {})},
                                        extra_groups=groups)
        self.json = "--json" in args
        self.head = self.process.stdout.readline() if self.json else self.process.stderr.readline()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def line(self):
        return self.process.stdout.readline().rstrip("\n")

    def event(self):
        return json.loads(self.line())

    def end(self, sig=None):
        """(exit code, rest of stdout, rest of stderr)"""
        if sig is not None:
            self.process.send_signal(sig)
        out, err = self.process.communicate(timeout=ENOUGH_S)
        return self.process.returncode, out, err


def test_lifeline__help__lists_verbs_and_exit_codes():
    done = run("--help")
    assert done.returncode == 0
    assert "  listen " in done.stdout
    for row in re.findall(r'EXIT\(\w+,\s*(\d+),\s*"(.*)"\)', (ROOT / "src/tables/lifeline_exits.def").read_text()):
        assert re.search(rf"^ +{row[0]}  {re.escape(row[1])}$", done.stdout, re.M)


def test_listen__help_and_man_page__have_every_option_of_the_table():
    text, page = run("listen", "--help").stdout, (ROOT / "man/lifeline-listen.1").read_text()
    rows = re.findall(r"OPTION\(\w+,\s*'(\w)',\s*\"(\w+)\"", (ROOT / "src/tables/listen_options.def").read_text())
    assert len(rows) == 5
    for letter, name in rows:
        assert f"-{letter}, --{name}" in text
        assert f".It Fl {letter} , -{name}" in page


@pytest.mark.parametrize("args,says", [
    ([], "usage: lifeline VERB"),
    (["lisen"], "there is no verb 'lisen'"),
    (["listen", "--frob"], "there is no option --frob"),
    (["listen", "--seconds"], "--seconds needs a value"),
    (["listen", "--seconds", "0"], "--seconds takes a number from 1 to 86400, not '0'"),
    (["listen", "--count", "2x"], "--count takes a number from 1 to 256, not '2x'"),
    (["listen", "--count", "-1"], "--count takes a number from 1 to 256, not '-1'"),
    (["listen", "eth0"], "'eth0' is one word too many"),
])
def test_lifeline__wrong_command_line__is_one_sentence_and_1(args, says):
    done = run(*args)
    assert (done.returncode, done.stdout) == (1, "")
    assert says in done.stderr


def test_listen__unknown_interface__is_3():
    done = run("listen", "-i", "nope0")
    assert (done.returncode, done.stderr) == (
        3, "lifeline: there is no interface nope0: 'ip link' lists those of this PC\n")


@needs_root
def test_listen__unprivileged_user__is_2_and_told_what_to_do(cable):
    folder = Path(subprocess.run(["mktemp", "-d"], check=True, capture_output=True, text=True).stdout.strip())
    try:
        folder.chmod(0o755)
        shutil.copy(LIFELINE, folder / "lifeline")
        done = subprocess.run(["ip", "netns", "exec", cable.pc, "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}",
                               "--clear-groups", folder / "lifeline", "listen", "-i", "pc0"], capture_output=True,
                              text=True, timeout=ENOUGH_S)
    finally:
        shutil.rmtree(folder)
    assert done.returncode == 2
    assert done.stderr.startswith("lifeline: not permitted to capture on pc0: start lifeline with sudo")
    assert "setcap cap_net_raw+ep" in done.stderr
    assert done.stderr.count("\n") == 1


@needs_root
def test_listen__pc_without_address__sees_openwrt_and_says_what_to_do(cable):
    addresses = subprocess.run(["ip", "-n", cable.pc, "-4", "address"], capture_output=True, text=True).stdout
    assert "inet " not in addresses
    with Listening(cable, "-i", "pc0", "--count", "1", "--seconds", "15") as pc:
        assert pc.head.startswith("lifeline: listening on pc0;")
        cable.openwrt()
        code, out, err = pc.end()
    assert (code, err) == (0, "")
    assert out == (f"pc0: OpenWrt router ({wire.ROUTER_MAC})\n"
                   "  the failsafe window is open\n"
                   "  -> press and release any button of the router now, again and again, until its LED blinks faster\n")


@needs_root
def test_listen__no_interface_named__hears_every_ethernet_that_is_up(cable):
    with Listening(cable, "--count", "1", "--seconds", "15") as pc:
        assert pc.head.startswith("lifeline: listening on pc0;")
        cable.openwrt()
        assert pc.end()[0] == 0


@needs_root
def test_listen__lifeboat_from_window_to_failsafe__is_told_once_per_change(cable):
    who = {"board": b"lifeboat,virt", "name": b"Virtual router", "serial": b"VD-1"}
    with Listening(cable, "-i", "pc0", "--seconds", "30") as pc:
        for left_ms in (4000, 3000, 2000, 1000):
            cable.lifeboat(state=1, left_ms=left_ms, **who)
            cable.openwrt()
        for _ in range(3):
            cable.lifeboat(state=4, reason=3, address="192.168.1.1", host_key=b"SHA256:abc", **who)
        time.sleep(0.5)
        code, out, _ = pc.end(signal.SIGINT)
    router = f"pc0: Virtual router (lifeboat,virt; serial VD-1; {wire.ROUTER_MAC})"
    assert code == 0
    assert out.splitlines() == [
        router, "  the failsafe window is open, 4 s left", "  -> press any button of the router within 4 s",
        router, "  the failsafe window is open, 2 s left", "  -> press any button of the router within 2 s",
        router, "  failsafe is active: a button was pressed in the window",
        "  -> give this PC an address such as 192.168.1.2/24 (sudo ip address add 192.168.1.2/24 dev pc0), then: ssh "
        "root@192.168.1.1 (no password); it says that its host key is SHA256:abc",
    ]


@needs_root
def test_listen__json__has_every_field(cable):
    with Listening(cable, "-i", "pc0", "--json", "--seconds", "15") as pc:
        assert json.loads(pc.head) == {"event": "listening", "interfaces": ["pc0"]}
        cable.lifeboat(state=4, reason=9, policy=1, left_ms=7, address="192.168.7.1", board=b"a,b", name="Büro".encode(),
                       serial=b"S", version=b"0.1.0", host_key=b"SHA256:k", why=b"no squashfs")
        event = pc.event()
        cable.openwrt(b"hello")  # a Lifeboat device says it better itself
        cable.lifeboat(state=2, reason=1)
        changed = pc.event()
        code, _, err = pc.end(signal.SIGTERM)
    assert (code, err) == (0, "")
    assert isinstance(event.pop("at_ms"), int)
    assert event.pop("status").startswith("failsafe is active: the root file system cannot be used (no squashfs)")
    assert "ssh root@192.168.7.1 (the owner's password or key)" in event.pop("advice")
    assert event == {
        "event": "new", "protocol": "lifeboat", "interface": "pc0", "mac": wire.ROUTER_MAC, "ip": "192.168.1.1",
        "state": "failsafe", "reason": "no-root", "why": "no squashfs", "policy": "locked", "left_ms": 7,
        "address": "192.168.7.1", "board": "a,b", "name": "Büro", "serial": "S", "version": "0.1.0",
        "host_key": "SHA256:k"}
    assert (changed["event"], changed["state"], changed["reason"]) == ("changed", "booting", "window-over")
    assert "left_ms" not in changed and "board" not in changed


@needs_root
def test_listen__two_devices__are_two_events(cable):
    with Listening(cable, "-i", "pc0", "--json", "--count", "2", "--seconds", "15") as pc:
        for mac in ("02:00:00:00:00:0a", "02:00:00:00:00:0b", "02:00:00:00:00:0a"):
            cable.raw(wire.frame(wire.LIFEBOAT_PORT, wire.announce(state=4), mac=mac))
        code, out, _ = pc.end()
    assert code == 0
    assert [json.loads(line)["mac"] for line in out.splitlines()] == ["02:00:00:00:00:0a", "02:00:00:00:00:0b"]


@needs_root
def test_listen__more_devices_at_once_than_count__stops_at_count(cable):
    with Listening(cable, "-i", "pc0", "--json", "--count", "2", "--seconds", "15") as pc:
        pc.process.send_signal(signal.SIGSTOP)
        for last in range(6):
            cable.raw(wire.frame(wire.LIFEBOAT_PORT, wire.announce(state=4), mac=f"02:00:00:00:00:0{last}"))
        code, out, _ = pc.end(signal.SIGCONT)
    assert (code, len(out.splitlines())) == (0, 2)


@needs_root
def test_listen__device_that_falls_silent__is_lost(cable):
    with Listening(cable, "-i", "pc0", "--json", "--seconds", "15") as pc:
        cable.openwrt()
        first, lost = pc.event(), pc.event()
    assert (first["event"], lost["event"]) == ("new", "lost")
    assert 4999 <= lost["at_ms"] - first["at_ms"] < 7000  # both are cut to whole milliseconds
    assert lost["advice"].startswith("if its LED blinks 10 times per second, failsafe is active: ")


@needs_root
def test_listen__vlan_tag_in_the_frame__is_seen_with_its_vlan(cable):
    with Listening(cable, "-i", "pc0", "--json", "--count", "1", "--seconds", "15") as pc:
        cable.raw(wire.frame(wire.OPENWRT_PORT, wire.netmsg(b"hello"), tag=b"\x81\x00\x00\x2a"))
        event = pc.event()
        assert pc.end()[0] == 0
    assert (event["vlan"], event["text"], event["state"]) == (42, "hello", "unknown")


@needs_root
def test_listen__vlan_interface_of_the_router__is_seen_with_its_vlan(cable):
    try:
        wire.ip("-n", cable.router, "link", "add", "link", "lan0", "name", "lan0.5", "type", "vlan", "id", "5")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"this kernel makes no VLAN interface: {error.stderr.strip()}")
    wire.ip("-n", cable.router, "address", "add", "192.168.5.1/24", "broadcast", "192.168.5.255", "dev", "lan0.5")
    wire.ip("-n", cable.router, "link", "set", "lan0.5", "up")
    with Listening(cable, "-i", "pc0", "--count", "1", "--seconds", "15") as pc:
        cable.broadcast(wire.LIFEBOAT_PORT, wire.announce(state=4), address="192.168.5.255")
        code, out, _ = pc.end()
    assert code == 0
    assert out.startswith(f"pc0 VLAN 5: Lifeboat router ({wire.ROUTER_MAC})\n")
    assert "ssh root@192.168.5.1 (no password)" in out


@needs_root
def test_listen__garbage__is_counted_and_nothing_else(cable):
    good = wire.announce(state=4, why=b"x")
    with Listening(cable, "-i", "pc0", "--seconds", "2") as pc:
        for cut in range(len(good)):
            cable.broadcast(wire.LIFEBOAT_PORT, good[:cut])
        cable.broadcast(wire.OPENWRT_PORT, wire.netmsg(b"hello")[:-1])
        cable.broadcast(wire.OPENWRT_PORT, os.urandom(1400))
        cable.raw(wire.frame(wire.OPENWRT_PORT, wire.netmsg(b"hello"))[:-1])
        cable.broadcast(4921, good)
        code, out, err = pc.end()
    assert (code, out) == (4, "")
    assert f"{len(good) + 3} datagrams on the ports of routers were not understood" in err
    assert "no device was heard" in err


HOSTILE = b"\x1b]0;owned\x07\x1b[2J\x9b31m\xc2\x9b1m\r\n\xe2\x80\xaeevil"


@needs_root
@pytest.mark.parametrize("json_lines", [(), ("--json",)], ids=["words", "json"])
def test_listen__hostile_text__is_printed_harmlessly(cable, json_lines):
    with Listening(cable, "-i", "pc0", "--seconds", "15", "--count", "1", *json_lines) as pc:
        cable.lifeboat(state=4, name=HOSTILE, board=HOSTILE, serial=HOSTILE, host_key=HOSTILE, why=HOSTILE)
        code, out, _ = pc.end()
    assert code == 0
    assert "?]0;owned??[2J?31m??1m?????evil" in out
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", out)
    assert len(out.splitlines()) == (1 if json_lines else 3)


@needs_root
def test_listen__hostile_openwrt_text__is_printed_harmlessly(cable):
    with Listening(cable, "-i", "pc0", "--seconds", "15", "--count", "1") as pc:
        cable.openwrt(HOSTILE + b"A" * 900)
        code, out, _ = pc.end()
    assert code == 0
    assert '  it says "?]0;owned??[2J' in out
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", out)


@needs_root
def test_listen__nothing_on_the_wire__is_4_and_says_what_to_try(cable):
    with Listening(cable, "-i", "pc0", "--seconds", "1") as pc:
        code, out, err = pc.end()
    assert (code, out) == (4, "")
    assert err.startswith("lifeline: no device was heard: try each LAN port of the router, first LAN1")


@needs_root
def test_listen__router_without_power__is_3(cable):
    wire.ip("-n", cable.router, "link", "set", "lan0", "down")
    with Listening(cable, "-i", "pc0", "--seconds", "1") as pc:
        assert pc.head.startswith("lifeline: listening on pc0 (no link yet);")
        code, _, err = pc.end()
    assert (code, err) == (3, "lifeline: no link: is the cable in, and does the router have power?\n")


@needs_root
def test_listen__router_switched_on_later__is_heard(cable):
    wire.ip("-n", cable.router, "link", "set", "lan0", "down")
    with Listening(cable, "-i", "pc0", "--seconds", "15", "--count", "1") as pc:
        wire.ip("-n", cable.router, "link", "set", "lan0", "up")
        cable.openwrt()
        assert pc.end()[0] == 0


@needs_root
def test_listen__interface_switched_off__is_3_and_told_how_to_switch_it_on(cable):
    wire.ip("-n", cable.pc, "link", "set", "pc0", "down")
    named = run("listen", "-i", "pc0", prefix=["ip", "netns", "exec", cable.pc])
    assert (named.returncode, named.stderr) == (
        3, "lifeline: pc0 is switched off: switch it on with 'sudo ip link set pc0 up'\n")
    every = run("listen", prefix=["ip", "netns", "exec", cable.pc])
    assert every.returncode == 3
    assert "no Ethernet interface that is up" in every.stderr


@needs_root
def test_listen__interface_unplugged_meanwhile__is_3(cable):
    with Listening(cable, "-i", "pc0", "--seconds", "15") as pc:
        wire.ip("-n", cable.pc, "link", "del", "pc0")
        code, _, err = pc.end()
    assert code == 3
    assert err.startswith("lifeline: pc0 cannot be heard any more: ")


@needs_root
def test_listen__interrupted_before_anything__is_9(cable):
    with Listening(cable, "-i", "pc0", "--seconds", "15") as pc:
        code, out, err = pc.end(signal.SIGINT)
    assert (code, out, err) == (9, "", "lifeline: interrupted before any device was heard\n")


@needs_root
def test_listen__output_that_cannot_be_written__is_111(cable):
    with open("/dev/full", "w") as full, Listening(cable, "-i", "pc0", "--seconds", "15", stdout=full) as pc:
        cable.openwrt()
        code, _, err = pc.end()
    assert (code, err) == (111, "lifeline: cannot write to standard output\n")


@needs_root
@pytest.mark.parametrize("env,uid", [({}, NOBODY), ({"SUDO_UID": "1234", "SUDO_GID": "1234"}, 1234),
                                     ({"SUDO_UID": "0"}, NOBODY), ({"SUDO_UID": "x1"}, NOBODY)])
def test_listen__started_as_root__parses_without_privileges(cable, env, uid):
    with Listening(cable, "-i", "pc0", "--seconds", "15", env=env, groups=[4, 27]) as pc:
        status = Path(f"/proc/{pc.process.pid}/status").read_text()
        assert re.search(r"^Uid:\t(.*)$", status, re.M).group(1).split() == [str(uid)] * 4
        assert re.search(r"^Groups:\t(.*)$", status, re.M).group(1).strip() == ""
        for kind in ("CapEff", "CapPrm"):
            assert int(re.search(rf"^{kind}:\t(.*)$", status, re.M).group(1), 16) == 0
        cable.openwrt()
        time.sleep(0.3)
        assert pc.end(signal.SIGINT)[0] == 0
