"""What goes over the wires, made and read here from the documents, not by the code under test."""

import json
import os
import socket
import struct
import time
from collections import namedtuple

from vrouter.net import inside

ETH_P_ARP = 0x0806

Packet = namedtuple("Packet", "t source source_mac target target_mac port payload")


# --- sockets in a namespace


def tcp_connects(namespace, address, port):
    with inside(namespace, lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as s:
        s.settimeout(2)
        try:
            s.connect((address, port))
        except OSError:
            return False
        return True


def arp_answers(namespace, port, address, sender, seconds):
    """MAC addresses that say on this port that they have the address; stops at the first."""
    with inside(namespace, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ARP))) as arp:
        arp.bind((port, ETH_P_ARP))
        mac = arp.getsockname()[4]
        head = b"\xff" * 6 + mac + struct.pack(">HHHBBH", ETH_P_ARP, 1, 0x0800, 6, 4, 1)
        question = head + mac + socket.inet_aton(sender) + bytes(6) + socket.inet_aton(address)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            arp.send(question.ljust(60, b"\0"))
            arp.settimeout(min(left, 0.3))
            try:
                frame = arp.recv(2048)
            except TimeoutError:
                continue
            if frame[20:22] == b"\0\2" and frame[28:32] == socket.inet_aton(address):
                return [frame[22:28].hex(":")]
    return []


# --- DHCP (RFC 2131, 2132)

DISCOVER, OFFER = 1, 2


def dhcp_offer(namespace, port, seconds):
    """Ask for an address on a port: the offer as {"address", "server", "mask", "router"}, or None."""

    def make():
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, port.encode())
        s.bind(("0.0.0.0", 68))
        return s

    xid = os.urandom(4)
    broadcast = 0x8000  # the answer goes to everybody: this client has no address yet
    head = struct.pack(">BBBB4sHH", 1, 1, 6, 0, xid, 0, broadcast) + bytes(16)
    ask = head + bytes.fromhex("025e00000001").ljust(16, b"\0") + bytes(192) + b"\x63\x82\x53\x63"
    ask += bytes([53, 1, DISCOVER, 55, 3, 1, 3, 6, 255])
    with inside(namespace, make) as client:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            client.sendto(ask.ljust(300, b"\0"), ("255.255.255.255", 67))
            client.settimeout(min(left, 1))
            try:
                answer = client.recv(2048)
            except TimeoutError:
                continue
            options = dhcp_options(answer[240:])
            if answer[0] == 2 and answer[4:8] == xid and options.get(53) == bytes([OFFER]):
                text = {name: socket.inet_ntoa(options[code]) for name, code in (("server", 54), ("mask", 1), ("router", 3))}
                return {"address": socket.inet_ntoa(answer[16:20]), **text}
    return None


def dhcp_options(data):
    options, at = {}, 0
    while at < len(data) and data[at] != 255:
        if data[at] == 0:
            at += 1
            continue
        options[data[at]] = data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]
    return options


# --- tcpdump


class Capture:
    """tcpdump on a port of the PC (or of the WAN side), from the moment that this returns."""

    def __init__(self, popen, port, path, what=""):
        self.path = path
        argv = ["tcpdump", "-i", port, "-U", "-n", "--immediate-mode", "-w", str(path), *what.split()]
        with open(f"{path}.stderr", "wb") as errors:
            self.process = popen(argv, stderr=errors, stdout=errors)
        end = time.monotonic() + 10
        while b"listening on" not in open(f"{path}.stderr", "rb").read():
            assert self.process.poll() is None and time.monotonic() < end, open(f"{path}.stderr").read()
            time.sleep(0.02)

    def frames(self):
        """[(t, frame)] so far."""
        data = open(self.path, "rb").read()
        assert data[:4] == b"\xd4\xc3\xb2\xa1", "no pcap file of little endian microseconds"
        found, at = [], 24
        while at + 16 <= len(data):
            seconds, micros, length, _ = struct.unpack("<IIII", data[at : at + 16])
            found.append((seconds + micros / 1e6, data[at + 16 : at + 16 + length]))
            at += 16 + length
        return found

    def udp(self, port):
        """[Packet] that were sent to this UDP port."""
        return [packet for packet in map(udp_of, self.frames()) if packet and packet.port == port]

    def end(self):
        self.process.terminate()
        self.process.wait(10)


def udp_of(record):
    t, frame = record
    if frame[12:14] != b"\x08\x00" or frame[23] != 17:
        return None
    at = 14 + (frame[14] & 15) * 4
    port, length = struct.unpack(">HH", frame[at + 2 : at + 6])
    source, target = (socket.inet_ntoa(frame[k : k + 4]) for k in (26, 30))
    return Packet(t, source, frame[6:12].hex(":"), target, frame[:6].hex(":"), port, frame[at + 8 : at + length])


# --- docs/announce.md

OPENWRT_PORT, LIFEBOAT_PORT = 4919, 4920
STATES = ["starting", "window", "booting", "running", "failsafe", "rescue"]
REASONS = ["none", "window-over", "window-off", "button", "button-held", "console", "cmdline", "request", "unavailable",
           "no-root", "continued", "no-init"]
POLICIES = ["open", "locked", "off"]
TEXTS = {6: "board", 7: "name", 8: "serial", 9: "version", 10: "host_key", 11: "why"}


def announcement(payload):
    """An announcement as a dict with the names that `lifeline listen --json` uses."""
    assert payload[:5] == b"LBAN\x01" and len(payload) <= 548
    found, at = {}, 5
    while payload[at]:
        tag, value = payload[at], payload[at + 2 : at + 2 + payload[at + 1]]
        assert tag not in found, f"tag {tag} comes twice"
        found[tag] = value
        at += 2 + payload[at + 1]
    assert payload[at:] == b"\0\0", "no end, or something behind it"
    named = {"state": STATES[found.pop(1)[0]], "reason": REASONS[found.pop(2)[0]], "policy": POLICIES[found.pop(3)[0]]}
    if 4 in found:
        named["left_ms"] = int.from_bytes(found.pop(4), "big")
    if 5 in found:
        named["address"] = socket.inet_ntoa(found.pop(5))
    return named | {TEXTS[tag]: value.decode() for tag, value in found.items()}


class Listener:
    """`lifeline listen --json` on the PC."""

    def __init__(self, router, program, *words):
        self.path = router.run_dir / "listen.json"
        with open(self.path, "wb") as out:
            self.process = router.pc_popen([program, "listen", "--json", *words], stdout=out, stderr=out)

    def reports(self):
        text = self.path.read_text()
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def wait(self, fits, timeout=30):
        """The first report for which fits(report) holds."""
        end = time.monotonic() + timeout
        while True:
            for report in self.reports():
                if fits(report):
                    return report
            assert self.process.poll() is None and time.monotonic() < end, self.path.read_text()
            time.sleep(0.05)

    def end(self):
        self.process.terminate()
        self.process.wait(10)
