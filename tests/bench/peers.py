"""rauc and swupdate from Debian, set up so that each writes one signed image to one device: for bench_install.py."""

import hashlib
import os
import shutil
import struct
import subprocess
import time

NEEDED = ("rauc", "swupdate", "dbus-daemon", "mksquashfs", "openssl", "zstd", "losetup", "time")


def missing():
    return [program for program in NEEDED if not shutil.which(program, path=os.environ["PATH"] + ":/sbin:/usr/sbin")]


def quiet(*argv, **how):
    return subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **how)


def make_key(folder):
    quiet("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder / "key.pem", "-out", folder / "cert.pem",
          "-days", "30", "-subj", "/CN=bench", "-addext", "extendedKeyUsage=emailProtection")


class Rauc:
    """A service on a bus of its own; a plain bundle; the slot that is not running is the device."""

    BUS = """<busconfig><type>system</type><listen>unix:path={}</listen><auth>EXTERNAL</auth><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"""

    def __init__(self, folder, device, other):
        self.folder, self.children = folder, []
        (folder / "mnt").mkdir()
        (folder / "system.conf").write_text(
            f"[system]\ncompatible=bench\nbootloader=noop\nmountprefix={folder}/mnt\nstatusfile={folder}/status\n"
            f"[keyring]\npath={folder}/cert.pem\n[slot.rootfs.0]\ndevice={other}\ntype=raw\nbootname=A\n"
            f"[slot.rootfs.1]\ndevice={device}\ntype=raw\nbootname=B\n")
        (folder / "bus.conf").write_text(self.BUS.format(folder / "bus"))
        self.env = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={folder}/bus"}

    def bundle(self, image):
        content, bundle = self.folder / "content", image.with_suffix(".raucb")
        content.mkdir()
        os.link(image, content / "image.img")
        (content / "manifest.raucm").write_text("[update]\ncompatible=bench\nversion=1\n[image.rootfs]\nfilename=image.img\n")
        quiet("rauc", f"--cert={self.folder}/cert.pem", f"--key={self.folder}/key.pem", "bundle", content, bundle)
        shutil.rmtree(content)
        return bundle

    def __enter__(self):
        bus = subprocess.Popen(["dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork", "--nopidfile", "--print-address"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.children.append(bus)
        bus.stdout.readline()  # it listens
        service = subprocess.Popen(["rauc", "-c", self.folder / "system.conf", "--override-boot-slot=A", "service"], env=self.env,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.children.append(service)
        for _ in range(100):
            if subprocess.run(["rauc", "-c", self.folder / "system.conf", "status"], env=self.env, capture_output=True).returncode == 0:
                return self
            time.sleep(0.1)
        raise SystemExit("rauc's service does not answer")

    def __exit__(self, *_):
        for child in reversed(self.children):
            child.terminate()
            child.wait()

    def install(self, bundle):
        quiet("rauc", "-c", self.folder / "system.conf", "install", bundle, env=self.env)


class Swupdate:
    """A signed archive whose image goes to the device without a copy in between."""

    def __init__(self, folder, device):
        self.folder, self.device = folder, device

    def archive(self, image, kind=""):
        packed = f'compressed = "{kind}"; ' if kind else ""
        text = (f'software = {{ version = "1"; hardware-compatibility: [ "1.0" ]; images: ( {{ filename = "{image.name}"; '
                f'device = "{self.device}"; type = "raw"; {packed}installed-directly = true; '
                f'sha256 = "{hashlib.sha256(image.read_bytes()).hexdigest()}"; }} ); }}\n')
        (self.folder / "sw-description").write_text(text)
        quiet("openssl", "cms", "-sign", "-in", self.folder / "sw-description", "-out", self.folder / "sw-description.sig", "-signer",
              self.folder / "cert.pem", "-inkey", self.folder / "key.pem", "-outform", "DER", "-nosmimecap", "-binary")
        (self.folder / "hwrevision").write_text("bench 1.0\n")
        archive = image.with_suffix(image.suffix + ".swu")
        with open(archive, "wb") as out:
            for name in (self.folder / "sw-description", self.folder / "sw-description.sig", image):
                self.member(out, name.name, name.read_bytes())
            self.member(out, "TRAILER!!!", b"")
        return archive

    @staticmethod
    def member(out, name, data):
        """As `cpio -H crc` has it: the checksum is the sum of all bytes."""
        total = sum(sum(data[at:at + 1 << 20]) for at in range(0, len(data), 1 << 20)) if data else 0
        fields = (0, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, total & 0xFFFFFFFF)
        head = b"070702" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        out.write(head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4))

    def install(self, archive):
        quiet("swupdate", "-k", self.folder / "cert.pem", "-H", "bench:1.0", "-i", archive, cwd=self.folder)


def pack_le(value):
    return struct.pack("<Q", value)
