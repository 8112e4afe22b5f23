"""lifeboat install --disk, onto loop devices: the whole disk, and nothing of the owner's by accident."""

import gzip
import json
import os
import random
import subprocess
from pathlib import Path

import firmware
import pytest
from test_lifeline_write import loop

ROOT = Path(__file__).resolve().parents[2]
LIFEBOAT = Path(os.environ.get("LIFEBOAT_SANITIZED", ROOT / "build-sanitize")) / "src/lifeboat/lifeboat"
OK, NO, UNTOUCHED, USAGE = 0, 1, 9, 100
MIB = 1 << 20
OWN = ((1, 2048, 2559), (2, 2560, 4000), (3, 4001, 6000), (128, 34, 2047))  # the owner's disk has a third partition
LARGER = ((1, 2048, 2559), (2, 2560, 6000), (128, 34, 2047))

pytestmark = [pytest.mark.skipif(not LIFEBOAT.exists(), reason=f"{LIFEBOAT} is not built"),
              pytest.mark.skipif(os.geteuid() != 0, reason="disks of the kernel need root")]


class Router:
    def __init__(self, folder):
        self.image, self.file, self.node, self.board = folder / "image", folder / "disk", None, folder / "board.conf"
        self.image.write_bytes(gzip.compress(firmware.gpt(content=random.Random(1).randbytes(200000))))
        self.board.write_text('id = "acme,r1"\n')

    def disk(self, data):
        self.file.write_bytes(data.ljust(8 * MIB, b"\0"))

    def content(self):
        subprocess.run(["blockdev", "--flushbufs", self.node], check=True)
        return self.file.read_bytes()

    def install(self, *words, stdin=None):
        """(exit status, what --json says, or the sentence)"""
        done = subprocess.run([LIFEBOAT, "install", "--json", "--board", self.board, "--disk", *words], capture_output=True,
                              input=stdin, timeout=60)
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr.decode()


@pytest.fixture
def router(tmp_path):
    made = Router(tmp_path)
    made.disk(b"")
    with loop(made.file) as made.node:
        yield made


def assert_new(router):
    disk, end = router.content(), 8 * MIB // 512
    plain = gzip.decompress(router.image.read_bytes())
    assert disk[512 + 92:len(plain) - 512] == plain[512 + 92:-512]
    parts = [(1, 2048, 2559), (2, 2560, 4000), (128, 34, 2047)]
    assert firmware.gpt_copies(disk) == [(1, end - 1, end - 34, parts), (end - 1, 1, end - 34, parts)]


def test_disk__empty_damaged_or_divided_as_the_image_is__new_with_its_table_to_the_end(router):
    for before in (b"", firmware.gpt(4096)[:1000], firmware.gpt(16384)):
        router.disk(before)
        code, said = router.install(router.node, router.image)
        assert (code, said["end"]) == (OK, "done"), said
        assert_new(router)
    assert router.install(router.node, router.image)[0] == OK


def assert_beside(router, parts, mine):
    """The image, and `mine`: the owner's bytes by their first sector."""
    disk, end = router.content(), 8 * MIB // 512
    plain = gzip.decompress(router.image.read_bytes())
    assert firmware.gpt_copies(disk) == [(1, end - 1, end - 34, parts), (end - 1, 1, end - 34, parts)]
    assert disk[34 * 512:4001 * 512] == plain[34 * 512:4001 * 512]
    for first, data in mine.items():
        assert disk[first * 512:first * 512 + len(data)] == data


def with_files(table, first, size):
    files = random.Random(2).randbytes(size)
    return table[:first * 512] + files + table[first * 512 + size:], files


@pytest.mark.parametrize("way", ["file", "pipe"])
def test_disk__owner_has_a_partition_behind_the_image__stays(router, way):
    before, files = with_files(firmware.gpt(16384, OWN), 4001, 2000 * 512)
    for _ in range(2):  # also when it is installed already
        router.disk(before)
        if way == "file":
            code, said = router.install(router.node, router.image)
        else:
            code, said = router.install(router.node, "-", stdin=router.image.read_bytes())
        assert (code, said["end"]) == (OK, "done"), said
        assert_beside(router, [(1, 2048, 2559), (2, 2560, 4000), (3, 4001, 6000), (128, 34, 2047)], {4001: files})
        before = router.content()


def test_disk__last_partition_has_grown__stays_as_long(router):
    router.disk(firmware.gpt(16384, LARGER))
    code, said = router.install(router.node, router.image)
    assert (code, said["end"]) == (OK, "done"), said
    assert_beside(router, [(1, 2048, 2559), (2, 2560, 6000), (128, 34, 2047)], {})


def test_disk__only_the_owner_s_are_left_of_an_interrupted_one__the_image_comes_to_them(router):
    before, files = with_files(firmware.gpt(16384, ((5, 5000, 8000),)), 5000, 3001 * 512)
    router.disk(before)
    assert router.install(router.node, router.image)[0] == OK
    assert_beside(router, [(1, 2048, 2559), (2, 2560, 4000), (5, 5000, 8000), (128, 34, 2047)], {5000: files})


def test_disk__owner_s_partition_in_the_way__untouched_unless_whole(router):
    in_the_way = ((1, 2048, 2559), (2, 2560, 3999), (3, 4000, 6000), (128, 34, 2047))
    moved = ((1, 2048, 2559), (2, 2600, 4000), (128, 34, 2047))
    stick = ((1, 2048, 6000),)
    for own, number in ((in_the_way, 3), (moved, 2), (stick, 1)):
        before = firmware.gpt(16384, own)
        router.disk(before)
        code, said = router.install(router.node, router.image)
        assert (code, said["end"], said["cause"]) == (UNTOUCHED, "untouched", "disk")
        assert said["why"].startswith(f"partition {number} ") and "--whole" in said["why"]
        assert router.content() == before
    assert router.install(router.node, "--whole", router.image)[0] == OK
    assert_new(router)


def test_disk__mbr__owner_s_partition_and_its_files_stay(router):
    def table(*parts):
        entries = b"".join(firmware.mbr_entry(*part) for part in parts).ljust(64, b"\0")
        return b"boot code".ljust(440, b"\x90") + b"\1\2\3\4\0\0" + entries + b"\x55\xaa"

    image = (table((0x0C, 2048, 512), (0x83, 2560, 1441)) + random.Random(3).randbytes(4001 * 512 - 512))
    files = random.Random(4).randbytes(2000 * 512)
    old = table((0x0C, 2048, 512), (0x83, 2560, 1441), (0x83, 4001, 2000)).replace(b"boot", b"BOOT")
    router.disk(old + bytes(4001 * 512 - 512) + files)
    router.image.write_bytes(gzip.compress(image))
    code, said = router.install(router.node, router.image)
    assert (code, said["end"]) == (OK, "done"), said
    disk = router.content()
    assert disk[:512] == table((0x0C, 2048, 512), (0x83, 2560, 1441), (0x83, 4001, 2000))
    assert disk[512:4001 * 512] == image[512:]
    assert disk[4001 * 512:6001 * 512] == files


def test_disk__other_kind_of_table__untouched_unless_whole(router):
    router.disk(firmware.mbr())
    code, said = router.install(router.node, router.image)
    assert (code, said["cause"]) == (UNTOUCHED, "disk") and "another kind" in said["why"]
    assert router.content().startswith(firmware.mbr())
    assert router.install(router.node, "--whole", router.image)[0] == OK


def test_disk__table_that_only_linux_takes__untouched_unless_whole(router):
    """An MBR whose partitions overlap, as on sticks that an ISO was put on: Linux shows and mounts them."""
    overlapping = bytearray(firmware.mbr(16384))
    overlapping[446:478] = firmware.mbr_entry(0x17, 8, 4000) + firmware.mbr_entry(0x83, 64, 8000)
    router.disk(bytes(overlapping))
    code, said = router.install(router.node, router.image)
    assert (code, said["end"], said["cause"]) == (UNTOUCHED, "untouched", "disk") and "cannot be kept" in said["why"], said
    assert router.content() == bytes(overlapping)
    assert router.install(router.node, "--whole", router.image)[0] == OK
    assert_new(router)


def test_disk__image_that_is_no_disk_or_too_large__untouched(router):
    before = firmware.gpt(16384)
    router.disk(before)
    for data, why in ((b"hsqs" + bytes(36) + (4096).to_bytes(8, "little") + bytes(4048), "none of a whole disk"),
                      (firmware.gpt(4096, ((1, 2048, 4000),))[:512] + bytes(2 * MIB), "none of a whole disk")):
        router.image.write_bytes(data)
        code, said = router.install(router.node, "--force", "--whole", router.image)
        assert code != OK and (why in said["why"] or said["end"] == "refused"), said
        assert router.content() == before


def test_disk__in_use_or_a_partition__refused(router, tmp_path):
    assert router.install(router.node, router.image)[0] == OK
    subprocess.run(["mkfs.ext4", "-q", router.node], check=True)
    place = tmp_path / "mnt"
    place.mkdir()
    subprocess.run(["mount", router.node, place], check=True)
    try:
        code, said = router.install(router.node, "--whole", router.image)
        assert code == NO and f"in use, as {place}" in said and "rescue" in said
    finally:
        subprocess.run(["umount", place], check=True)
    code, said = router.install("/dev/null", router.image)
    assert code == NO and "cannot be used as a disk" in said
