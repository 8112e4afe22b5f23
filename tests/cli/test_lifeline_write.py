"""lifeline write, onto disks of the kernel: loop devices, which --force allows."""

import gzip
import json
import lzma
import os
import random
import re
import signal
import stat
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path

import firmware
import pexpect
import pytest

ROOT = Path(__file__).resolve().parents[2]
LIFELINE = Path(os.environ.get("LIFEBOAT_SANITIZED", ROOT / "build-sanitize")) / "src/lifeline/lifeline"
OK, USAGE, NO_DEVICE, WRONG_IMAGE, REFUSED, INTERRUPTED = 0, 1, 4, 5, 7, 9
MIB = 1 << 20
ENOUGH_S = 60  # far more than any test needs: a test that hangs fails instead

pytestmark = [pytest.mark.skipif(not LIFELINE.exists(), reason=f"{LIFELINE} is not built"),
              pytest.mark.skipif(os.geteuid() != 0, reason="disks of the kernel need root")]


def write(*words, **how):
    return subprocess.run([LIFELINE, "write", *words], capture_output=True, text=True, timeout=ENOUGH_S,
                          stdin=subprocess.DEVNULL, **how)


@contextmanager
def loop(path, *options):
    done = subprocess.run(["losetup", "--find", "--show", *options, path], check=True, capture_output=True, text=True)
    try:
        yield done.stdout.strip()
    finally:
        subprocess.run(["losetup", "--detach", done.stdout.strip()], check=True)


@pytest.fixture
def card(tmp_path):
    """A disk of 8 MiB with something old on it, and its content."""
    path = tmp_path / "card"
    path.write_bytes(b"\xaa" * 8 * MIB)
    with loop(path) as node:
        yield Card(node, path)


class Card:
    def __init__(self, node, path):
        self.node, self.path = node, path

    def content(self):
        subprocess.run(["blockdev", "--flushbufs", self.node], check=True)
        return self.path.read_bytes()

    def is_untouched(self):
        return self.content() == b"\xaa" * 8 * MIB


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "image"
    path.write_bytes(firmware.gpt(content=random.Random(1).randbytes(200000)))
    return path


def zstd(data):
    """A frame of blocks that are not packed."""
    blocks = [data[at:at + 131072] for at in range(0, len(data), 131072)]
    headers = [(len(block) << 3 | (number == len(blocks) - 1)).to_bytes(3, "little") for number, block in enumerate(blocks)]
    return b"\x28\xb5\x2f\xfd\x00\x58" + b"".join(header + block for header, block in zip(headers, blocks))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress, zstd], ids=["plain", "gzip", "xz", "zstd"])
def test_write__every_packing__all_bytes_and_the_table_reaches_to_the_end(card, image, pack):
    plain = image.read_bytes()
    image.write_bytes(pack(plain))
    done = write("-y", "--force", image, card.node)
    assert done.returncode == OK, done.stderr
    assert f"{card.node}: 2 MiB written and read back" in done.stdout
    disk, end = card.content(), 8 * MIB // 512
    # the table alone differs: sizes in the MBR and header, and the old backup's header, which is gone
    assert disk[512 + 92:len(plain) - 512] == plain[512 + 92:-512]
    assert disk[:446] == plain[:446]
    assert not any(disk[len(plain) - 512:len(plain)])
    parts = [(1, 2048, 2559), (2, 2560, 4000), (128, 34, 2047)]
    assert firmware.gpt_copies(disk) == [(1, end - 1, end - 34, parts), (end - 1, 1, end - 34, parts)]


def test_write__mbr_onto_a_disk_that_had_a_gpt__nothing_of_that_is_left(card, image):
    assert write("-y", "--force", image, card.node).returncode == OK
    image.write_bytes(firmware.mbr())
    assert write("-y", "--force", image, card.node).returncode == OK
    disk = card.content()
    assert disk.startswith(firmware.mbr())
    assert b"EFI PART" not in disk[-MIB:]


def test_write__damaged_foreign_or_too_large__card_is_untouched(card, image, tmp_path):
    good = image.read_bytes()
    packed = bytearray(gzip.compress(good))
    packed[-6] ^= 1
    wrong = {"damaged": packed, "cut": gzip.compress(good)[:-100], "no disk": firmware.sysupgrade(),
             "text": b"hello\n" * 1000, "too large": firmware.gpt(16385), "table": firmware.gpt(4096, ((1, 2048, 16384),))}
    for name, data in wrong.items():
        image.write_bytes(data)
        done = write("-y", "--force", image, card.node)
        assert (done.returncode, done.stderr.count("\n")) == (WRONG_IMAGE, 1), (name, done.stderr)
        assert card.is_untouched(), name
    image.write_bytes(good)
    (tmp_path / "image.sha256").write_text("0" * 64 + "  image\n")
    done = write("-y", "--force", image, card.node)
    assert done.returncode == WRONG_IMAGE and ".sha256" in done.stderr
    assert card.is_untouched()


def write_from_pipe(data, *words):
    return subprocess.run([LIFELINE, "write", "-y", "--force", *words], capture_output=True, timeout=ENOUGH_S, input=data)


def long_image(**how):
    """More than is kept of a pipe before the card changes."""
    return firmware.gpt(12288, content=random.Random(2).randbytes(200000), **how)


def test_pipe__short_one__is_checked_before_the_card_changes(card, image):
    done = write_from_pipe(gzip.compress(image.read_bytes())[:-100], "-", card.node)
    assert done.returncode == WRONG_IMAGE, done.stderr
    assert card.is_untouched()
    done = write_from_pipe(gzip.compress(image.read_bytes()), "-", card.node)
    assert done.returncode == OK, done.stderr
    assert card.content()[MIB:2 * MIB - 512] == image.read_bytes()[MIB:-512]


def test_pipe__long_one__is_on_the_card_with_its_table_to_the_end(card):
    plain = long_image()
    done = write_from_pipe(plain, "-", card.node)
    assert done.returncode == OK, done.stderr
    disk, end = card.content(), 8 * MIB // 512
    assert disk[MIB:len(plain) - 512] == plain[MIB:-512]
    assert [copy[:2] for copy in firmware.gpt_copies(disk)] == [(1, end - 1), (end - 1, 1)]
    assert b"disk image with a GPT" in done.stdout and b"6 MiB written and read back" in done.stdout


def test_pipe__long_one_that_is_no_disk_or_does_not_fit__nothing_starts_from_the_card(card):
    for data in (b"hello\n" * MIB, firmware.gpt(20000), firmware.gpt(12288, ((1, 2048, 16384),)),
                 b"\x1f\x8b" + gzip.compress(random.Random(3).randbytes(5 * MIB))[2:-8] + bytes(8)):
        done = write_from_pipe(data, "--json", "-", card.node)
        assert done.returncode not in (OK, USAGE), done.stderr
        assert done.stderr.count(b"\n") == 1 and f"nothing starts from {card.node} now".encode() in done.stderr, done.stderr
        assert json.loads(done.stdout.splitlines()[-1])["event"] == "failed"
        assert not any(card.content()[:512])


def test_pipe__without_y__nobody_can_be_asked(card):
    done = subprocess.run([LIFELINE, "write", "--force", "-", card.node], capture_output=True, text=True, timeout=ENOUGH_S,
                          input="x")
    assert done.returncode == USAGE and "-y" in done.stderr
    assert card.is_untouched()


def test_write__keys_given__only_a_right_signature_is_taken(card, image, tmp_path):
    keys = tmp_path / "keys"
    keys.mkdir()
    key = firmware.Key(tmp_path, "release", "0123456789abcdef")
    (keys / key.id).write_bytes(key.public())
    words = ("-y", "--force", "--keys", keys, image, card.node)
    done = write(*words)
    assert done.returncode == WRONG_IMAGE and "sign" in done.stderr
    (tmp_path / "image.sig").write_bytes(firmware.Key(tmp_path, "other", "0123456789abcdef").sign(image))
    assert write(*words).returncode == WRONG_IMAGE
    assert card.is_untouched()
    (tmp_path / "image.sig").write_bytes(key.sign(image))
    done = write(*words)
    assert done.returncode == OK, done.stderr
    assert "signature good, by key 0123456789abcdef" in done.stdout


def test_write__sectors_of_another_size__say_so(image, tmp_path):
    path = tmp_path / "large-sectors"
    path.write_bytes(bytes(8 * MIB))
    with loop(path, "--sector-size", "4096") as node:
        done = write("-y", "--force", image, node)
        assert done.returncode == WRONG_IMAGE
        assert "sectors of 512 bytes" in done.stderr and "has 4096" in done.stderr
        image.write_bytes(firmware.gpt(1024, ((1, 64, 900),), 4096))
        assert write("-y", "--force", image, node).returncode == OK
    assert [copy[0] for copy in firmware.gpt_copies(path.read_bytes(), 4096)] == [1, 2047]


def test_write__disk_that_is_fixed_mounted_or_none__is_refused_with_a_reason(card, image, tmp_path):
    done = write("-y", image, card.node)
    assert done.returncode == REFUSED and "--force" in done.stderr
    assert card.is_untouched()
    subprocess.run(["mkfs.ext4", "-q", card.node], check=True)
    mounted = tmp_path / "a place"
    mounted.mkdir()
    subprocess.run(["mount", card.node, mounted], check=True)
    try:
        done = write("-y", "--force", image, card.node)
        assert done.returncode == REFUSED
        assert done.stderr == f"lifeline: {card.node} is in use, as {mounted}: unmount it first\n"
    finally:
        subprocess.run(["umount", mounted], check=True)
    for word, code in (("/dev/nothing", NO_DEVICE), (image, USAGE), ("/dev/null", USAGE)):
        assert write("-y", "--force", image, word).returncode == code


def test_write__disk_that_the_pc_runs_from__is_refused_with_force_too(image):
    disks = [json.loads(line) for line in write("--list", "--json").stdout.splitlines()]
    system = [disk["device"] for disk in disks if disk["runs_system"]]
    if not system:
        pytest.skip("this system does not run from a disk of its own")
    done = write("-y", "--force", image, system[0])
    assert done.returncode == REFUSED
    assert "this PC runs from" in done.stderr


def test_write__partition__names_the_disk(card, image, tmp_path):
    assert write("-y", "--force", image, card.node).returncode == OK
    subprocess.run(["partx", "--add", card.node], check=True)  # not every kernel knows partition tables
    try:
        major, minor = Path(f"/sys/class/block/{Path(card.node).name}p1/dev").read_text().split(":")
        partition = tmp_path / "any name"
        os.mknod(partition, stat.S_IFBLK | 0o600, os.makedev(int(major), int(minor)))
        done = write("-y", "--force", image, partition)
    finally:
        subprocess.run(["partx", "--delete", card.node], check=True)
    assert done.returncode == REFUSED
    assert done.stderr.endswith(f"give {card.node}\n")


def test_write__question__says_what_is_lost_and_takes_no_for_an_answer(card, image):
    for answer, code in (("n", INTERRUPTED), ("", INTERRUPTED), ("y", OK)):
        person = pexpect.spawn(str(LIFELINE), ["write", "--force", str(image), card.node], timeout=ENOUGH_S, encoding="utf-8")
        person.expect_exact(f"Everything on {card.node} (8 MiB) will be lost. Write the image? [N/y] ")
        assert card.is_untouched()
        person.sendline(answer)
        person.expect(pexpect.EOF)
        person.close()
        assert person.exitstatus == code, person.before
    assert "writing" in person.before and "reading back" in person.before
    done = write("--force", image, card.node)
    assert done.returncode == USAGE and "-y" in done.stderr


def test_write__json__one_object_per_line_and_the_end_is_last(card, image):
    done = write("-y", "--force", "--json", image, card.node)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == OK
    assert events[-1]["event"] == "done" and events[-1]["written_bytes"] == 2 * MIB
    what = next(event for event in events if event["event"] == "image")
    assert (what["type"], what["sha256"]) == ("gpt", firmware.sha256(image))
    assert [event["step"] for event in events if event["event"] == "progress"] == ["check", "write", "read-back"]
    image.write_bytes(b"nothing\n" * 99)
    last = json.loads(write("-y", "--force", "--json", image, card.node).stdout.splitlines()[-1])
    assert (last["event"], last["exit"]) == ("failed", WRONG_IMAGE)


def writes_under_way(node):
    """That the kernel has handed to the disk, and the disk has not done with."""
    return int(Path(f"/sys/class/block/{Path(node).name}/inflight").read_text().split()[1])


def wait_for_a_write(node, process):
    deadline = time.monotonic() + ENOUGH_S
    while not writes_under_way(node):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "nothing is written"
        time.sleep(0.01)


def test_write__ctrl_c_while_it_writes__says_that_the_card_cannot_be_used(image, tmp_path):
    """The file behind the card is on a file system that is frozen: the first write waits for as long as we like."""
    below, place = tmp_path / "below", tmp_path / "place"
    below.write_bytes(bytes(32 * MIB))
    place.mkdir()
    with loop(below) as disk:
        subprocess.run(["mkfs.ext4", "-q", disk], check=True)
        subprocess.run(["mount", disk, place], check=True)
        try:
            (place / "card").write_bytes(b"\xaa" * 8 * MIB)
            with loop(place / "card") as node:
                subprocess.run(["fsfreeze", "--freeze", place], check=True)
                process = subprocess.Popen([LIFELINE, "write", "-y", "--force", image, node], stdin=subprocess.DEVNULL,
                                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
                try:
                    wait_for_a_write(node, process)
                    process.send_signal(signal.SIGINT)
                finally:
                    subprocess.run(["fsfreeze", "--unfreeze", place], check=True)
                _, err = process.communicate(timeout=ENOUGH_S)
        finally:
            subprocess.run(["umount", place], check=True)
    assert process.returncode == INTERRUPTED
    assert err.startswith("\nlifeline: interrupted: what is on the card cannot be used")


def test_list__no_card__says_what_there_is_and_what_to_do():
    done = write("--list", "--json")
    disks = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == (OK if any(disk["takes"] for disk in disks) else NO_DEVICE)
    assert all(disk["takes"] or disk["why"].startswith(disk["device"]) for disk in disks)
    assert not any("loop" in disk["device"] for disk in disks)
    for disk in disks:
        assert disk["device"] in write("--list").stdout


def test_write__command_line__one_sentence(image):
    for words in ((), (image,), (image, "a", "b"), ("--list", image), ("--nonsense",), ("--keys",)):
        done = write(*words)
        assert done.returncode == USAGE, words
        assert done.stderr.rstrip().endswith("'lifeline write --help' lists the options"), done.stderr


def test_write__help_and_man_page__have_every_option_of_the_table():
    text, page = write("--help").stdout, (ROOT / "man/lifeline-write.1").read_text()
    rows = re.findall(r"OPTION\(\w+,\s*'(\w)',\s*\"(\w+)\"", (ROOT / "src/tables/write_options.def").read_text())
    assert len(rows) == 7
    for letter, name in rows:
        assert f"-{letter}, --{name}" in text
        assert f".It Fl {letter} , -{name}" in page
