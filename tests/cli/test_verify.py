"""lifeboat verify, on images that a second implementation of docs/images.md has made."""

import gzip
import hashlib
import json
import lzma
import os
import subprocess
import time
import zlib
from pathlib import Path

import firmware
import pytest

ROOT = Path(__file__).resolve().parents[2]
LIFEBOAT = Path(os.environ.get("LIFEBOAT_SANITIZED", ROOT / "build-sanitize")) / "src/lifeboat/lifeboat"
OK, NO, DAMAGED, UNSUITED, BOARD, SIGNATURE, OLD, COMPAT, SIZE, USAGE, SYSTEM = 0, 1, 2, 3, 4, 5, 6, 7, 8, 100, 111
GIB = 1 << 30

pytestmark = pytest.mark.skipif(not LIFEBOAT.exists(), reason=f"{LIFEBOAT} is not built")


class Desk:
    """A folder with images, a board file and keys."""

    def __init__(self, folder):
        self.folder, self.keys = folder, folder / "keys"
        self.keys.mkdir()
        self.board()

    def board(self, text="", identity="acme,r1"):
        (self.folder / "board.conf").write_text(f'id = "{identity}"\nimage {{ keys = "{self.keys}"\n{text}\n}}\n')

    def image(self, data, name="image.bin"):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def run(self, *words, stdin=None):
        argv = [LIFEBOAT, "verify", "--board", self.folder / "board.conf", *words]
        return subprocess.run(argv, capture_output=True, timeout=120, input=stdin)

    def verify(self, path, *words):
        """(exit status, what --json says)"""
        done = self.run("--json", *words, path)
        assert done.stderr == b""
        return done.returncode, json.loads(done.stdout)

    def reasons(self, path, *words):
        code, found = self.verify(path, *words)
        return code, [refusal["reason"] for refusal in found["refusals"]]


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


@pytest.fixture
def key(desk):
    key = firmware.Key(desk.folder, "release key", "0123456789abcdef")
    (desk.keys / key.id).write_bytes(key.public())
    return key


GOOD = firmware.metadata(firmware.sysupgrade(), ["acme,r1", "acme_r1-old"])
FIT = firmware.fit(b"kernel" * 9999, b"tree" * 999, b"root" * 30000)


def test_verify__good_image__says_all_of_it(desk, key):
    path = desk.image(GOOD)
    desk.image(firmware.sha256(path).encode() + b"  image.bin\n", "image.bin.sha256")
    desk.image(hashlib.md5(GOOD).hexdigest().encode() + b" *image.bin\r\n", "image.bin.md5")
    desk.image(key.sign(path), "image.bin.sig")
    done = desk.run(path)
    assert (done.returncode, done.stderr) == (OK, b"")
    assert done.stdout.decode() == f"""{path}: an OpenWrt sysupgrade archive, with OpenWrt's metadata
  for       acme,r1, acme_r1-old
  version   OpenWrt 24.10.0 r28427
  size      {len(GOOD)} bytes
  sha256    {firmware.sha256(path)}
  checked   its own checksums are right; .sha256 right; .md5 right
  signature good, by key 0123456789abcdef (release key)
  taken     this board, acme,r1, would take it
"""


def test_verify__json__holds_the_same(desk):
    path = desk.image(GOOD)
    assert desk.verify(path) == (OK, {
        "image": str(path), "type": "sysupgrade-tar", "metadata": True, "boards": ["acme,r1", "acme_r1-old"], "dist": "OpenWrt",
        "version": "24.10.0", "revision": "r28427", "compat_version": "", "size_bytes": len(GOOD),
        "payload_bytes": len(firmware.sysupgrade()), "sha256": firmware.sha256(path), "damaged": False, "own_checksum": True,
        "sha256_file": "none", "md5_file": "none",
        "signature": {"state": "none", "key": "", "key_comment": "", "beside": False, "list": False}, "board": "acme,r1", "taken": True,
        "refusals": [], "note": ""})


@pytest.mark.parametrize("image,first", [(GOOD, 512), (gzip.compress(GOOD, 1), 40), (firmware.medkit(), 40),
                                         (firmware.uimage(b"k" * 70000), 40), (FIT, 40)],
                         ids=["metadata", "gzip", "medkit", "uimage", "fit"])
def test_verify__cut_at_20_places__is_damaged(desk, image, first):
    for i in range(20):
        cut = desk.image(image[:first + i * (len(image) - first - 1) // 19])
        code, reasons = desk.reasons(cut)
        assert (code, reasons[0]) == (DAMAGED, "damaged"), cut.stat().st_size


@pytest.mark.parametrize("at", [0, 300, 600, 1500, 5000, 60000, 150000, len(GOOD) - 200, len(GOOD) - 20, len(GOOD) - 10,
                                len(GOOD) - 1])
def test_verify__one_bit_changed__is_not_taken(desk, at):
    changed = bytearray(GOOD)
    changed[at] ^= 1
    assert desk.reasons(desk.image(bytes(changed)))[0] == DAMAGED


@pytest.mark.parametrize("at", [4, 36, 1000, 50000, 61000, 64000, 70000, len(FIT) - 1])
def test_verify__one_bit_of_a_fits_header_or_data_changed__is_damaged(desk, at):
    assert desk.verify(desk.image(FIT))[1]["own_checksum"]
    changed = bytearray(FIT)
    changed[at] ^= 1
    assert desk.reasons(desk.image(bytes(changed)))[0] == DAMAGED


DISK = firmware.mbr(2000)
REGIONS = {
    "tar": (GOOD, {"folder": 3, "sum of a header": 150, "CONTROL": 600, "header of the kernel": 1030, "kernel": 2000,
                   "root": 9000, "end": len(firmware.sysupgrade()) - 600, "head of the metadata": len(firmware.sysupgrade()) + 2,
                   "metadata": len(firmware.sysupgrade()) + 40, "crc": len(GOOD) - 10, "size": len(GOOD) - 2}),
    "uimage": (firmware.uimage(b"k" * 70000), {"crc of the header": 5, "size": 13, "crc of the data": 25, "name": 40, "data": 64,
                                               "end of the data": 70063}),
    "trx": (firmware.trx(b"x" * 70000), {"length": 5, "crc": 9, "flags": 12, "offset": 17, "data": 28, "end": 70027}),
    "gzip": (gzip.compress(DISK), {"data": 400, "crc": -7, "length": -3}),
    "xz": (lzma.compress(DISK), {"head": 7, "block": 30, "index": -20, "foot": -6}),
    "two xz": (lzma.compress(DISK) + lzma.compress(b"tail" * 9999), {"first": 30, "second": -60, "foot": -6}),
    "medkit": (firmware.medkit(), {"data": 100, "crc": -6}),
    "fit": (FIT, {"length": 6, "structure": 59, "checksum": FIT.index(zlib.crc32(b"kernel" * 9999).to_bytes(4, "big")),
                  "kernel": FIT.index(b"kernel" * 2), "root": -5}),
    "dni": (firmware.dni(b"x" * 70000), {"device": 8, "data": 300, "end": -2, "sum": -1}),
    "ubnt": (firmware.ubnt(b"x" * 70000), {"version": 9, "crc": 262}),
}


@pytest.mark.parametrize("kind,region", [(kind, region) for kind, (_, regions) in REGIONS.items() for region in regions])
def test_verify__one_bit_of_a_region_changed__is_refused(desk, kind, region):
    image, regions = REGIONS[kind]
    assert not desk.verify(desk.image(image))[1]["damaged"]
    changed = bytearray(image)
    changed[regions[region]] ^= 0x04
    code, reasons = desk.reasons(desk.image(bytes(changed)))
    assert code in (DAMAGED, UNSUITED) and reasons, region


@pytest.mark.parametrize("at", [0, 600, 9000, 150000, "metadata", "signature", "trailer"])
def test_verify__one_bit_of_a_signed_image_changed__is_refused(desk, key, at):
    desk.board('signature = "required"')
    image = bytearray(firmware.block(GOOD, 0, key.sign_data(GOOD)))
    assert desk.verify(desk.image(bytes(image)))[0] == OK
    places = {"metadata": len(GOOD) - 100, "signature": len(GOOD) + 60, "trailer": len(image) - 14}
    image[places.get(at, at)] ^= 0x04
    code, reasons = desk.reasons(desk.image(bytes(image)))
    assert code in (DAMAGED, SIGNATURE) and reasons


def test_verify__xz_of_several_streams__is_one_image(desk):
    path = desk.image(lzma.compress(DISK) + lzma.compress(bytes(5000)) + lzma.compress(b""))
    code, found = desk.verify(path)
    assert (code, found["inside"], found["payload_bytes"], found["own_checksum"]) == (OK, "mbr", len(DISK) + 5000, True)
    cut = desk.image(path.read_bytes()[:-40])
    assert desk.reasons(cut) == (DAMAGED, ["damaged"])


FIT_PARTS = b"kernel" * 9999, b"tree" * 999, b"root" * 30000


@pytest.mark.parametrize("inside", [False, True], ids=["behind", "inside"])
@pytest.mark.parametrize("methods", [("crc32",), ("sha1",), ("sha256",), ("crc32", "sha1"), ("sha512", "sha256")], ids="-".join)
def test_verify__fit__each_method_of_checksum_counts(desk, methods, inside):
    image = firmware.fit(*FIT_PARTS, methods=methods, inside=inside)
    found = desk.verify(desk.image(image))[1]
    assert (found["damaged"], found["own_checksum"]) == (False, True)
    for number, part in enumerate(FIT_PARTS):
        at = image.index(part)
        for place in (at, at + len(part) // 2, at + len(part) - 1):
            changed = bytearray(image)
            changed[place] ^= 0x10
            code, found = desk.verify(desk.image(bytes(changed)))
            assert code == DAMAGED
            assert found["refusals"][0]["sentence"] == f"it is damaged: the checksum of its part image-{number} is wrong"


def test_verify__fit__without_a_checksum_is_not_vouched_for(desk):
    for methods in ((), ("sha512",)):
        found = desk.verify(desk.image(firmware.fit(*FIT_PARTS, methods=methods)))[1]
        assert (found["damaged"], found["own_checksum"]) == (False, False)


@pytest.mark.parametrize("inside", [False, True], ids=["behind", "inside"])
def test_verify__fit__packed_is_checked_too(desk, inside):
    image = firmware.fit(*FIT_PARTS, inside=inside)
    assert desk.verify(desk.image(gzip.compress(image)))[1]["inside"] == "fit"
    changed = bytearray(image)
    changed[image.index(FIT_PARTS[2])] ^= 1
    assert desk.reasons(desk.image(gzip.compress(bytes(changed))))[0] == DAMAGED


@pytest.mark.parametrize("image,kind,inside,code", [
    (firmware.trx(b"x" * 5000), "trx", None, BOARD),
    (firmware.uimage(b"x" * 5000), "uimage", None, BOARD),
    (firmware.mbr(), "mbr", None, OK),
    (gzip.compress(firmware.mbr()), "gzip", "mbr", OK),
    (lzma.compress(firmware.mbr()), "xz", "mbr", OK),
    (firmware.large_zstd(1 << 20, firmware.mbr()), "zstd", "mbr", OK),
    (gzip.compress(firmware.metadata(firmware.trx(b"x"), ["acme,r1"])), "gzip", "trx", BOARD),
    (firmware.metadata(gzip.compress(firmware.mbr()), ["acme,r1"]), "gzip", "mbr", OK),
    (firmware.metadata(b"SHRS" + bytes(999), ["acme,r1"]), "shrs", None, OK),
    (b"SHRS" + bytes(999), "shrs", None, UNSUITED),
    (b"device:R7800\n".ljust(999, b"\0"), "dni", None, DAMAGED),
    (b"PK\3\4" + bytes(99), "zip", None, UNSUITED),
    (gzip.compress(firmware.tar([("etc/config/network", b"x")])), "gzip", "backup", UNSUITED),
    (b"hello\n", "unknown", None, UNSUITED),
    (b"", "unknown", None, UNSUITED),
], ids=lambda value: "" if isinstance(value, bytes) else None)
def test_verify__each_kind__is_known(desk, image, kind, inside, code):
    found = desk.verify(desk.image(image))
    assert (found[0], found[1]["type"], found[1].get("inside")) == (code, kind, inside)


def test_verify__image_for_another_board__is_refused_in_one_sentence(desk):
    desk.board(identity="acme,r2")
    done = desk.run(desk.image(GOOD))
    assert done.returncode == BOARD
    assert b"  refused   it is for acme,r1 and others, and this board is acme,r2\n" in done.stdout
    desk.board('names = {"acme_r1-old"}', identity="acme,r2")
    assert desk.reasons(desk.image(GOOD)) == (OK, [])


def test_verify__medkit__goes_by_name_and_content(desk):
    desk.board('names = {"omnia"}', identity="cznic,turris-omnia")
    code, found = desk.verify(desk.image(firmware.medkit(), "omnia-medkit-202611200000.tar.gz"))
    assert (code, found["inside"], found["boards"], found["version"]) == (OK, "medkit", ["omnia"], "7.0.1")
    assert desk.reasons(desk.image(firmware.medkit(), "renamed.tar.gz")) == (OK, [])
    assert desk.reasons(desk.image(firmware.medkit(), "mox-medkit-latest.tar.gz")) == (BOARD, ["other-board"])
    mox = firmware.medkit("boot/armada-3720-turris-mox.dtb")
    code, found = desk.verify(desk.image(mox, "omnia-medkit-latest.tar.gz"))
    assert code == BOARD and "it holds the device tree of mox" in found["refusals"][0]["sentence"]


@pytest.mark.parametrize("line", ["{}  image.bin\n", "{} *image.bin\n", "{}  image.bin\r\n", "{}", "{}\r\n", "{}  renamed.bin\n",
                                  "SHA256 (image.bin) = {}\n", "0" * 64 + "  other.bin\n{}  image.bin\n"])
def test_verify__hash_beside__in_any_form_counts(desk, line):
    path = desk.image(GOOD)
    desk.image(line.format(firmware.sha256(path)).encode(), "image.bin.sha256")
    assert desk.verify(path)[1]["sha256_file"] == "right"
    desk.image(line.format("a" * 64).encode(), "image.bin.sha256")
    code, found = desk.verify(path)
    assert (code, found["sha256_file"]) == (DAMAGED, "wrong")
    assert found["refusals"][0]["sentence"] == "it does not have the hash that the .sha256 file beside it says"


def test_verify__file_beside_without_a_hash__counts_as_wrong(desk):
    desk.image(b"nothing\n", "image.bin.md5")
    assert desk.reasons(desk.image(GOOD)) == (DAMAGED, ["damaged"])


def signature_of(desk, path, *words):
    code, found = desk.verify(path, *words)
    return code, found["signature"]["state"]


def test_signature__beside__must_be_right_and_trusted(desk, key):
    path = desk.image(GOOD)
    beside = desk.image(key.sign(path), "image.bin.sig")
    assert signature_of(desk, path) == (OK, "good")
    stranger = firmware.Key(desk.folder, "stranger", "fedcba9876543210")
    beside.write_bytes(stranger.sign(path))
    assert signature_of(desk, path) == (SIGNATURE, "unknown-key")
    stranger.id = key.id  # says that it is the release key
    beside.write_bytes(stranger.sign(path))
    assert signature_of(desk, path) == (SIGNATURE, "wrong")
    beside.write_bytes(b"no signature\n")
    assert signature_of(desk, path) == (SIGNATURE, "unreadable")


@pytest.mark.parametrize("name", ["image.bin.sha256", "sha256sums"])
def test_signature__of_a_list_of_hashes__counts_for_the_images_it_names(desk, key, name):
    desk.board('signature = "required"')
    path = desk.image(GOOD)
    listed = desk.image(f"{'0' * 64} *other.bin\n{firmware.sha256(path)} *image.bin\n".encode(), name)
    assert signature_of(desk, path) == (SIGNATURE, "none")
    signature = desk.image(key.sign(listed), f"{name}.sig")
    code, found = desk.verify(path)
    assert (code, found["signature"]["state"], found["signature"]["list"], found["signature"]["key"]) == (OK, "good", True, key.id)
    assert b", in a list of hashes\n" in desk.run(path).stdout
    assert signature_of(desk, desk.image(GOOD, "elsewhere.bin")) == (SIGNATURE, "none")  # not named
    listed.write_bytes(listed.read_bytes().replace(b"other", b"othex"))
    assert signature_of(desk, path) == (SIGNATURE, "wrong")
    stranger = firmware.Key(desk.folder, "stranger", "fedcba9876543210")
    signature.write_bytes(stranger.sign(listed))
    assert signature_of(desk, path) == (SIGNATURE, "none")


def test_signature__list_with_another_hash__is_wrong(desk, key):
    path = desk.image(GOOD)
    listed = desk.image(f"{'a' * 64} *image.bin\n".encode(), "sha256sums")
    desk.image(key.sign(listed), "sha256sums.sig")
    assert signature_of(desk, path) == (SIGNATURE, "wrong")


def test_signature__beside_the_image__comes_before_that_of_a_list(desk, key):
    path = desk.image(GOOD)
    listed = desk.image(f"{firmware.sha256(path)} *image.bin\n".encode(), "sha256sums")
    desk.image(key.sign(listed), "sha256sums.sig")
    desk.image(key.sign_data(b"something else"), "image.bin.sig")
    assert signature_of(desk, path) == (SIGNATURE, "wrong")


def test_signature__of_another_image__is_wrong(desk, key):
    other = desk.image(GOOD + b"x", "other.bin")
    desk.image(key.sign(other), "image.bin.sig")
    assert signature_of(desk, desk.image(GOOD)) == (SIGNATURE, "wrong")


def test_signature__by_a_revoked_key__is_refused(desk, key):
    path = desk.image(GOOD)
    desk.image(key.sign(path), "image.bin.sig")
    (desk.keys / key.id).unlink()
    (desk.keys / key.id).symlink_to("/nowhere/at/all")
    assert signature_of(desk, path) == (SIGNATURE, "revoked")


def test_signature__key_file_with_another_key__is_not_trusted(desk, key):
    path = desk.image(GOOD)
    (desk.keys / key.id).rename(desk.keys / "fedcba9876543210")
    key.id = "fedcba9876543210"
    desk.image(key.sign(path), "image.bin.sig")
    assert signature_of(desk, path) == (SIGNATURE, "unknown-key")


def test_signature__required__unsigned_images_are_refused(desk, key):
    desk.board('signature = "required"')
    path = desk.image(GOOD)
    assert signature_of(desk, path) == (SIGNATURE, "none")
    desk.image(key.sign(path), "image.bin.sig")
    assert signature_of(desk, path) == (OK, "good")
    assert signature_of(desk, path, "--keys", desk.folder / "no-keys") == (SIGNATURE, "unchecked")


@pytest.mark.parametrize("lines,command,removable,network", [
    ("", OK, OK, SIGNATURE), ('signature_removable = "required"', OK, SIGNATURE, SIGNATURE),
    ('signature_network = "if-there"', OK, OK, OK),
    ('signature = "required"\nsignature_network = "if-there"', SIGNATURE, SIGNATURE, SIGNATURE)])
def test_signature__door_by_door__goes_by_the_board_file(desk, lines, command, removable, network):
    desk.board(lines)
    path = desk.image(GOOD)
    for door, wanted in (("command", command), ("removable", removable), ("network", network)):
        assert desk.verify(path, "--door", door)[0] == wanted, door
    assert desk.verify(path)[0] == command


def test_signature__network__sentence_says_where(desk):
    assert (b"  refused   it is not signed, and over the network this board takes signed images only\n"
            in desk.run("--door", "network", desk.image(GOOD)).stdout)


@pytest.mark.parametrize("changed", [False, True])
def test_signature__inside_of_an_image_from_a_pipe__is_checked(desk, key, changed):
    image = firmware.block(GOOD, 0, key.sign(desk.image(GOOD + b"x" * changed, "to-sign")))
    done = desk.run("--json", "-", stdin=image)
    assert json.loads(done.stdout)["signature"]["state"] == ("wrong" if changed else "good")


@pytest.mark.parametrize("changed", [False, True])
def test_signature__inside__covers_image_and_metadata(desk, key, changed):
    signed = key.sign(desk.image(GOOD, "to-sign"))
    image = bytearray(GOOD)
    if changed:
        image = bytearray(firmware.metadata(firmware.sysupgrade(), ["acme,r1", "acme_r1-new"]))
    path = desk.image(firmware.block(bytes(image), 0, signed))
    assert signature_of(desk, path) == ((SIGNATURE, "wrong") if changed else (OK, "good"))


def test_signature__inside_by_an_unknown_key__counts_as_none(desk, key):
    stranger = firmware.Key(desk.folder, "stranger", "fedcba9876543210")
    path = desk.image(firmware.block(GOOD, 0, stranger.sign(desk.image(GOOD, "to-sign"))))
    assert signature_of(desk, path) == (OK, "unknown-key")
    desk.board('signature = "required"')
    assert signature_of(desk, path) == (SIGNATURE, "unknown-key")


@pytest.fixture
def build_key(desk):
    return firmware.Key(desk.folder, "build", "1111111111111111")


def chained(desk, *parts):
    """GOOD with a chain behind it. It is signed by the last of `parts`, a key."""
    signature = b"".join(parts[:-1]) + firmware.container(parts[-1].sign_data(GOOD))
    return signature_of(desk, desk.image(firmware.block(GOOD, 0, signature)))


def test_chain__by_a_key_of_the_directory__is_good(desk, key, build_key):
    desk.board('signature = "required"')
    assert chained(desk, key) == (OK, "good")
    assert chained(desk, key.certify(firmware.certificate(build_key)), build_key) == (OK, "good")
    assert desk.verify(desk.folder / "image.bin")[1]["signature"] == {
        "state": "good", "key": build_key.id, "key_comment": "build", "beside": False, "list": False}


def test_chain__by_a_key_that_nobody_knows__counts_as_none(desk, key, build_key):
    stranger = firmware.Key(desk.folder, "stranger", "fedcba9876543210")
    parts = stranger.certify(firmware.certificate(build_key)), build_key
    assert chained(desk, *parts) == (OK, "unknown-key")
    desk.board('signature = "required"')
    assert chained(desk, *parts) == (SIGNATURE, "unknown-key")
    # A key that was certified says nothing about one that was not.
    assert chained(desk, key.certify(firmware.certificate(build_key)), stranger) == (SIGNATURE, "unknown-key")


def test_chain__certificate_or_image_signed_by_another_key__is_wrong(desk, key, build_key):
    stranger = firmware.Key(desk.folder, "stranger", key.id)
    assert chained(desk, stranger.certify(firmware.certificate(build_key)), build_key) == (SIGNATURE, "wrong")
    impostor = firmware.Key(desk.folder, "impostor", build_key.id)
    assert chained(desk, key.certify(firmware.certificate(build_key)), impostor) == (SIGNATURE, "wrong")


def test_chain__expired_certificate__is_refused(desk, key, build_key):
    assert chained(desk, key.certify(firmware.certificate(build_key, 0, 1_600_000_000)), build_key) == (SIGNATURE, "expired")
    found = desk.verify(desk.folder / "image.bin")[1]
    assert found["signature"]["key"] == build_key.id and "has expired" in found["refusals"][0]["sentence"]


def test_chain__clock_before_the_certificate__is_taken_and_noted(desk, key, build_key):
    tomorrow = int(time.time()) + 86400
    assert chained(desk, key.certify(firmware.certificate(build_key, tomorrow, tomorrow + 1)), build_key) == (OK, "good")
    assert "the clock of this device is behind" in desk.verify(desk.folder / "image.bin")[1]["note"]


def test_chain__key_revoked_by_directory_or_chain__is_refused(desk, key, build_key):
    grant = key.certify(firmware.certificate(build_key))
    revoke = key.certify(firmware.certificate(revoke=build_key.id))
    assert chained(desk, grant, key.certify(firmware.certificate(revoke="2" * 16)), build_key) == (OK, "good")
    assert chained(desk, grant, revoke, build_key) == (SIGNATURE, "revoked")
    (desk.keys / build_key.id).symlink_to("/nowhere/at/all")
    assert chained(desk, grant, build_key) == (SIGNATURE, "revoked")


def test_chain__no_chain_at_all__is_unreadable(desk, key):
    path = desk.image(firmware.block(GOOD, 0, bytes(200)))
    assert signature_of(desk, path) == (OK, "unreadable")
    desk.board('signature = "required"')
    assert signature_of(desk, path) == (SIGNATURE, "unreadable")


def test_signature__given_by_name__must_be_there(desk, key):
    path = desk.image(GOOD)
    elsewhere = desk.image(key.sign(path), "elsewhere")
    assert signature_of(desk, path, "--signature", elsewhere) == (OK, "good")
    done = desk.run("--signature", desk.folder / "nothing", path)
    assert (done.returncode, done.stdout) == (SYSTEM, b"") and done.stderr.count(b"\n") == 1


def test_version__older_than_the_board_allows__is_refused(desk):
    desk.board('min_version = "24.10.1"')
    assert desk.reasons(desk.image(GOOD)) == (OLD, ["too-old"])
    assert desk.reasons(desk.image(firmware.metadata(firmware.sysupgrade(), ["acme,r1"], "24.10.1"))) == (OK, [])
    assert desk.reasons(desk.image(firmware.metadata(firmware.sysupgrade(), ["acme,r1"], "SNAPSHOT"))) == (OLD, ["too-old"])


def test_compat__minor__only_without_settings(desk):
    path = desk.image(firmware.metadata(firmware.sysupgrade(), ["a sentence for old systems"], compat_version="1.1",
                                        compat_message="ports were renamed", new_supported_devices=["acme,r1"]))
    code, found = desk.verify(path)
    assert code == COMPAT
    assert found["refusals"][0]["sentence"] == ("it has compat_version 1.1 and this board 1.0: install it without the settings "
                                                "(-n): ports were renamed")
    assert desk.reasons(path, "-n") == (OK, [])
    assert desk.reasons(path, "--ignore-minor-compat-version") == (OK, [])
    desk.board('compat_version = "1.1"')
    assert desk.reasons(path) == (OK, [])
    desk.board('compat_version = "2.0"')
    assert desk.reasons(path, "-n") == (COMPAT, ["incompatible"])


def test_size__beyond_4_gib__is_right_and_costs_no_memory(desk):
    def peak(path):
        process = subprocess.Popen([LIFEBOAT, "verify", "--json", path], stdout=subprocess.PIPE)
        found = json.loads(process.stdout.read())
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == OK
        return found["payload_bytes"], usage.ru_maxrss

    small, large = 1 << 20, 4 * GIB + 12345
    size, kib = peak(desk.image(firmware.large_zstd(small, firmware.mbr()), "small.zst"))
    assert size == small
    size, large_kib = peak(desk.image(firmware.large_zstd(large, firmware.mbr()), "large.zst"))
    assert size == large
    assert large_kib - kib < 4096
    desk.board("max_kib = 4194304")
    assert desk.reasons(desk.folder / "large.zst") == (SIZE, ["too-large"])


@pytest.mark.skipif(not os.environ.get("LIFEBOAT_LONG"), reason="hashes 4 GiB: only with LIFEBOAT_LONG=1")
def test_size__file_beyond_4_gib__is_read_to_its_end(desk):
    path = desk.image(firmware.mbr())
    os.truncate(path, 4 * GIB + 512)
    code, found = desk.verify(path)
    assert (code, found["size_bytes"], found["payload_bytes"]) == (OK, 4 * GIB + 512, 4 * GIB + 512)


def test_verify__standard_input__is_an_image_too(desk):
    done = desk.run("--json", "-", stdin=GOOD)
    assert (done.returncode, json.loads(done.stdout)["taken"]) == (OK, True)


def test_verify__without_a_board__only_the_image_counts(desk):
    if Path("/etc/lifeboat/board.conf").exists():
        pytest.skip("this machine has a board file")
    done = subprocess.run([LIFEBOAT, "verify", desk.image(GOOD)], capture_output=True, text=True)
    assert done.returncode == OK and "there is no board file to compare it with" in done.stdout


@pytest.mark.parametrize("words", [[], ["a", "b"], ["--what", "a"], ["-x", "a"], ["--board"], ["--door", "window", "a"]])
def test_verify__wrong_command_line__is_one_sentence(words):
    done = subprocess.run([LIFEBOAT, "verify", *words], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (USAGE, "")
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("lifeboat verify: ")


def test_verify__what_cannot_be_read__is_one_sentence(desk):
    for path, code in ((desk.folder / "nothing", NO), (desk.folder, SYSTEM)):
        done = desk.run(path)
        assert (done.returncode, done.stdout) == (code, b"") and done.stderr.count(b"\n") == 1
    (desk.folder / "board.conf").write_text("what = 1\n")
    done = desk.run(desk.image(GOOD))
    assert (done.returncode, done.stdout) == (NO, b"") and b"board.conf:1: unknown key 'what'" in done.stderr
