"""Rescue mode 4 (virt-sd): the system of a medkit on a stick goes onto the card."""

import hashlib
import io
import json
import os
import random
import subprocess
import sys
import tarfile

import pytest

from lab import LONG, READY_S, ROOT, board_file
from vrouter import build_medkit, make_stick
from vrouter.images import disk as disk_image

sys.path.insert(0, str(ROOT / "tests/cli"))
import firmware  # noqa: E402  needs the path

BOARD = "virt-sd"
NAME = "virt-sd-medkit-latest.tar.gz"
KEY_ID = "0123456789abcdef"
PATIENT = {"menu {": "reflash {\n\twait_seconds = 600\n}\n\nmenu {\n\tback_seconds = 2"}
ELSEWHERE = {'root = "PARTLABEL=rootfs"': 'root = "/dev/mmcblk0p1"'}
HASTY = {"menu {": "reflash {\n\twait_seconds = 1\n}\n\nmenu {\n\tback_seconds = 2"}
WORK_S = 180  # patience for a medkit's 26 MB in an emulated CPU


def conf(*changes):
    return board_file(*changes, board=BOARD)


def root_hash(router):
    off, size = router.partition("rootfs")
    with open(router.disk, "rb") as disk:
        disk.seek(off)
        return hashlib.sha256(disk.read(size)).hexdigest()


MIB = 1 << 20


def table_of(router):
    """{name: (first sector, sectors)} of the card, as sfdisk reads it."""
    argv = ["sfdisk", "--json", str(router.disk)]
    env = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    done = subprocess.run(argv, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True)
    assert done.stderr == ""
    table = json.loads(done.stdout)["partitiontable"]
    assert table["label"] == "gpt"
    return {part["name"]: (part["start"], part["size"]) for part in table["partitions"]}


def give_away(router):
    """The card is somebody else's: its hash."""
    disk_image.partition(["label: gpt", "start=1MiB, size=100MiB, name=photos", "size=20MiB"], router.disk)
    return disk_hash(router)


def disk_hash(router):
    with open(router.disk, "rb") as disk:
        return hashlib.file_digest(disk, "sha256").hexdigest()


def wreck_table(router):
    with open(router.disk, "r+b") as disk:
        size = disk.seek(0, os.SEEK_END)
        for at in (0, size - MIB):
            disk.seek(at)
            disk.write(bytes(MIB))


def make_twin(router, stick):
    """The stick is a copy of the card too, with names and identities, behind which the files are: the hash of that copy."""
    env = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    dump = subprocess.run(["sfdisk", "--dump", str(router.disk)], env=env, stdout=subprocess.PIPE, text=True, check=True).stdout
    parts = [line.partition(" : ")[2] for line in dump.splitlines() if " : start=" in line]
    head = [line for line in dump.splitlines() if line.startswith("label")]
    card, files = router.disk.read_bytes(), stick.read_bytes()
    stick.write_bytes(card + files + bytes(2 * MIB))
    disk_image.partition([*head, *parts, f"start={len(card) // 512}, size={len(files) // 512}, name=files"], stick)
    return twin_hash(router, stick)


def twin_hash(router, stick):
    first, last = router.partition("lifeboat"), router.partition("rootfs")
    with open(stick, "rb") as file:
        file.seek(first[0])
        return hashlib.sha256(file.read(sum(last) - first[0])).hexdigest()


def is_new(router):
    return router.sh("cat /etc/new-system /etc/turris-version 2>&1; true").split() == ["full", "2.0"]


def test_mode_4__no_stick__a_code_and_a_normal_boot(bench):
    router = bench(conf=conf(PATIENT), board=BOARD, network=False, initramfs_extra={"etc/lifeboat/board.conf": conf(HASTY)})
    router.power_on("force_mode=4")
    router.says("looking for a medkit: plug in the stick")
    router.says(r"rescue mode 4 \(reflash\) failed: no medkit was found within 1 s: put virt-sd-medkit-latest.tar.gz on a stick")
    router.says("the LED blinks 2 times, again and again: no image that may be used")
    router.wait_up(60)


def test_mode_4__medkit_on_the_card_too_large_for_ram__says_so_and_leaves_the_card(bench):
    router = bench(conf=conf(PATIENT), board=BOARD, network=False)
    router.to_up(login=True)
    router.sh(f"dd if=/dev/zero of=/{NAME} bs=1 count=1 seek={100 * MIB - 1} && sync")
    router.power_cut("kill")
    before = root_hash(router)
    router.power_on("force_mode=4")
    router.says(rf"rescue mode 4 \(reflash\) failed: {NAME} lies on the card itself and its 100 MiB do not fit into RAM \(\d+ are free\): "
                "put it on a stick", 60)
    router.says("the LED blinks 5 times, again and again: there is not enough room")
    assert root_hash(router) == before


@pytest.mark.skipif(not LONG, reason="LIFEBOAT_LONG is not set: tests/cli has a card that is too small")
def test_mode_4__medkit_larger_than_the_card__says_so_and_leaves_the_card(bench, tmp_path):
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w:gz") as tar:
        for name, size in (("./sbin/init", 10), ("./etc/turris-version", 4), ("./usr/zeros", 300 * MIB)):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = size, 0o755
            tar.addfile(entry, io.BytesIO(b"9.9\n" if size == 4 else bytes(size)))
    router = bench(conf=conf(PATIENT), board=BOARD, network=False)
    before = root_hash(router)
    router.power_on("force_mode=4")
    router.usb_plug(make_stick(tmp_path / "stick", {NAME: whole.getvalue()}))
    router.says(rf"rescue mode 4 \(reflash\) failed: {NAME} does not fit: it takes 353 MiB, and the card's partition has 253", WORK_S)
    router.says("the LED blinks 5 times, again and again: there is not enough room")
    assert root_hash(router) == before


@pytest.mark.skipif(not LONG, reason="LIFEBOAT_LONG is not set: it waits")
def test_mode_4__cut_and_the_stick_gone__waits_until_it_is_back(bench, tmp_path):
    quick = {"menu {": "reflash {\n\twait_seconds = 20\n}\n\nmenu {\n\tback_seconds = 2"}
    medkit = build_medkit(BOARD, version="2.0", board_conf=conf(quick), extra={"etc/new-system": "full\n"})
    stick = make_stick(tmp_path / "stick", {NAME: medkit})
    router = bench(conf=conf(quick), board=BOARD, network=False)
    router.power_on("force_mode=4")
    router.usb_plug(stick)
    router.says(r"unpacking: [3-9]\d %", WORK_S)
    router.power_cut("kill")
    router.power_on()
    router.says("the power failed while the card was written: rescue mode 4 goes on")
    router.says("there is no system on the card: this waits until the stick is there")
    router.says(r"waiting, (2[1-9]|[3-9]\d) s", WORK_S)
    router.usb_plug(stick)
    router.says(rf"rescue mode 4 \(reflash\) is done: {NAME}, version 2.0 is on /dev/mmcblk0p2; the router reboots", WORK_S)
    router.wait_reset(READY_S)
    router.wait_up(60)
    router.serial.login(timeout=READY_S)
    assert is_new(router)


def test_mode_4__bad_sticks_and_foreign_cards_are_left__a_good_stick_that_is_a_copy_of_the_card_brings_its_system_through_a_cut(bench, tmp_path):
    key = firmware.Key(tmp_path, "maker", KEY_ID)
    # The board file of the initramfs is wrong about the root: the command line is right
    router = bench(conf=conf(PATIENT), board=BOARD, network=False, initramfs_extra={
        f"etc/opkg/keys/{KEY_ID}": key.public(), "etc/lifeboat/board.conf": conf(PATIENT, ELSEWHERE)})
    medkit = build_medkit(BOARD, version="2.0", board_conf=conf(PATIENT), extra={"etc/new-system": "full\n"})
    whole = medkit.read_bytes()
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 1
    bad = make_stick(tmp_path / "bad", {
        "virt-sd-medkit-202601010000.tar.gz": bytes(damaged),
        "virt-sd-medkit-202601020000.tar.gz": whole, "virt-sd-medkit-202601020000.tar.gz.sig": key.sign_data(b"something else"),
        "virt-sd-medkit-202601030000.tar.gz": whole, "virt-sd-medkit-202601030000.tar.gz.sha256": b"0" * 64 + b"\n",
        "omnia-medkit-latest.tar.gz": whole}, partitioned=True)
    router.power_on("force_mode=4 root=PARTLABEL=rootfs")
    before = root_hash(router)
    router.says("looking for a medkit")
    router.usb_plug(bad)
    router.says(r"virt-sd-medkit-202601010000.tar.gz is on /dev/sda1 \(vfat\)", 60)
    router.says(r"rescue mode 4 \(reflash\) failed: virt-sd-medkit-2026010.0000.tar.gz", WORK_S)
    assert root_hash(router) == before
    for day in (1, 2, 3):
        assert f"virt-sd-medkit-2026010{day}0000.tar.gz on /dev/sda1 is left out" in router.console
    router.wait_up(60)
    router.power_cut("kill")

    least = build_medkit(BOARD, version="3.0", board_conf=conf(PATIENT), extra={"etc/new-system": "minimal\n"})
    good = make_stick(tmp_path / "good", {
        "virt-sd-medkit-min-latest.tar.gz": least,
        NAME: whole, f"{NAME}.sig": key.sign_data(whole), f"{NAME}.sha256": hashlib.sha256(whole).hexdigest().encode()})
    card, table = router.keep_disk(), table_of(router)
    twin = make_twin(router, good)
    before = give_away(router)
    router.power_on("force_mode=4 root=PARTLABEL=rootfs")
    router.usb_plug(good)
    router.says(r"rescue mode 4 \(reflash\) failed: /dev/mmcblk0 has no PARTLABEL=rootfs, but partition 1 \(photos, 100 MiB\), "
                r"2 \(20 MiB\): 'lifeboat reflash --whole' in a rescue shell makes a new table", WORK_S)
    router.says("the LED blinks 3 times, again and again")
    router.power_cut("kill")
    assert disk_hash(router) == before

    router.put_disk(card)
    wreck_table(router)
    router.power_on("force_mode=4 root=PARTLABEL=rootfs")
    router.usb_plug(good)
    router.says("looking for a medkit")
    router.says(random.choice((r"partitioning: 0 %", rf"unpacking: [{random.randrange(1, 7)}-9]\d %")), WORK_S)
    router.power_cut("kill")

    router.power_on("force_mode=3 root=PARTLABEL=rootfs")
    router.says(r"rescue mode 3 \(factory\) failed: ", WORK_S)
    router.says("there is no system that could boot, so this is shown until the router is switched off")
    router.power_cut("kill")

    router.power_on("root=PARTLABEL=rootfs")  # no button, no word that asks for a mode
    router.usb_plug(good)
    router.says("the power failed while the card was written: rescue mode 4 goes on")
    router.says(rf"rescue mode 4 \(reflash\) is done: {NAME}, version 2.0 is on /dev/mmcblk0p2; the router reboots", WORK_S)
    router.wait_reset(READY_S)
    router.wait_up(60)
    router.serial.login(timeout=READY_S)
    assert is_new(router)
    assert "version 2.0 is on" in json.loads(router.sh("lifeboat status --json"))["last_mode"]
    router.sh("mount -t btrfs -o subvolid=5 /dev/mmcblk0p2 /mnt && cmp /mnt/@factory/etc/new-system /etc/new-system && umount /mnt")
    assert table_of(router) == table
    assert twin_hash(router, good) == twin, "a copy of the card is not the card"


def run_mode_4(router, stick=None):
    router.power_on("force_mode=4")
    if stick:
        router.usb_plug(stick)
    router.says(rf"rescue mode 4 \(reflash\) is done: {NAME}, version 2.0 is on /dev/mmcblk0p2", WORK_S)
    said = router.console
    router.wait_reset(READY_S)
    router.says("looking for a medkit", 60)
    if not stick:
        router.says(r"waiting, \d+ s")  # nothing that was there is found again
    router.power_cut("kill")
    router.to_up(login=True)
    assert is_new(router)
    return said


@pytest.mark.skipif(not LONG, reason="LIFEBOAT_LONG is not set: FAT32 is what people have")
@pytest.mark.parametrize("fs", ["ext4", "btrfs", "exfat"])
def test_mode_4__stick_without_partitions__is_read(bench, tmp_path, fs):
    medkit = build_medkit(BOARD, version="2.0", board_conf=conf(PATIENT), extra={"etc/new-system": "full\n"})
    router = bench(conf=conf(PATIENT), board=BOARD, network=False)
    assert f"{NAME} is on /dev/sda ({fs})" in run_mode_4(router, make_stick(tmp_path / "stick", {NAME: medkit}, fs))


@pytest.mark.skipif(not LONG, reason="LIFEBOAT_LONG is not set: one more whole run")
def test_mode_4__medkit_on_the_card_itself__goes_to_ram_first(bench):
    medkit = build_medkit(BOARD, version="2.0", board_conf=conf(PATIENT), extra={"etc/new-system": "full\n"})
    router = bench(conf=conf(PATIENT), board=BOARD, network=False, squashfs_extra={NAME: medkit})
    said = run_mode_4(router)
    assert f"{NAME} is on /dev/mmcblk0p2 (btrfs)" in said and "it lies on the card itself, and is copied to RAM first" in said


def insert(router, image):
    """A card of the same size that was filled elsewhere; the end of it is as the router's was: with the backup of the table."""
    with open(router.disk, "r+b") as disk:
        size = disk.seek(-MIB, os.SEEK_END)
        end = disk.read()
        disk.truncate(0)
        disk.seek(0)
        disk.write(image.read_bytes())
        disk.seek(size)
        disk.write(end)


def test_mode_4__card_with_nothing_but_the_medkit__gets_the_system__and_is_refused_with_a_second_partition(bench, tmp_path):
    medkit = build_medkit(BOARD, version="2.0", board_conf=conf(PATIENT), extra={"etc/new-system": "full\n"})
    parted = make_stick(tmp_path / "parted", {NAME: medkit}, partitioned=True)
    router = bench(conf=conf(PATIENT), board=BOARD, network=False)
    insert(router, parted)
    size = (parted.stat().st_size - MIB) // 512
    disk_image.partition(["label: dos", f"start=2048, size={size}, type=c", f"start={4096 + size}, size=4MiB"], router.disk)
    before = disk_hash(router)
    router.power_on("force_mode=4")
    router.says(rf"{NAME} is on /dev/mmcblk0p1 \(vfat\)", 60)
    router.says(r"rescue mode 4 \(reflash\) failed: /dev/mmcblk0 has no PARTLABEL=rootfs, but partition 1 \(\d+ MiB\), 2 \(4 MiB\): ", WORK_S)
    router.power_cut("kill")
    assert disk_hash(router) == before

    insert(router, parted)
    router.power_on("force_mode=4")
    router.says("it lies on the card itself, and is copied to RAM first: once the card is written it is nowhere else", 60)
    router.says(r"unpacking: [1-9]\d? %", WORK_S)
    router.power_cut("kill")
    router.power_on()
    router.says("the power failed while the card was written: rescue mode 4 goes on")
    router.says("there is no system on the card: this waits until the stick is there")
    router.power_cut("kill")

    insert(router, make_stick(tmp_path / "all-over", {NAME: medkit}))
    assert f"{NAME} is on /dev/mmcblk0 (vfat)" in run_mode_4(router)
    assert table_of(router).keys() == {"lifeboat", "rootfs"}
