"""Where failsafe can be reached, and where not; its page. A negative answer counts only beside a positive one by the same means."""

import json
import re

from lab import ADDRESS, DHCP, FAST, READY_S, wait_until
from wires import Capture, arp_answers, dhcp_offer, tcp_connects

WATCHDOG_S = 5  # the shortest that a board file may have
LAN_PORTS = ["lan1", "lan2"]
ROUTER_MACS = {f"02:1b:0a:00:00:0{n}" for n in (1, 2, 3)}


def from_router(capture):
    return [frame for _, frame in capture.frames() if frame[6:12].hex(":") in ROUTER_MACS]


def probe_wan(router):
    """Everything that somebody at the WAN port could try, as somebody who has an address of the LAN's subnet too."""
    wan = router.net.namespace("wan")
    assert router.wan("ip address add 192.168.1.77/24 dev wan").returncode == 0
    assert arp_answers(wan, "wan", ADDRESS, "192.168.1.77", 1.5) == []
    # As if ARP had answered: packets go to the router's WAN port, to each of its addresses
    assert router.wan(f"ip neighbour replace {ADDRESS} lladdr 02:1b:0a:00:00:03 dev wan").returncode == 0
    assert router.wan(f"ping -c 2 -i 0.3 -W 1 {ADDRESS}").returncode != 0
    for port in (22, 80, 23):
        assert not tcp_connects(wan, ADDRESS, port)
    assert dhcp_offer(wan, "wan", 1.5) is None


def page_server(router):
    """PID of the only process that is nobody."""
    return wait_until(lambda: router.ssh("grep -l '^Uid:.65534.65534.65534' /proc/[0-9]*/status | cut -d/ -f3"), what="a server")


def look_at_page(router):
    status, page = router.status(), router.page()
    assert page.startswith("HTTP/1.1 200 ") and "\nX-Content-Type-Options: nosniff\n" in page
    for text in ("Lifeboat virt-disk", status["detail"], status["host_key"], "blinks 10 times per second", f"ssh root@{ADDRESS}",
                 "boot 1: failsafe, cmdline"):
        assert text in page
    head, body = router.page("/status.json").split("\n\n", 1)
    assert json.loads(body) == status and "application/json" in head
    assert router.page("/", "-X", "POST").startswith("HTTP/1.1 405 ")
    assert router.page("/", "-d", "x=1").startswith("HTTP/1.1 413 ")
    assert router.page("/", "-H", "Host: evil.example").startswith("HTTP/1.1 421 ")
    # Nothing is to be had from its server but the page
    pid = page_server(router)
    assert router.ssh(f"readlink /proc/{pid}/root") == "/run/lifeboat/empty"
    rights = router.ssh(f"grep -E '^(Cap(Inh|Prm|Eff)|Groups|NoNewPrivs)' /proc/{pid}/status")
    assert re.findall(r"^(\w+):\s*(\S*) *$", rights, re.M) == [
        ("Groups", ""), ("CapInh", "0" * 16), ("CapPrm", "0" * 16), ("CapEff", "0" * 16), ("NoNewPrivs", "1")]
    opened = router.ssh(f"ls -l /proc/{pid}/fd | sed -n 's/.* -> //p'").split("\n")
    # Pipes and the like are libevent's own
    assert {re.sub(r":\[.*", "", target) for target in opened} <= {"/dev/null", "socket", "anon_inode", "pipe"}, opened
    router.ssh(f"kill -9 {pid}")
    assert wait_until(lambda: page_server(router) != pid) and router.page().startswith("HTTP/1.1 200 ")


def test_failsafe__lan_and_wan__answers_on_each_lan_port_gives_no_addresses_and_is_silent_on_wan(bench, tmp_path):
    router = bench(FAST, {"timeout_seconds = 30": f"timeout_seconds = {WATCHDOG_S}"})
    wire = Capture(router.wan_popen, "wan", tmp_path / "wan.pcap")
    router.to_failsafe()
    pc = router.net.namespace("pc")
    for port in LAN_PORTS:
        router.move_cable(port)
        assert arp_answers(pc, port, ADDRESS, "192.168.1.2", READY_S), f"no answer to ARP on {port}"
        assert router.ssh("echo hello") == "hello"
        assert tcp_connects(pc, ADDRESS, 22)
        assert "<h1>Failsafe is active</h1>" in router.page()
        assert router.pc(f"ping -c 1 -W 5 {ADDRESS}").returncode == 0
        assert dhcp_offer(pc, port, 2) is None
    look_at_page(router)
    assert router.ssh("cat /sys/class/net/eth2/operstate") == "down"
    probe_wan(router)
    assert from_router(wire) == []
    wire.end()
    # The watchdog was armed, and fed for longer than it is patient
    assert router.ssh("cat /sys/class/watchdog/watchdog0/state /sys/class/watchdog/watchdog0/timeout").split() == ["active", str(WATCHDOG_S)]
    wait_until(lambda: router.resets or float(router.ssh("cat /proc/uptime").split()[0]) > 3 * WATCHDOG_S)
    assert router.resets == []


def test_failsafe__dhcp_switched_on_and_another_address__a_pc_gets_what_it_needs_on_each_lan_port(bench):
    router = bench(FAST, DHCP, {'address = "192.168.1.1/24"': 'address = "10.9.8.1/24"'})
    router.to_failsafe()
    pc = router.net.namespace("pc")
    for port in LAN_PORTS:
        router.move_cable(port)
        offer = dhcp_offer(pc, port, 20)
        assert offer and (offer["server"], offer["mask"]) == ("10.9.8.1", "255.255.255.0")
        assert offer["address"].startswith("10.9.8.") and offer["address"] != "10.9.8.1"
        router.pc(f"ip address flush dev {port}; ip address add {offer['address']}/24 dev {port}")
        assert router.ssh("hostname", address="10.9.8.1") == "lifeboat-failsafe"
    assert dhcp_offer(router.net.namespace("wan"), "wan", 2) is None


def test_healthy_router__beside_failsafe__has_its_own_dhcp_server_and_web_page(bench):
    """The same means say yes on a router that is up: what failsafe lacks was really asked for."""
    router = bench()
    router.to_up()
    offer = dhcp_offer(router.net.namespace("pc"), "lan1", 20)
    assert offer and offer["server"] == ADDRESS
    assert tcp_connects(router.net.namespace("pc"), ADDRESS, 80)
