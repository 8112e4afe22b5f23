"""Rescue mode 6 (virt-sd): a new system from the internet, which is a network namespace with DHCP, names and an https server."""

import hashlib
import json
import socket
import sys

import pytest
from lab import LONG, NO_WINDOW, READY_S, ROOT, board_file, wait_until
from vrouter import build_medkit
from wires import inside, tcp_connects

sys.path.insert(0, str(ROOT / "tests/cli"))
import firmware  # noqa: E402  needs the path
from https import File, Server, certificate  # noqa: E402

BOARD = "virt-sd"
HOST, HOST_ADDRESS = "downloads.example.org", "192.0.2.1"  # of boards/virt-sd.conf, and of the WAN side's end
NAME = "virt-sd-medkit-latest.tar.gz"
KEY_ID = "0123456789abcdef"
CONF = board_file(NO_WINDOW, {"menu {": "menu {\n\tback_seconds = 2",
                              "image {": 'image {\n\tmin_version = "2.0"\n\tsignature_network = "if-there"'}, board=BOARD)
WORK_S = 240  # patience for a medkit's 26 MB in an emulated CPU
DHCP = ["--dhcp-range=192.0.2.100,192.0.2.110,255.255.255.0,1h", f"--address=/{HOST}/{HOST_ADDRESS}"]


class Internet:
    """Both ends of what a person has: the router, and behind its WAN port the provider and the maker's server."""

    def __init__(self, bench, folder):
        self.folder = folder
        self.key = firmware.Key(folder, "maker", KEY_ID)
        certificate(folder, f"DNS:{HOST}")
        self.router = bench(conf=CONF, board=BOARD, initramfs_extra={
            f"etc/opkg/keys/{KEY_ID}": self.key.public(), "etc/ssl/certs/ca-certificates.crt": folder / "tls.crt"})
        self.server = None

    def provide(self, *how):
        """DHCP and names, or what else the provider does."""
        self.router.wan_popen([
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--no-hosts", "--no-resolv", "--no-ping",
            "--leasefile-ro", "--pid-file=", f"--log-facility={self.folder}/provider.log", "--interface=wan", "--bind-interfaces",
            *how])
        wait_until(lambda: tcp_connects(self.router.net.namespace("wan"), HOST_ADDRESS, 53), what="the provider")

    def serve(self, folder=None):
        address = (HOST_ADDRESS, 443)
        listener = inside(self.router.net.namespace("wan"), lambda: socket.create_server(address))
        self.server = Server(listener, folder or self.folder)

    def sell(self, version, signed=None, breaks=()):
        """A medkit of this version, with the signature of these bytes instead of its own."""
        data = build_medkit(BOARD, version=version, board_conf=CONF, extra={"etc/new-system": f"{version}\n"}).read_bytes()
        self.server.files[f"/{NAME}"] = File(data)
        self.server.files[f"/{NAME}"].breaks = [int(len(data) * part) for part in breaks]
        self.server.files[f"/{NAME}.sig"] = File(self.key.sign_data(data if signed is None else signed))
        return len(data)

    def ranges(self):
        return [asked[1] for asked in self.server.asked if asked[0] == f"/{NAME}"]

    def root_hash(self):
        off, size = self.router.partition("rootfs")
        with open(self.router.disk, "rb") as disk:
            disk.seek(off)
            return hashlib.sha256(disk.read(size)).hexdigest()

    def fails(self, why, blinks, patience=WORK_S):
        """Mode 6 fails with that sentence, and the card is as it was."""
        self.router.power_on("force_mode=6")
        before = self.root_hash()
        self.router.says(rf"rescue mode 6 \(internet\) failed: {why}", patience)
        self.router.says(f"the LED blinks {blinks} times, again and again")
        assert self.root_hash() == before
        self.router.power_cut("kill")

    def close(self):
        if self.server:
            self.server.end()
            self.server = None


@pytest.fixture
def internet(bench, tmp_path):
    made = Internet(bench, tmp_path)
    yield made
    made.close()


def test_mode_6__wrong_signature_leaves_the_card__a_good_one_brings_its_system_over_a_line_that_breaks(internet):
    router = internet.router
    internet.provide(*DHCP)
    internet.serve()
    internet.sell("2.0", signed=b"something else")
    internet.fails(f"{NAME}: its signature by key {KEY_ID} is wrong", 2)

    size = internet.sell("2.1", breaks=(0.4,))
    internet.server.asked.clear()
    router.power_on(hold=["reset"])
    router.says("^Rescue mode 1: ")
    router.button("reset").release()
    router.serial.send("6\n")
    router.says("eth2 is online: 192.0.2.1", WORK_S)
    router.says(r"broke off in the middle: trying again from byte \d+", WORK_S)
    router.says(rf"rescue mode 6 \(internet\) is done: {NAME}, version 2.1 is on /dev/mmcblk0p2; the router reboots", WORK_S)
    assert internet.ranges() == [None, f"bytes={int(size * 0.4)}-"]
    router.wait_reset(READY_S)
    router.wait_up(60)
    router.serial.login(timeout=READY_S)
    assert router.sh("cat /etc/new-system /etc/turris-version").split() == ["2.1", "2.1"]
    assert "version 2.1 is on" in json.loads(router.sh("lifeboat status --json"))["last_mode"]
    router.sh("mount -t btrfs -o subvolid=5 /dev/mmcblk0p2 /mnt && cmp /mnt/@factory/etc/new-system /etc/new-system && umount /mnt")


@pytest.mark.skipif(not LONG, reason="minutes of boots: LIFEBOAT_LONG=1")
def test_mode_6__what_can_go_wrong__has_its_sentence_and_its_code(internet, tmp_path):
    router = internet.router
    router.cable("wan", False)
    internet.fails("eth2 has no link: plug the cable to the internet into it", 1)
    router.cable("wan", True)
    internet.fails("eth2 gets no address: nobody answered to DHCP", 1)
    internet.provide(*DHCP)
    internet.fails(f"https://{HOST}/{NAME}.sig does not answer", 1)
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    certificate(stranger, f"DNS:{HOST}")
    internet.serve(stranger)
    internet.sell("2.0")
    internet.fails(f"https://{HOST}/{NAME}.sig has a certificate that is not trusted here", 2)
    assert internet.server.asked == []
    internet.close()
    internet.serve()
    internet.sell("1.9")
    internet.fails(f"{NAME}: it is version 1.9, and this board takes 2.0 and later only", 2)
    internet.sell("2.0")
    internet.server.files[f"/{NAME}.sig"] = File(b"no signature\n")
    internet.fails(f"{NAME}: its signature has a form that cannot be checked", 2)
    del internet.server.files[f"/{NAME}.sig"]
    internet.fails(f"https://{HOST}/{NAME}.sig is not there: the server has no such file", 2)
