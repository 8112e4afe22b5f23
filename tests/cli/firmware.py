"""Images, keys and signatures, made without any of our own code: docs/images.md in Python."""

import base64
import gzip
import hashlib
import io
import json
import struct
import subprocess
import tarfile
import zlib


def open_crc(data):
    return zlib.crc32(data) ^ 0xFFFFFFFF


def block(image, kind, payload):
    """Append a block as OpenWrt's fwtool does."""
    body = (bytes(8) if kind == 1 else b"") + payload
    image += body
    return image + b"FWx0" + struct.pack(">IB3xI", open_crc(image), kind, len(body) + 16)


def metadata(image, boards, version="24.10.0", **more):
    text = {"metadata_version": "1.1", "supported_devices": boards,
            "version": {"dist": "OpenWrt", "version": version, "revision": "r28427", "target": "a/b", "board": "r1"}, **more}
    return block(image, 1, json.dumps(text).encode() + b"\n")


def tar(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        end = archive.offset + 1024  # two blocks of zeros; what the module adds for tapes is left out
    return out.getvalue()[:end]


def sysupgrade(board="acme_r1", root=b"root" * 50000):
    folder = f"sysupgrade-{board}"
    return tar([(f"{folder}/CONTROL", f"BOARD={board}\n".encode()), (f"{folder}/kernel", b"kernel" * 999), (f"{folder}/root", root)])


def trx(data):
    rest = struct.pack("<HHIII", 0, 1, 28, 0, 0) + data
    return b"HDR0" + struct.pack("<II", len(rest) + 12, open_crc(rest)) + rest


def uimage(data, name=b"MIPS OpenWrt Linux"):
    def header(crc):
        return struct.pack(">7IBBBB32s", 0x27051956, crc, 0, len(data), 0, 0, zlib.crc32(data), 5, 5, 2, 3, name)
    return header(zlib.crc32(header(0))) + data


def dni(data):
    """Netgear's: 128 bytes of text, and a last byte that makes the sum of all bytes 0xFF."""
    image = b"device:R7800\nversion:V1.0.2\n".ljust(128, b"\0") + data
    return image + bytes([(0xFF - sum(image)) & 0xFF])


def ubnt(data):
    head = b"UBNT" + b"XM.ar7240.v6.3.24.bin".ljust(256, b"\0")
    return head + struct.pack(">II", zlib.crc32(head), 0) + data


def medkit(tree="boot/armada-385-turris-omnia-phy.dtb", version=b"7.0.1\n"):
    return gzip.compress(tar([("./sbin/init", b"init"), ("./etc/turris-version", version), (f"./{tree}", b"tree"),
                              ("./" + "long/" * 40 + "name", b"x")]), mtime=0)


def fit(*images, methods=("crc32",), inside=False):
    """A flattened image tree with its data behind it, as OpenWrt's *.itb have it, or inside."""
    names = [b"data-offset", b"data-size", b"algo", b"value", b"data", b"description"]
    strings = b"".join(name + b"\0" for name in names)

    def padded(data):
        return data.ljust((len(data) + 3) // 4 * 4, b"\0")

    def node(name, body):
        return struct.pack(">I", 1) + padded(name + b"\0") + body + struct.pack(">I", 2)

    def prop(name, value):
        return struct.pack(">III", 3, len(value), strings.index(name + b"\0")) + padded(value)

    data, nodes = b"", b""
    for number, image in enumerate(images):
        body = prop(b"description", b"one of the parts of this tree\0")
        if inside:
            body += prop(b"data", image)
        else:
            body += prop(b"data-offset", struct.pack(">I", len(data))) + prop(b"data-size", struct.pack(">I", len(image)))
            data += padded(image)
        for method in methods:
            value = struct.pack(">I", zlib.crc32(image)) if method == "crc32" else hashlib.new(method, image).digest()
            body += node(b"hash-%s" % method.encode(), prop(b"algo", method.encode() + b"\0") + prop(b"value", value))
        nodes += node(b"image-%d" % number, body)
    tree = node(b"", node(b"images", nodes)) + struct.pack(">I", 9)
    total = 40 + 16 + len(tree) + len(strings)
    header = struct.pack(">10I", 0xD00DFEED, total, 56, 56 + len(tree), 40, 17, 16, 0, len(strings), len(tree))
    return padded(header + bytes(16) + tree + strings) + data


def mbr_entry(kind, first, sectors, active=0):
    return struct.pack("<B3sB3sII", active, b"", kind, b"", first, sectors)


def mbr(sectors=64):
    table = mbr_entry(0x0C, 8, 8, active=0x80) + bytes(48)
    return (bytes(446) + table + b"\x55\xaa").ljust(sectors * 512, b"\0")


def gpt(sectors=4096, parts=((1, 2048, 2559), (2, 2560, 4000), (128, 34, 2047)), size=512, content=b""):
    """A disk image with a GPT and its backup, `content` in its first partition."""
    entries = bytearray(128 * 128)
    for number, first, last in parts:
        entries[(number - 1) * 128:number * 128] = struct.pack(
            "<16s16sQQQ72s", b"\xaf=\xc6\x0f\x83\x84\x72\x47", bytes([number]) * 16, first, last, 0, f"p{number}".encode("utf-16le"))
    room = (len(entries) + size - 1) // size

    def header(at, other, entries_at):
        fields = struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, 0, 0, at, other, 2 + room, sectors - room - 2,
                             b"\xd1" * 16, entries_at, 128, 128, zlib.crc32(entries))
        return (fields[:16] + struct.pack("<I", zlib.crc32(fields)) + fields[20:]).ljust(size, b"\0")

    protective = struct.pack("<B3sB3sII", 0, b"", 0xEE, b"", 1, sectors - 1) + bytes(48)
    image = bytearray(sectors * size)
    image[:512] = b"boot code".ljust(446, b"\x90") + protective + b"\x55\xaa"
    image[size:2 * size] = header(1, sectors - 1, 2)
    image[2 * size:2 * size + len(entries)] = entries
    image[(sectors - room - 1) * size:(sectors - room - 1) * size + len(entries)] = entries
    image[(sectors - 1) * size:] = header(sectors - 1, 1, sectors - room - 1)
    at = parts[0][1] * size
    image[at:at + len(content)] = content
    return bytes(image)


def gpt_copies(disk, size=512):
    """[(header's own place, the other's, last usable sector, partitions)] of a disk's GPT, checksums checked."""
    found = []
    for at in (1, len(disk) // size - 1):
        head = disk[at * size:at * size + 92]
        fields = struct.unpack("<8sIIIIQQQQ16sQIII", head)
        assert fields[0] == b"EFI PART", f"no header in sector {at}"
        assert zlib.crc32(head[:16] + bytes(4) + head[20:]) == fields[3]
        entries = disk[fields[10] * size:fields[10] * size + fields[11] * fields[12]]
        assert zlib.crc32(entries) == fields[13]
        parts = [(number + 1, *struct.unpack_from("<QQ", entries, number * 128 + 32))
                 for number in range(fields[11]) if any(entries[number * 128:number * 128 + 16])]
        found.append((fields[5], fields[6], fields[8], parts))
    return found


def large_zstd(total, head=b""):
    """A frame that unpacks to `total` bytes, zeros behind `head`: blocks of 128 KiB, each 4 bytes long."""
    frame = b"\x28\xb5\x2f\xfd\x00\x58"
    frame += (len(head) << 3).to_bytes(3, "little") + head
    left = total - len(head)
    step = 128 << 10
    full, rest = divmod(left, step)
    frame += ((step << 3) | 2).to_bytes(3, "little").ljust(4, b"\0") * full
    return frame + ((rest << 3) | 3).to_bytes(3, "little") + b"\0"


def blob(kind, data):
    """A blob of libubox: the length counts these four bytes, the next one starts at a multiple of four."""
    return (struct.pack(">I", kind << 24 | len(data) + 4) + data).ljust((len(data) + 7) // 4 * 4, b"\0")


def named(kind, name, data):
    head = struct.pack(">H", len(name)) + name + b"\0"
    return blob(0x80 | kind, head.ljust((len(head) + 3) // 4 * 4, b"\0") + data)


def certificate(key=None, start=0, end=2 ** 40, revoke=None):
    """What stands in a container of ucert: a grant for `key`, or the end of the key with the id `revoke`."""
    values = named(5, b"certtype", struct.pack(">I", 2 if revoke else 1))
    values += named(4, b"validfrom", struct.pack(">Q", start)) + named(4, b"expiresat", struct.pack(">Q", end))
    values += named(3, b"fingerprint", revoke.encode() + b"\0") if revoke else named(3, b"pubkey", key.public() + b"\0")
    return named(2, b"ucert", values)


def container(signature, payload=None):
    return blob(0, blob(0, signature) + (blob(1, payload) if payload else b""))


class Key:
    """An Ed25519 key made by OpenSSL, in the form of usign."""

    def __init__(self, folder, name, key_id):
        self.path, self.id, self.comment = folder / f"{name}.pem", key_id, name
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", self.path], check=True, capture_output=True)

    def public(self):
        der = subprocess.run(["openssl", "pkey", "-in", self.path, "-pubout", "-outform", "DER"], check=True,
                             capture_output=True).stdout
        return self.text(bytes.fromhex(self.id) + der[-32:])

    def sign(self, path):
        done = subprocess.run(["openssl", "pkeyutl", "-sign", "-inkey", self.path, "-rawin", "-in", path], check=True,
                              capture_output=True)
        return self.text(bytes.fromhex(self.id) + done.stdout)

    def sign_data(self, data):
        path = self.path.with_suffix(".data")
        path.write_bytes(data)
        return self.sign(path)

    def certify(self, payload):
        return container(self.sign_data(payload), payload)

    def text(self, data):
        return f"untrusted comment: {self.comment}\n".encode() + base64.b64encode(b"Ed" + data) + b"\n"


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()
