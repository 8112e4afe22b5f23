"""lifeboat install, on files and on loop devices: what is written, what is refused, and what it costs."""

import gzip
import hashlib
import json
import lzma
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path

import firmware
import pytest

ROOT = Path(__file__).resolve().parents[2]
LIFEBOAT = Path(os.environ.get("LIFEBOAT_SANITIZED", ROOT / "build-sanitize")) / "src/lifeboat/lifeboat"
PLAIN = ROOT / "build-amd64/src/lifeboat/lifeboat"  # memory is measured without sanitizers
OK, NO, DAMAGED, BOARD, SIGNATURE, SIZE, UNTOUCHED, BROKEN, USAGE = 0, 1, 2, 4, 5, 8, 9, 10, 100
MIB = 1 << 20
HEAD = 128 << 10
RSS_MAX_KIB = 8 << 10

pytestmark = pytest.mark.skipif(not LIFEBOAT.exists(), reason=f"{LIFEBOAT} is not built")


def squashfs(size, seed=1, zeroes=0):
    """Nothing that can be mounted: a length in a header, and noise; `zeroes` bytes of nothing in the middle."""
    noise = random.Random(seed).randbytes(size - zeroes + 36)
    body = noise[:(size - zeroes) // 2] + bytes(zeroes) + noise[(size - zeroes) // 2:]
    return (b"hsqs" + noise[:36] + size.to_bytes(8, "little") + body)[:size]


class Desk:
    def __init__(self, folder):
        self.folder, self.keys = folder, folder / "keys"
        self.keys.mkdir()
        self.board()
        self.place = folder / "place"

    def board(self, text=""):
        (self.folder / "board.conf").write_text(f'id = "acme,r1"\nimage {{ keys = "{self.keys}"\n{text}\n}}\n')

    def image(self, data, name="image.bin"):
        path = self.folder / name
        path.write_bytes(data)
        return path

    def argv(self, *words, program=LIFEBOAT, to=None):
        return [program, "install", "--json", "--board", self.folder / "board.conf", "--to", to or self.place, *words]

    def install(self, *words, stdin=None, to=None):
        """(exit status, what --json says or the sentence on stderr)"""
        done = subprocess.run(self.argv(*words, to=to), capture_output=True, timeout=120, input=stdin)
        assert b"Sanitizer" not in done.stderr, done.stderr
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr.decode()


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


@pytest.fixture
def loop(tmp_path):
    """Makes a loop device with old bytes on it; (device, its file)."""
    made = []

    def make(size):
        path = tmp_path / f"disk{len(made)}"
        path.write_bytes(b"old!" * (size // 4))
        done = subprocess.run(["losetup", "-f", "--show", path], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no loop device: {done.stderr.strip()}")
        made.append(done.stdout.strip())
        return Path(made[-1]), path

    yield make
    for device in made:
        subprocess.run(["losetup", "-d", device], check=False)


def test_install__image_into_a_file__is_there_and_reported(desk):
    data = squashfs(3 * MIB + 700)
    code, found = desk.install("--force", desk.image(data))
    assert (code, found["end"], found["bytes"]) == (OK, "done", len(data))
    assert found["sha256"] == hashlib.sha256(data).hexdigest()
    assert desk.place.read_bytes() == data


def test_install__sizes_around_head_and_piece__arrive(desk):
    for size in (97, 4096, HEAD - 1, HEAD, HEAD + 1, 262143, 262144, 262145, 1024 * 1024 + 513):
        data = squashfs(size)
        assert desk.install("--force", desk.image(data))[0] == OK
        assert desk.place.read_bytes() == data, size


def test_install__archive__root_and_kernel_go_to_two_places(desk):
    kernel, root = b"kernel" * 9999, squashfs(2 * MIB + 11)
    folder = "sysupgrade-acme_r1"
    data = firmware.tar([(f"{folder}/CONTROL", b"BOARD=acme_r1\n"), (f"{folder}/kernel", kernel), (f"{folder}/root", root)])
    place = desk.folder / "kernel"
    for name, stdin in ((desk.image(data), None), ("-", data)):
        code, found = desk.install("--force", "--kernel", place, name, stdin=stdin)
        assert (code, found["end"], found["bytes"]) == (OK, "done", len(root) + len(kernel)), found
        assert found["sha256"] == hashlib.sha256(root).hexdigest()
        assert (desk.place.read_bytes(), place.read_bytes()) == (root, kernel)
        desk.place.unlink()
        place.unlink()


def test_install__archive__its_kernel_goes_where_the_board_file_says(desk):
    """Of the only root, and of a slot; to any other place only with --kernel."""
    root, kernel = squashfs(MIB), b"kernel" * 9999
    data = firmware.tar([("sysupgrade-acme_r1/CONTROL", b"BOARD=acme_r1\n"), ("sysupgrade-acme_r1/kernel", kernel), ("sysupgrade-acme_r1/root", root)])
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        r, k, other = (Path(folder) / name for name in ("root", "kernel", "other"))
        only = f'storage {{ root = "{r}" kernel = "{k}" record = "" }}'
        slots = (f'slot a {{ root = "{other}" }}\nslot b {{ root = "{r}" kernel = "{k}" }}\n'
                 f'storage {{ record = "{folder}/record" }}')
        for storage in (only, slots):
            for path in (r, k, other, Path(folder) / "record"):
                path.write_bytes(bytes(2 * MIB))
            desk.board(f"}}\n{storage}\nimage {{")
            code, found = desk.install("--force", desk.image(data), to=r)
            assert (code, found["end"]) == (OK, "done"), found
            assert r.read_bytes()[:len(root)] == root and k.read_bytes()[:len(kernel)] == kernel
            code, found = desk.install("--force", desk.image(data), to=other)
            assert (code, found["cause"]) == (DAMAGED, "kernel"), found


def test_install__archive__without_a_place_for_its_kernel_or_packed__is_refused(desk):
    data, kernel = firmware.sysupgrade(), ("--kernel", desk.folder / "kernel")
    for packed, words, why in ((data, (), "kernel"), (gzip.compress(data), kernel, "parts"), (firmware.sysupgrade(root=b""), kernel, "members")):
        code, found = desk.install("--force", *words, desk.image(packed))
        assert (code, found["end"], found["cause"]) == (DAMAGED, "refused", why), found


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, None])
def test_install__packed_image__is_unpacked(desk, pack):
    data = squashfs(2 * MIB + 11)
    if pack:
        packed = pack(data)
    else:
        packed = subprocess.run(["zstd", "-qc"], input=data, capture_output=True, check=True).stdout
    assert desk.install("--force", desk.image(packed))[0] == OK
    assert desk.place.read_bytes() == data
    assert desk.install("--force", "-", stdin=packed)[0] == OK
    assert desk.place.read_bytes() == data


def test_install__blocks_that_openwrt_appends__are_not_written(desk):
    data = squashfs(MIB + 5)
    image = desk.image(firmware.metadata(data, ["acme,r1"]))
    assert desk.install(image)[0] == OK
    assert desk.place.read_bytes() == data
    assert desk.install("-", stdin=image.read_bytes())[0] == OK
    assert desk.place.read_bytes() == data


def test_install__run_of_zeroes__is_a_hole_and_nothing_old_shines_through(desk, loop):
    data = squashfs(12 * MIB, zeroes=9 * MIB)
    assert desk.install("--force", desk.image(data))[0] == OK
    assert desk.place.read_bytes() == data
    assert desk.place.stat().st_blocks * 512 < 5 * MIB
    device, backing = loop(16 * MIB)
    assert desk.install("--force", desk.image(data), to=device)[0] == OK
    assert device.read_bytes()[:len(data)] == data


def test_install__onto_a_disk__leaves_the_rest_alone(desk, loop):
    data = squashfs(5 * MIB + 700)
    device, backing = loop(8 * MIB)
    code, found = desk.install("--force", desk.image(data), to=device)
    assert (code, found["place"]) == (OK, str(device))
    whole = device.read_bytes()
    assert whole[:len(data)] == data
    assert whole[len(data):len(data) // 512 * 512 + 512] == bytes(512 - len(data) % 512)
    assert whole[len(data) // 512 * 512 + 512:] == (b"old!" * 2 * MIB)[len(data) // 512 * 512 + 512:]


def test_install__truncated_or_flipped__changes_nothing(desk, loop):
    device, backing = loop(8 * MIB)
    before = device.read_bytes()
    packed = gzip.compress(squashfs(2 * MIB))
    for cut in range(1, 20):
        assert desk.install("--force", desk.image(packed[:len(packed) * cut // 20]), to=device)[0] == DAMAGED
    for at in (200, len(packed) // 2, len(packed) - 6):
        broken = bytearray(packed)
        broken[at] ^= 4
        assert desk.install("--force", desk.image(bytes(broken)), to=device)[0] == DAMAGED
    assert device.read_bytes() == before


def test_install__other_board_or_missing_signature__is_refused(desk):
    image = desk.image(firmware.metadata(squashfs(MIB), ["other,r9"]))
    code, found = desk.install(image)
    assert (code, found["end"], found["refusal"]) == (BOARD, "refused", "other-board")
    assert desk.install("--force", image)[0] == OK
    desk.board("signature = required")
    code, found = desk.install("--force", image)
    assert (code, found["refusal"]) == (SIGNATURE, "signature")


def test_install__signed_image__is_taken(desk):
    desk.board("signature = required")
    key = firmware.Key(desk.folder, "release key", "0123456789abcdef")
    (desk.keys / key.id).write_bytes(key.public())
    image = desk.image(squashfs(MIB))
    Path(f"{image}.sig").write_bytes(key.sign(image))
    assert desk.install("--force", image)[0] == OK
    image.write_bytes(squashfs(MIB, seed=2))
    assert desk.install("--force", image)[0] == SIGNATURE


def test_install__device_smaller_than_the_image__changes_nothing(desk, loop):
    device, backing = loop(2 * MIB)
    before = device.read_bytes()
    for data in (squashfs(2 * MIB + 1), gzip.compress(squashfs(3 * MIB))):
        code, found = desk.install("--force", desk.image(data), to=device)
        assert (code, found["refusal"]) == (SIZE, "too-large")
    assert device.read_bytes() == before


def test_install__disk_full__says_that_it_is_not_whole(desk, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", small], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no tmpfs of our own: {done.stderr.strip()}")
    try:
        code, found = desk.install("--force", desk.image(squashfs(3 * MIB)), to=small / "place")
        assert (code, found["end"], found["cause"]) == (BROKEN, "not-whole", "full")
        assert (small / "place").read_bytes()[:HEAD] in (b"", bytes(HEAD))
    finally:
        subprocess.run(["umount", small], check=True)


def test_install__place_that_is_mounted_or_in_use__is_refused(desk, loop, tmp_path):
    device, backing = loop(8 * MIB)
    subprocess.run(["mkfs.ext4", "-q", "-F", device], check=True)
    where = tmp_path / "mounted"
    where.mkdir()
    subprocess.run(["mount", device, where], check=True)
    try:
        code, why = desk.install("--force", desk.image(squashfs(MIB)), to=device)
        assert code == NO
        assert f"{device} is mounted on {where}" in why
    finally:
        subprocess.run(["umount", where], check=True)


def test_install__image_that_is_the_place__is_refused(desk, loop):
    image = desk.image(squashfs(MIB))
    code, why = desk.install("--force", image, to=image)
    assert code == NO
    assert "lies in the place" in why
    device, backing = loop(MIB)
    assert desk.install("--force", device, to=device)[0] == NO


def test_install__place_that_is_none__is_one_sentence(desk):
    image = desk.image(squashfs(MIB))
    for place in ("relative/path", "PARTLABEL=nobody-has-this", "/dev/nobody-has-this", "/dev/null", "/nobody/has/this"):
        code, why = desk.install("--force", image, to=place)
        assert code == NO
        assert why.count("\n") == 1 and place in why, why


def test_install__command_line_that_is_wrong__is_said(desk):
    for words in ((), ("a", "b"), ("--door", "back", "a"), ("--what", "a")):
        assert desk.install(*words)[0] == USAGE
    done = subprocess.run([LIFEBOAT, "install", "--board", desk.folder / "board.conf", desk.image(b"x")], capture_output=True)
    assert done.returncode == NO
    assert b"no slots" in done.stderr


@pytest.mark.skipif("LIFEBOAT_LONG" not in os.environ, reason="takes half a minute; LIFEBOAT_LONG=1 runs it")
def test_install__more_than_4_gib__arrives(desk):
    size = (4 << 30) + 3 * MIB
    image = desk.folder / "large"
    with open(image, "wb") as file:
        file.write(b"hsqs" + bytes(36) + size.to_bytes(8, "little"))
        file.seek(size - MIB)
        file.write(b"end!" * (MIB // 4))
    program = PLAIN if PLAIN.exists() else LIFEBOAT
    done = subprocess.run(desk.argv("--force", image, program=program), capture_output=True, timeout=300)
    assert done.returncode == OK, done.stderr
    assert desk.place.stat().st_size == size
    assert desk.place.stat().st_blocks * 512 < 8 * MIB
    with open(desk.place, "rb") as file:
        assert file.read(48) == b"hsqs" + bytes(36) + size.to_bytes(8, "little")
        file.seek(size - MIB)
        assert file.read() == b"end!" * (MIB // 4)


@pytest.mark.skipif(not PLAIN.exists(), reason="a build without sanitizers is not there")
def test_install__memory__does_not_grow_with_the_image(desk):
    """What counts is the peak of a process that a small shell has forked: exec keeps that of the one before it."""
    script = '"$@" >/dev/null || exit 1; exec "$PYTHON" -c "import resource as r; print(r.getrusage(r.RUSAGE_CHILDREN).ru_maxrss)"'
    zstd = subprocess.run(["zstd", "-qc"], input=squashfs(16 * MIB), capture_output=True, check=True).stdout
    images = {"plain": squashfs(48 * MIB), "gzip": gzip.compress(squashfs(16 * MIB), 1), "zstd": zstd}
    for name, data in images.items():
        argv = ["sh", "-c", script, "sh", *desk.argv("--force", desk.image(data), program=PLAIN)]
        done = subprocess.run(argv, capture_output=True, text=True, env={**os.environ, "PYTHON": sys.executable})
        assert done.returncode == OK, done.stderr
        assert int(done.stdout) <= RSS_MAX_KIB, name


def keep_record(desk, place):
    (desk.folder / "board.conf").write_text(f'id = "acme,r1"\nimage {{ keys = "{desk.keys}" }}\n'
                                            f'storage {{ record = "{place}" }}\n')


def log_lines(record):
    done = subprocess.run([LIFEBOAT, "log", "--record", record], capture_output=True, text=True, timeout=20)
    assert done.returncode == OK, done.stderr
    return [line.split(" UTC: ", 1)[1] for line in done.stdout.splitlines() if line.startswith("install of ")]


@pytest.mark.skipif(os.geteuid() != 0, reason="disks of the kernel need root")
def test_record__what_came_of_it__is_a_line_of_its_log(desk, loop):
    device, _ = loop(32768)
    keep_record(desk, device)
    assert desk.install("--force", desk.image(squashfs(300000), "good.img"))[0] == OK
    assert desk.install("--force", desk.image(squashfs(300000)[:-5], "cut.img"))[0] == DAMAGED
    good, cut = log_lines(device)
    assert good == f"good.img onto {str(desk.place)[:40]}: done"
    assert cut.startswith(f"cut.img onto {str(desk.place)[:40]}: refused, ")


@pytest.mark.skipif(os.geteuid() != 0, reason="disks of the kernel need root")
def test_record__on_the_disk_that_becomes_the_image__is_not_written_into_it(desk, loop):
    device, file = loop(512 << 10)
    data = squashfs(400000)
    keep_record(desk, device)
    done = subprocess.run(desk.argv("--force", desk.image(data), to=device), capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (OK, "")
    subprocess.run(["blockdev", "--flushbufs", device], check=True)
    assert file.read_bytes()[:len(data)] == data


def test_record__that_cannot_be_written__is_told_and_the_image_stays(desk):
    keep_record(desk, "/dev/full")
    done = subprocess.run(desk.argv("--force", desk.image(squashfs(300000))), capture_output=True, text=True, timeout=60)
    assert done.returncode == OK and json.loads(done.stdout)["end"] == "done"
    assert "cannot be written to the recovery record" in done.stderr
