"""What modes 4 and 6 need beside the router: sticks with medkits, and the maker's server behind the WAN port."""

import itertools
import socket
import sys
import time
from pathlib import Path

from common import ROOT, Failure

for folder in ("emu", "tests/cli", "tests/e2e"):
    sys.path.insert(0, str(ROOT / folder))

import firmware  # noqa: E402 (found by the lines above)
import https  # noqa: E402
from vrouter import build_medkit, make_stick  # noqa: E402
from wires import inside, tcp_connects  # noqa: E402

HOST, HOST_ADDRESS = "downloads.example.org", "192.0.2.1"  # of boards/virt-sd.conf, and of the WAN side's end
KEY_ID = "0123456789abcdef"
TOO_MUCH = 256 << 20  # more than the card has
READY_S = 60


class Props:
    """Made when they are first asked for; close() ends what runs."""

    def __init__(self, folder, board, conf):
        self.folder, self.board, self.conf = Path(folder), board, conf
        self.name = f"{board}-medkit-latest.tar.gz"
        self.key = firmware.Key(self.folder, "maker", KEY_ID)
        https.certificate(self.folder, f"DNS:{HOST}")
        self._medkits, self._provider, self.server = {}, None, None

    def files(self):
        """What the initramfs has to know of them."""
        return {f"etc/opkg/keys/{KEY_ID}": self.key.public(), "etc/ssl/certs/ca-certificates.crt": self.folder / "tls.crt"}

    def medkit(self, kind):
        """(bytes of a medkit, bytes of its signature): "good", "damaged", "wrongly signed", "too large"."""
        if kind not in self._medkits:
            extra = {"etc/large": bytes(TOO_MUCH)} if kind == "too large" else {}
            data = build_medkit(self.board, version="2.0", board_conf=self.conf, extra=extra).read_bytes()
            if kind == "damaged":
                data = data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1 :]
            self._medkits[kind] = data, self.key.sign_data(b"something else" if kind == "wrongly signed" else data)
        return self._medkits[kind]

    def stick(self, kind):
        data, signature = self.medkit(kind)
        return make_stick(self.folder / "stick", {self.name: data, f"{self.name}.sig": signature}, partitioned=True)

    def provide(self, router):
        """Addresses and names on the WAN side."""
        if self._provider:
            return
        self._provider = router.wan_popen([
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--no-hosts", "--no-resolv", "--no-ping",
            "--leasefile-ro", "--pid-file=", f"--log-facility={self.folder}/provider.log", "--interface=wan", "--bind-interfaces",
            "--dhcp-range=192.0.2.100,192.0.2.110,255.255.255.0,1h", f"--address=/{HOST}/{HOST_ADDRESS}"])
        end = time.monotonic() + READY_S
        while not tcp_connects(router.net.namespace("wan"), HOST_ADDRESS, 53):
            if time.monotonic() > end:
                raise Failure(f"the DHCP server of the WAN side does not start; see {self.folder}/provider.log")
            time.sleep(0.05)

    def sell(self, router, kind, until=1.0):
        """Have the server offer a medkit; it is silent after this part of it."""
        self.provide(router)
        if not self.server:
            listener = inside(router.net.namespace("wan"), lambda: socket.create_server((HOST_ADDRESS, 443)))
            self.server = https.Server(listener, self.folder)
        data, signature = self.medkit(kind)
        file = https.File(data)
        if until < 1:
            file.breaks = [int(len(data) * until), *itertools.repeat(0, 1000)]
        self.server.files = {f"/{self.name}": file, f"/{self.name}.sig": https.File(signature)}

    def shut(self):
        """The server goes away."""
        if self.server:
            self.server.end()
            self.server = None

    def close(self):
        self.shut()
        if self._provider:
            self._provider.terminate()
            self._provider.wait()
            self._provider = None
