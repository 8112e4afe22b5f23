"""The wires: a network namespace for the PC on the LAN side and one for the WAN side of each router.

A router's port is a TAP interface in one of them, called like the port. It stays when the router's power goes
off (the link goes down), so that a tcpdump or an address survives a power cycle."""

import ctypes
import fcntl
import itertools
import os
import signal
import struct
import subprocess
import threading
from pathlib import Path

from .errors import EmuError

PC_ADDRESS = "192.168.1.2/24"
WAN_ADDRESS = "192.0.2.1/24"  # TEST-NET-1

TUNSETIFF = 0x400454CA
TUNSETCARRIER = 0x400454E2
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR = 0x0002, 0x1000, 0x4000
CLONE_NEWNET = 0x40000000
NETNS = Path("/run/netns")

_numbers = itertools.count()


class Network:
    def __init__(self, nics):
        if os.geteuid() != 0:
            raise EmuError("network namespaces need root: start this with sudo, or make the router without network")
        if not Path("/dev/net/tun").exists():
            raise EmuError("/dev/net/tun is not there: load the tun module (modprobe tun) or give it to the container")
        _sweep()
        stem = f"lb{os.getpid()}n{next(_numbers)}"
        self._names = {side: f"{stem}-{side}" for side in sorted({nic.side for nic in nics})}
        self._side = {nic.name: nic.side for nic in nics}
        self._taps, self._plugged = {}, {nic.name: True for nic in nics}
        self._powered = False
        self._children = []
        try:
            for name in self._names.values():
                _ip("netns", "add", name)
                _ip("-n", name, "link", "set", "lo", "up")
            for nic in nics:
                self._taps[nic.name] = _open_tap(self._names[nic.side], nic.name)
                # Frames of our own would mix with what a test listens for
                _ip("netns", "exec", self._names[nic.side], "sh", "-c",
                    f"echo 1 >/proc/sys/net/ipv6/conf/{nic.name}/disable_ipv6")
                _ip("-n", self._names[nic.side], "link", "set", nic.name, "up")
                self._carrier(nic.name)
            self.pc_port = next(nic.name for nic in nics if nic.side == "pc")
            _ip("-n", self._names["pc"], "addr", "add", PC_ADDRESS, "brd", "+", "dev", self.pc_port)
            for wan in (nic.name for nic in nics if nic.side == "wan"):
                _ip("-n", self._names["wan"], "addr", "add", WAN_ADDRESS, "brd", "+", "dev", wan)
        except BaseException:
            self.close()
            raise

    def namespace(self, side):
        return self._names[side]

    def fd(self, port):
        return self._taps[port]

    def fds(self):
        return list(self._taps.values())

    def plugged(self, port):
        return self._plugged[port]

    def power(self, on):
        """The router's end of the cables goes up or down. What was sent to it without power is gone."""
        if on:
            for fd in self._taps.values():
                _drain(fd)
        self._powered = on
        for port in self._taps:
            self._carrier(port)

    def cable(self, port, plugged):
        self._plugged[port] = plugged
        self._carrier(port)

    def move_pc(self, port):
        """Give the PC's address to another port, as if its cable were moved there. Cables are not touched."""
        name = self._names["pc"]
        _ip("-n", name, "addr", "flush", "dev", self.pc_port)
        _ip("-n", name, "addr", "add", PC_ADDRESS, "brd", "+", "dev", port)
        self.pc_port = port

    def popen(self, side, command, **options):
        """A process in the namespace; ended with the router if it still runs then."""
        argv = ["sh", "-c", command] if isinstance(command, str) else list(command)
        options.setdefault("stdin", subprocess.DEVNULL)
        process = subprocess.Popen(["ip", "netns", "exec", self._names[side], *argv], start_new_session=True, **options)
        self._children.append(process)
        return process

    def run(self, side, command, timeout=60):
        """Run to the end: subprocess.CompletedProcess with stdout and stderr as text."""
        process = self.popen(side, command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            _end(process)
            out, err = process.communicate()
            raise EmuError(f"{command!r} did not end within {timeout:g} s: {(err or out).strip()[-300:]}") from None
        finally:
            self._children.remove(process)
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def close(self):
        for process in self._children:
            _end(process)
        self._children.clear()
        for fd in self._taps.values():
            os.close(fd)
        self._taps.clear()
        for name in self._names.values():
            if (NETNS / name).exists():
                subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL)
        self._names = {}

    def _carrier(self, port):
        up = self._powered and self._plugged[port]
        fcntl.ioctl(self._taps[port], TUNSETCARRIER, struct.pack("i", int(up)))


def _ip(*args):
    try:
        done = subprocess.run(["ip", *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except FileNotFoundError:
        raise EmuError("ip is not installed: apt-get install iproute2") from None
    if done.returncode:
        raise EmuError(f"ip {' '.join(args)} failed: {done.stdout.strip()}")


def inside(namespace, make):
    """Result of make() in a network namespace; only a thread of its own goes there. What it opens stays there."""
    result = []

    def work():
        try:
            libc = ctypes.CDLL(None, use_errno=True)
            with open(NETNS / namespace) as where:
                if libc.setns(where.fileno(), CLONE_NEWNET):
                    raise OSError(ctypes.get_errno(), "setns")
            result.append(make())
        except OSError as error:
            result.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if isinstance(result[0], OSError):
        raise result[0]
    return result[0]


def _open_tap(namespace, name):
    """File descriptor of a new TAP interface in the namespace."""

    def make():
        fd = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI | IFF_VNET_HDR))
        return fd

    try:
        return inside(namespace, make)
    except OSError as error:
        raise EmuError(f"cannot make the network interface {name}: {error}") from error


def _drain(fd):
    try:
        while os.read(fd, 65536 + 64):
            pass
    except BlockingIOError:
        pass
    except OSError:
        pass  # a link that is down cannot be read, and holds nothing


def _end(process):
    if process.poll() is None:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.wait()


def _sweep():
    """Remove namespaces of routers whose Python was killed before it could."""
    for path in NETNS.glob("lb*n*-*") if NETNS.exists() else ():
        pid = path.name[2:].split("n")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            subprocess.run(["ip", "netns", "del", path.name], stderr=subprocess.DEVNULL)
