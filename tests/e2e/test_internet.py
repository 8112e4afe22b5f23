"""Rescue mode 6 (virt-sd): a new system from the internet, which is a network namespace with DHCP, names and an https server."""

import gzip
import hashlib
import io
import json
import os
import random
import socket
import sys
import tarfile

import pytest
from lab import ADDRESS, LONG, READY_S, ROOT, board_file, wait_until
from vrouter import build_medkit
from wires import LIFEBOAT_PORT, Capture, announcement, arp_answers, inside, tcp_connects

sys.path.insert(0, str(ROOT / "tests/cli"))
import firmware  # noqa: E402  needs the path
from https import File, Server, certificate  # noqa: E402

BOARD = "virt-sd"
HOST, HOST_ADDRESS = "downloads.example.org", "192.0.2.1"  # of boards/virt-sd.conf, and of the WAN side's end
NAME = "virt-sd-medkit-latest.tar.gz"
KEY_ID = "0123456789abcdef"
MBR = {'device = "/dev/mmcblk0"': 'device = "/dev/mmcblk0"\n\ttable = "mbr"',  # as the card of a Turris MOX
       'root = "PARTLABEL=rootfs"': 'root = "/dev/mmcblk0p2"', 'record = "PARTLABEL=lifeboat"': 'record = "/dev/mmcblk0p1"'}
CONF = board_file(MBR, {"menu {": "menu {\n\tback_seconds = 2",
                              "image {": 'image {\n\tmin_version = "2.0"\n\tsignature_network = "if-there"'}, board=BOARD)
MIB = 1 << 20
WORK_S = 240  # patience for a medkit's 26 MB in an emulated CPU
TOO_MUCH = 64 << 30  # more than fits into anybody's RAM
SHARED = {'ports = {"eth0", "eth1"}': 'ports = {"eth0", "eth2"}'}  # eth2 is the WAN port
WAN_MAC, NEIGHBOUR = "02:1b:0a:00:00:03", "192.168.1.77"
DHCP = ["--dhcp-range=192.0.2.100,192.0.2.110,255.255.255.0,1h", f"--address=/{HOST}/{HOST_ADDRESS}"]


def small_medkit(version):
    """A medkit that has what is needed, and takes a moment to download and check."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, data in (("./sbin/init", b"#!/bin/sh\n"), ("./etc/turris-version", f"{version}\n".encode())):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o755
            tar.addfile(entry, io.BytesIO(data))
    return gzip.compress(made.getvalue(), mtime=0)


def damaged(data):
    return data[:len(data) // 2] + bytes([data[len(data) // 2] ^ 1]) + data[len(data) // 2 + 1:]


class Internet:
    """Both ends of what a person has: the router, and behind its WAN port the provider and the maker's server."""

    def __init__(self, bench, folder, hang_seconds=900):
        self.folder = folder
        self.conf = CONF.replace("back_seconds = 2", f"back_seconds = 2\n\thang_seconds = {hang_seconds}")
        self.key = firmware.Key(folder, "maker", KEY_ID)
        certificate(folder, f"DNS:{HOST}")
        self.router = bench(conf=self.conf, board=BOARD, initramfs_extra={
            f"etc/opkg/keys/{KEY_ID}": self.key.public(), "etc/ssl/certs/ca-certificates.crt": folder / "tls.crt"})
        self.server = None
        self.card = None

    def provide(self, *how):
        """DHCP and names, or what else the provider does."""
        provider = self.router.wan_popen([
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root", "--no-hosts", "--no-resolv", "--no-ping",
            "--leasefile-ro", "--pid-file=", f"--log-facility={self.folder}/provider.log", "--interface=wan", "--bind-interfaces",
            *how])
        wait_until(lambda: tcp_connects(self.router.net.namespace("wan"), HOST_ADDRESS, 53), what="the provider")
        return provider

    def serve(self, folder=None):
        address = (HOST_ADDRESS, 443)
        listener = inside(self.router.net.namespace("wan"), lambda: socket.create_server(address))
        self.server = Server(listener, folder or self.folder)

    def sell(self, data, signed=None, breaks=()):
        """A medkit, with the signature of these bytes instead of its own."""
        self.server.files[f"/{NAME}"] = file = File(data)
        file.breaks = [int(len(data) * part) for part in breaks]
        self.server.files[f"/{NAME}.sig"] = File(self.key.sign_data(data if signed is None else signed))
        return file

    def ranges(self):
        return [asked[1] for asked in self.server.asked if asked[0] == f"/{NAME}"]

    def root_hash(self):
        off, size = self.router.partition("rootfs")
        with open(self.router.disk, "rb") as disk:
            disk.seek(off)
            return hashlib.sha256(disk.read(size)).hexdigest()

    def wreck_table(self):
        with open(self.router.disk, "r+b") as disk:
            size = disk.seek(0, os.SEEK_END)
            for at in (0, size - MIB):
                disk.seek(at)
                disk.write(bytes(MIB))

    def partuuid(self):
        """Of the root, whose table is an MBR without a GPT."""
        with open(self.router.disk, "rb") as disk:
            first = disk.read(1024)
        kinds = [first[446 + 16 * i + 4] for i in range(4)]
        assert kinds == [0x83, 0x83, 0, 0] and not first[512:].startswith(b"EFI PART"), kinds
        return f"{int.from_bytes(first[440:444], 'little'):08x}-02"

    def fails(self, why, blinks, patience=WORK_S):
        """Mode 6 fails with that sentence, and the card is as it was."""
        self.card = self.card or self.root_hash()
        self.router.power_on("force_mode=6")
        self.router.says(rf"rescue mode 6 \(internet\) failed: {why}", patience)
        self.router.says(f"the LED blinks {blinks} times?, again and again")
        self.router.power_cut("kill")
        assert self.root_hash() == self.card

    def close(self):
        if self.server:
            self.server.end()
            self.server = None


@pytest.fixture
def internet(bench, tmp_path):
    made = Internet(bench, tmp_path)
    yield made
    made.close()


def test_mode_6__bad_medkits_leave_the_card__a_good_one_makes_an_mbr_and_its_system_through_a_cut_and_a_missing_network(internet):
    router = internet.router
    internet.provide(*DHCP)
    internet.serve()
    good = small_medkit("2.0")
    internet.sell(good, signed=b"something else")
    internet.fails(f"{NAME}: its signature by key {KEY_ID} is wrong", 2)
    internet.sell(good).claims = TOO_MUCH
    internet.fails(f"https://{HOST}/{NAME} does not fit into the room that is free here", 5)

    data = build_medkit(BOARD, version="2.1", board_conf=CONF, extra={"etc/new-system": "2.1\n"}).read_bytes()
    internet.sell(data, breaks=(0.4,))
    internet.server.asked.clear()
    internet.wreck_table()
    router.power_on(hold=["reset"])
    router.says("^Rescue mode 1: ")
    router.button("reset").release()
    router.serial.send("6\n")
    router.says("eth2 is online: 192.0.2.1", WORK_S)
    router.says(r"broke off in the middle: trying again from byte \d+", WORK_S)
    router.says(rf"unpacking: [{random.randrange(1, 7)}-9]\d %", WORK_S)
    assert internet.ranges() == [None, f"bytes={int(len(data) * 0.4)}-"]
    router.power_cut("kill")

    router.cable("wan", False)  # the modem had the same power cut
    router.power_on()  # no button, no word on the command line
    router.says("the power failed while the card was written: rescue mode 6 goes on")
    router.says("there is no system on the card: this waits until the network and the server are there", WORK_S)
    router.says("^eth2 has no link")
    router.cable("wan", True)
    router.says("eth2 is online: 192.0.2.1", WORK_S)
    router.says(rf"rescue mode 6 \(internet\) is done: {NAME}, version 2.1 is on /dev/mmcblk0p2; the router reboots", WORK_S)
    router.wait_reset(READY_S)
    router.wait_up(60)
    assert router.console.count("goes on") == 1
    router.serial.login(timeout=READY_S)
    assert router.sh("cat /etc/new-system /etc/turris-version").split() == ["2.1", "2.1"]
    assert "version 2.1 is on" in json.loads(router.sh("lifeboat status --json"))["last_mode"]
    router.sh("mount -t btrfs -o subvolid=5 /dev/mmcblk0p2 /mnt && cmp /mnt/@factory/etc/new-system /etc/new-system && umount /mnt")
    router.power_cut("kill")
    router.power_on(f"root=PARTUUID={internet.partuuid()}")
    router.wait_up(60)
    assert "root device" not in router.console


def what_only_a_client_sends(frame):
    """IPv6, which comes up with the port, or a question for an address: from nobody, to a DHCP server."""
    kind, source, target = frame[12:14].hex(), frame[26:30], frame[36:38]
    return kind == "86dd" or (kind, source, int.from_bytes(target, "big")) == ("0800", bytes(4), 67)


def told(lan):
    return [announcement(packet.payload) for packet in lan.udp(LIFEBOAT_PORT)]


def test_one_port__that_is_lan_and_wan__lets_in_with_mode_5_and_with_mode_6_shows_nobody_anything(bench, tmp_path):
    router = bench(SHARED, {"menu {": "menu {\n\tback_seconds = 20"}, board=BOARD)
    wan = router.net.namespace("wan")
    assert router.wan(f"ip address add {NEIGHBOUR}/24 dev wan").returncode == 0
    wire = Capture(router.wan_popen, "wan", tmp_path / "wan.pcap")
    lan = Capture(router.pc_popen, "lan1", tmp_path / "lan.pcap")
    router.power_on("force_mode=6 root=/dev/mmcblk0p1")  # the record, which nobody can boot
    router.says(r"rescue mode 6 \(internet\) failed: eth2 gets no address: nobody answered to DHCP", WORK_S)
    router.says("the LED blinks 1 time, again and again: no network")
    assert "<h1>Rescue mode 6 has failed</h1>" in router.page()
    assert arp_answers(wan, "wan", ADDRESS, NEIGHBOUR, 3) == [] and not tcp_connects(wan, ADDRESS, 80)
    router.says("^- rescue -", 60)  # and nobody has unplugged the internet
    wait_until(lambda: told(lan)[-1]["state"] == "rescue", what="the rescue on the other LAN port")
    assert router.ssh("echo hello", password="") == "hello"
    assert arp_answers(wan, "wan", ADDRESS, NEIGHBOUR, 1) == []
    assert any(report.get("why", "").startswith("mode 6: failed: eth2 gets no address") for report in told(lan))
    sent = [frame for _, frame in wire.frames() if frame[6:12].hex(":") == WAN_MAC]
    assert sent and all(map(what_only_a_client_sends, sent)), [frame.hex() for frame in sent if not what_only_a_client_sends(frame)]
    router.power_cut("kill")

    router.power_on("force_mode=5")
    router.says("rescue mode 5 is carried out now")
    wait_until(lambda: tcp_connects(wan, ADDRESS, 22), what="SSH on the port that is LAN and WAN")
    assert router.ssh("echo hello", password="") == "hello"


@pytest.mark.skipif(not LONG, reason="minutes of waiting: LIFEBOAT_LONG=1")
def test_mode_6__cut_and_nothing_of_the_internet_there__waits_for_each_part_of_it(bench, tmp_path):
    internet = Internet(bench, tmp_path, hang_seconds=20)
    router = internet.router
    provider = internet.provide(*DHCP)
    internet.serve()
    data = build_medkit(BOARD, version="2.1", board_conf=internet.conf, extra={"etc/new-system": "2.1\n"}).read_bytes()
    internet.sell(data)
    router.power_on("force_mode=6")
    router.says(r"unpacking: [3-9]\d %", WORK_S)
    router.power_cut("kill")
    internet.close()
    provider.terminate()
    provider.wait()
    router.power_on()
    router.says("rescue mode 6 goes on")
    router.says("eth2 gets no address: nobody answered to DHCP", WORK_S)
    router.says(r"waiting for an? \w+, [6-9]\d s", WORK_S)
    internet.provide(*DHCP)
    router.says("eth2 is online: 192.0.2.1", WORK_S)
    router.says(rf"https://{HOST}/{NAME}.sig does not answer$", WORK_S)
    router.says("eth2 is online: 192.0.2.1", WORK_S)
    internet.serve()
    internet.sell(data)
    router.says(rf"rescue mode 6 \(internet\) is done: {NAME}, version 2.1 is on /dev/mmcblk0p2; the router reboots", WORK_S)
    router.wait_reset(READY_S)
    router.wait_up(60)
    internet.close()


@pytest.mark.skipif(not LONG, reason="minutes of boots: LIFEBOAT_LONG=1")
def test_mode_6__what_can_go_wrong__has_its_sentence_and_its_code(internet, tmp_path):
    router = internet.router
    good = small_medkit("2.0")
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
    internet.sell(good)
    internet.fails(f"https://{HOST}/{NAME}.sig has a certificate that is not trusted here", 2)
    assert internet.server.asked == []
    internet.close()
    internet.serve()
    internet.sell(good, breaks=(0.5,)).leaves = True
    internet.fails(f"https://{HOST}/{NAME} does not answer", 1)
    assert f"broke off in the middle: trying again from byte {len(good) // 2}" in router.console
    internet.close()
    internet.serve()
    internet.sell(damaged(good))
    internet.fails(f"{NAME}: ", 2)
    internet.sell(small_medkit("1.9"))
    internet.fails(f"{NAME}: it is version 1.9, and this board takes 2.0 and later only", 2)
    internet.sell(good)
    internet.server.files[f"/{NAME}.sig"] = File(b"no signature\n")
    internet.fails(f"{NAME}: its signature has a form that cannot be checked", 2)
    del internet.server.files[f"/{NAME}.sig"]
    internet.fails(f"https://{HOST}/{NAME}.sig is not there: the server has no such file", 2)
