"""What the router says on the LAN, seen by tcpdump, by lifeline, and by a decoder written from docs/announce.md."""

import time

import pytest

from lab import ADDRESS, FAST, lifeline
from wires import LIFEBOAT_PORT, OPENWRT_PORT, Capture, Listener, announcement

FULL = {}
LAN_PORTS = ["lan1", "lan2"]
WHO = {"board": "lifeboat,virt-disk", "name": "Lifeboat virt-disk", "serial": "02:1b:0a:00:00:01", "address": ADDRESS,
       "policy": "open"}


def gaps(packets):
    return [b.t - a.t for a, b in zip(packets, packets[1:])]


def assert_broadcast(packet):
    assert (packet.source, packet.target) == (ADDRESS, "192.168.1.255")
    assert packet.target_mac == "ff:ff:ff:ff:ff:ff"


def test_window__four_seconds__four_datagrams_of_each_kind_one_per_second(bench, tmp_path):
    router = bench(FULL)
    wires = {port: Capture(router.pc_popen, port, tmp_path / f"{port}.pcap", "udp") for port in LAN_PORTS}
    listener = Listener(router, lifeline(), "-i", "lan2")
    router.power_on()
    router.wait_up(60)
    # Linux may report a port's link up to a second late, and sends nothing before that
    least = [len(wire.udp(number)) for wire in wires.values() for number in (OPENWRT_PORT, LIFEBOAT_PORT)]
    assert min(least) >= 3 and max(least) == 4, least
    most = max(wires.values(), key=lambda wire: len(wire.udp(OPENWRT_PORT)))
    for packet in most.udp(OPENWRT_PORT):
        assert_broadcast(packet)
        assert packet.payload == b"\xde\xadPlease press button now to enter failsafe".ljust(1001, b"\0")
    assert gaps(most.udp(OPENWRT_PORT)) == pytest.approx([1, 1, 1], abs=0.2)
    ours = most.udp(LIFEBOAT_PORT)
    said = [announcement(packet.payload) for packet in ours]
    for packet, words in zip(ours, said):
        assert_broadcast(packet)
        assert words.items() >= {**WHO, "state": "window", "reason": "none"}.items()
    assert [words["left_ms"] for words in said] == pytest.approx([4000, 3000, 2000, 1000], abs=200)
    heard_by_lifeline(listener, [announcement(packet.payload) for packet in wires["lan2"].udp(LIFEBOAT_PORT)])


def heard_by_lifeline(listener, said):
    """The PC tool understands what the decoder here understands."""
    first = listener.wait(lambda report: report.get("state") == "window" and report["protocol"] == "lifeboat")
    lost = listener.wait(lambda report: report["event"] == "lost" and report["protocol"] == "lifeboat")
    listener.end()
    assert first["event"] == "new" and lost["mac"] == first["mac"]
    assert first["interface"] == "lan2" and first["ip"] == ADDRESS
    assert {key: first[key] for key in said[0]} == said[0]
    reports = listener.reports()
    later = [report["left_ms"] for report in reports if report["event"] == "left" and "left_ms" in report]
    assert later and set(later) < {words["left_ms"] for words in said}


def test_failsafe__state_reason_and_host_key__once_per_second_and_no_more_datagrams_of_openwrt(bench, tmp_path):
    router = bench(FULL)
    wire = Capture(router.pc_popen, "lan1", tmp_path / "lan.pcap", "udp")
    listener = Listener(router, lifeline(), "-i", "lan1")
    router.power_on()
    router.wait_window()
    router.button("wps").press(0.2)
    router.wait_failsafe()
    report = listener.wait(lambda report: report.get("state") == "failsafe" and "host_key" in report)
    assert report["reason"] == "button" and report["why"] == "the button 'wps' was pressed in the window"
    assert "left_ms" not in report
    assert report["host_key"] == router.host_keys(tmp_path / "known_hosts")
    entered = len(wire.udp(OPENWRT_PORT))
    count = len(wire.udp(LIFEBOAT_PORT))
    while len(wire.udp(LIFEBOAT_PORT)) < count + 3:
        time.sleep(0.1)
    wire.end()
    listener.end()
    last = wire.udp(LIFEBOAT_PORT)[-3:]
    assert gaps(last) == pytest.approx([1, 1], abs=0.2)
    for packet in last:
        assert_broadcast(packet)
        words = announcement(packet.payload)
        assert words.items() >= {**WHO, "state": "failsafe", "reason": "button", "host_key": report["host_key"]}.items()
        assert "left_ms" not in words
    assert len(wire.udp(OPENWRT_PORT)) == entered <= 4


def test_window__no_cable_to_any_pc__boots_all_the_same(bench):
    router = bench(FAST)
    for port in ("lan1", "lan2", "wan"):
        router.cable(port, False)
    router.to_up()
    before = router.console.partition("router: up")[0]
    assert "lifeboat: " not in before, "something is wrong for want of a cable"
