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

    def install(self, *words):
        """(exit status, what --json says, or the sentence)"""
        done = subprocess.run([LIFEBOAT, "install", "--json", "--board", self.board, "--disk", *words], capture_output=True,
                              text=True, timeout=60)
        return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


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


def test_disk__owner_has_more_or_larger_partitions__untouched_unless_whole(router):
    for own, number in ((OWN, 3), (LARGER, 2)):
        before = firmware.gpt(16384, own)
        router.disk(before)
        code, said = router.install(router.node, router.image)
        assert (code, said["end"], said["cause"]) == (UNTOUCHED, "untouched", "disk")
        assert said["why"].startswith(f"partition {number} ") and "--whole" in said["why"]
        assert router.content() == before
    assert router.install(router.node, "--whole", router.image)[0] == OK
    assert_new(router)


def test_disk__other_kind_of_table__untouched_unless_whole(router):
    router.disk(firmware.mbr())
    code, said = router.install(router.node, router.image)
    assert (code, said["cause"]) == (UNTOUCHED, "disk") and "another kind" in said["why"]
    assert router.content().startswith(firmware.mbr())
    assert router.install(router.node, "--whole", router.image)[0] == OK


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
