"""A cable between two network namespaces, and what a router sends through it: written from docs/announce.md, not from the C code."""

import ctypes
import os
import socket
import struct
import subprocess
import threading

CLONE_NEWNET = 0x40000000
ROUTER_MAC = "02:00:00:00:00:01"
OPENWRT_PORT, LIFEBOAT_PORT = 4919, 4920


def ip(*args):
    subprocess.run(["ip", *args], check=True, capture_output=True, text=True)


class Cable:
    """Namespaces `pc` with the interface pc0, which has no address, and `router` with lan0, 192.168.1.1/24."""

    def __init__(self):
        self.pc, self.router = (f"lb-{side}-{os.getpid()}" for side in ("pc", "router"))

    def __enter__(self):
        for name in (self.pc, self.router):
            ip("netns", "add", name)
        ip("link", "add", "pc0", "netns", self.pc, "type", "veth", "peer", "name", "lan0", "netns", self.router)
        ip("-n", self.router, "link", "set", "lan0", "address", ROUTER_MAC)
        ip("-n", self.router, "address", "add", "192.168.1.1/24", "broadcast", "192.168.1.255", "dev", "lan0")
        ip("-n", self.router, "link", "set", "lan0", "up")
        ip("-n", self.pc, "link", "set", "pc0", "up")
        return self

    def __exit__(self, *_):
        for name in (self.pc, self.router):
            subprocess.run(["ip", "netns", "del", name], capture_output=True)

    def socket(self, *args):
        """A socket that lives in the router's namespace; only a thread of its own goes there."""
        found = []

        def enter():
            libc = ctypes.CDLL(None, use_errno=True)
            with open(f"/run/netns/{self.router}") as namespace:
                if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            found.append(socket.socket(*args))

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        return found[0]

    def broadcast(self, port, payload, address="192.168.1.255"):
        with self.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            s.sendto(payload, (address, port))

    def openwrt(self, text=b"Please press button now to enter failsafe"):
        self.broadcast(OPENWRT_PORT, netmsg(text))

    def lifeboat(self, **fields):
        self.broadcast(LIFEBOAT_PORT, announce(**fields))

    def raw(self, frame):
        with self.socket(socket.AF_PACKET, socket.SOCK_RAW) as s:
            s.bind(("lan0", 0))
            s.send(frame)


def netmsg(text):
    return (b"\xde\xad" + text).ljust(1001, b"\0")


TAGS = {"board": 6, "name": 7, "serial": 8, "version": 9, "host_key": 10, "why": 11}


def field(tag, value):
    return bytes([tag, len(value)]) + value


def announce(state, reason=0, policy=0, left_ms=None, address=None, **texts):
    fields = [field(1, bytes([state])), field(2, bytes([reason])), field(3, bytes([policy]))]
    if left_ms is not None:
        fields.append(field(4, struct.pack(">I", left_ms)))
    if address is not None:
        fields.append(field(5, socket.inet_aton(address)))
    fields += [field(TAGS[name], value) for name, value in texts.items()]
    return b"LBAN\x01" + b"".join(fields) + b"\0\0"


def checksum(header):
    total = sum(struct.unpack(f">{len(header) // 2}H", header))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def frame(port, payload, tag=b"", mac=ROUTER_MAC):
    """An Ethernet frame from 192.168.1.1 to everybody."""
    udp = struct.pack(">HHHH", 40000, port, 8 + len(payload), 0) + payload
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0, socket.inet_aton("192.168.1.1"),
                         socket.inet_aton("192.168.1.255"))
    header = header[:10] + struct.pack(">H", checksum(header)) + header[12:]
    return b"\xff" * 6 + bytes.fromhex(mac.replace(":", "")) + tag + b"\x08\x00" + header + udp
