"""A router whose kernel is in raw NAND and whose only root is in a UBI volume gets a new system: beside the old one where
UBI has room, in place where it has none or where a kernel goes along; bad blocks are left out."""

import dataclasses
import hashlib
import shutil

import pytest

from flash import KEPT, Stick, assert_upgraded, begin, firmware, new_image, new_root, own, upgrade
from lab import FAST, LONG
from reset import status
from vrouter import load_board

pytestmark = pytest.mark.skipif(not shutil.which("aarch64-linux-gnu-gcc"), reason="gcc-aarch64-linux-gnu is not installed")
BOARD = "virt-nand"
BLOCK = 128 << 10
KERNEL = bytes(i * 11 % 251 for i in range(3 * BLOCK + 5000))


def with_room():
    """The board, with room for a second root beside the first one."""
    board = load_board(BOARD)
    volumes = [dict(volume, kib=40320) if volume["name"] == "rootfs_data" else volume for volume in board.storage["volume"]]
    return dataclasses.replace(board, storage=dict(board.storage, volume=volumes))


def small_image():
    """What passes for a squashfs of three erase blocks: only its superblock's length is looked at."""
    size = 2 * BLOCK + 5000
    body = bytes(i * 7 % 251 for i in range(size))
    return b"hsqs" + body[4:40] + size.to_bytes(8, "little") + body[48:]


def archive():
    folder = "sysupgrade-lifeboat_virt-nand"
    members = [("CONTROL", b"BOARD=lifeboat_virt-nand\n"), ("kernel", KERNEL), ("root", new_root(BOARD))]
    return firmware.metadata(firmware.tar([(f"{folder}/{name}", data) for name, data in members]), ["lifeboat,virt-nand"])


def volumes(router):
    """{name: number}"""
    lines = router.sh("for v in /sys/class/ubi/ubi0_*; do echo ${v##*_} $(cat $v/name); done").splitlines()
    return {name: number for number, name in map(str.split, lines)}


def assert_in_kernel(router, data):
    """As a boot loader reads it: the third block of the partition is bad."""
    router.sh(f"(dd if=/dev/mtd0 bs={BLOCK} count=2; dd if=/dev/mtd0 bs={BLOCK} skip=3 count=2) 2>/dev/null >/tmp/back")
    said = router.sh(f"head -c {len(data)} /tmp/back | sha256sum; rm /tmp/back")
    assert said.split()[0] == hashlib.sha256(data).hexdigest()


def test_room__archive__root_goes_in_place_and_bad_blocks_are_left_out(bench, tmp_path):
    router = bench(FAST, board=with_room(), network=False)
    small = small_image()
    stick = Stick(tmp_path, new=archive(), small=small)
    router.to_up(login=True)
    own(router)
    before = volumes(router)
    stick.copy(router, "new", "small")
    text = router.sh("lifeboat install --force --to MTD=kernel /tmp/small.img 2>&1", 60)
    assert "131072 bytes of flash were left out" in text, text
    assert_in_kernel(router, small)
    upgrade(router, "sysupgrade /tmp/new.img")
    assert_upgraded(router, "ubifs")
    assert_in_kernel(router, KERNEL)
    assert volumes(router) == before, "a cut would have left the old root whole beside the new kernel"


def test_room__image_cut_while_it_is_read_back__old_system_is_as_it_was(bench, tmp_path):
    router = bench(FAST, board=with_room(), network=False)
    stick = Stick(tmp_path, new=new_image(BOARD))
    router.to_up(login=True)
    own(router)
    before = volumes(router)
    stick.copy(router, "new")
    begin(router, "sysupgrade -n /tmp/new.img", "lifeboat: upgrade: reading back: ")
    router.power_cut("kill")
    router.to_up(login=True)
    assert router.sh(f"cat {KEPT}; ls -d /left") == "of the owner\n/left", "the old system was touched"
    assert "cut off" in status(router)["last_upgrade"], status(router)
    stick.copy(router, "new")
    upgrade(router, "sysupgrade -n /tmp/new.img")
    assert_upgraded(router, "ubifs", settings=False)
    after = volumes(router)
    assert set(after) == set(before) and after["rootfs"] != before["rootfs"], after


@pytest.mark.skipif(not LONG, reason="LIFEBOAT_LONG=1")
def test_no_room__image__is_written_in_place(bench, tmp_path):
    router = bench(FAST, board=BOARD, network=False)
    stick = Stick(tmp_path, new=new_image(BOARD))
    router.to_up(login=True)
    own(router)
    before = volumes(router)
    for words, settings in (("", True), ("-n", False)):
        stick.copy(router, "new")
        upgrade(router, f"sysupgrade {words} /tmp/new.img")
        assert_upgraded(router, "ubifs", settings=settings)
        assert volumes(router) == before
        own(router)
