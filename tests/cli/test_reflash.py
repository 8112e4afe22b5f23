"""lifeboat reflash as a user calls it, onto a real loop device, with btrfs(8) and tar(1) as the judges."""

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import time
from pathlib import Path

import pytest
from btrfs_top import ENV, LIFEBOAT, NEEDS, sh

MIB = 1 << 20
pytestmark = NEEDS


class Card:
    def __init__(self, folder, mib):
        self.image, self.where = folder / "card", folder / "top"
        self.where.mkdir()
        with open(self.image, "wb") as f:
            f.truncate(mib * MIB)
        self.device = sh("losetup", "--find", "--show", self.image).strip()

    def mount(self):
        sh("mount", "-t", "btrfs", "-o", "subvolid=5", self.device, self.where)
        return self.where

    def umount(self):
        sh("umount", self.where)

    def check(self):
        """As btrfs(8) sees it. A program of another test may have been started while it was mounted, with mounts of its own."""
        end = time.monotonic() + 30
        while True:
            done = subprocess.run(["btrfs", "check", self.device], env=ENV, capture_output=True, text=True)
            if done.returncode == 0:
                return
            is_held = "mounted" in done.stderr or "busy" in done.stderr
            assert is_held and time.monotonic() < end, done.stderr
            time.sleep(0.2)

    def close(self):
        if os.path.ismount(self.where):
            self.umount()
        sh("losetup", "-d", self.device)

    def hash(self):
        return hashlib.sha256(self.image.read_bytes()).hexdigest()


@pytest.fixture
def card(tmp_path):
    try:
        made = Card(tmp_path, 200)
    except subprocess.CalledProcessError as e:
        pytest.skip(f"no loop device: {e.stderr}")
    yield made
    made.close()


@pytest.fixture
def tree(tmp_path):
    top = tmp_path / "tree"
    for folder in ("sbin", "boot", "etc/config", "dev", "usr/lib"):
        (top / folder).mkdir(parents=True)
    (top / "sbin/init").write_text("#!/bin/sh\n")
    (top / "sbin/init").chmod(0o755)
    (top / "boot/boot.scr").write_text("script")
    (top / "etc/turris-version").write_text("7.1.2\n")
    (top / "etc/shadow").write_text("root::0:0:99999:7:::\n")
    (top / "etc/shadow").chmod(0o600)
    os.chown(top / "etc/shadow", 12, 34)
    (top / "usr/lib/random").write_bytes(os.urandom(2 * MIB))
    os.link(top / "usr/lib/random", top / "usr/lib/same")
    os.symlink("tmp", top / "var")
    os.mknod(top / "dev/null", 0o20666, os.makedev(1, 3))
    return top


@pytest.fixture
def medkit(tmp_path, tree):
    file = tmp_path / "mox-medkit-latest.tar.gz"
    sh("tar", "-C", tree, "--numeric-owner", "-czf", file, ".")
    return file


@pytest.fixture
def board(tmp_path, card):
    file = tmp_path / "board.conf"
    file.write_text(f'id = "cznic,turris-mox"\nname = "Turris MOX"\n'
                    f'storage {{\n\troot = "{card.device}"\n\tsubvolume = "@"\n}}\nimage {{\n\tnames = {{"mox"}}\n}}\n')
    return file


def reflash(board, *words):
    return subprocess.run([LIFEBOAT, "reflash", "--board", board, *map(str, words)], env=ENV, capture_output=True,
                          text=True, timeout=120)


def listing(top):
    return sh("sh", "-c", f"cd {top} && find . -printf '%p %y %m %U %G %l %TF %TH:%TM\\n' -a ! -type d -printf '%p %n\\n' | sort")


def refused(done, words):
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done
    assert words in done.stderr, done.stderr


def test_a_card_gets_the_system_and_the_same_as_factory(board, card, medkit, tree):
    done = reflash(board, "--yes", medkit)
    assert done.returncode == 0, done.stderr
    assert f"mox-medkit-latest.tar.gz, version 7.1.2 is on {card.device}" in done.stdout
    top = card.mount()
    assert sorted(p.name for p in top.iterdir()) == ["@", "@factory", "boot.scr"]
    assert os.readlink(top / "boot.scr") == "@/boot/boot.scr"
    for name in ("@", "@factory"):
        assert listing(top / name) == listing(tree)
        sh("diff", "-r", "--no-dereference", "-x", "dev", tree, top / name)
    assert "path @factory" in sh("btrfs", "subvolume", "list", top)
    card.umount()
    card.check()


def test_to_look_and_refusals_leave_every_byte_of_the_card(board, card, medkit, tmp_path, tree):
    before = card.hash()
    done = reflash(board, "--check", medkit)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "the medkit is good")
    assert reflash(board, medkit).returncode == 100

    sums = Path(f"{medkit}.sha256")
    sums.write_text("0" * 64 + f"  {medkit.name}\n")
    refused(reflash(board, "--yes", medkit), ".sha256 file beside it")
    sums.unlink()
    sig = Path(f"{medkit}.sig")
    sig.write_text("untrusted comment: none\nnothing\n")
    refused(reflash(board, "--yes", medkit), "sign")
    sig.unlink()

    cut = tmp_path / "mox-medkit-202601010000.tar.gz"
    cut.write_bytes(medkit.read_bytes()[:-5000])
    refused(reflash(board, "--yes", cut), "mox-medkit-202601010000.tar.gz")
    other = tmp_path / "omnia-medkit-latest.tar.gz"
    shutil.copy(medkit, other)
    refused(reflash(board, "--yes", other), "omnia")
    (tree / "sbin/init").unlink()
    headless = tmp_path / "mox-medkit-min-latest.tar.gz"
    sh("tar", "-C", tree, "-czf", headless, ".")
    refused(reflash(board, "--yes", headless), "")
    assert card.hash() == before


def test_to_look_tells_how_far_it_is_in_one_medkit(board, medkit):
    done = reflash(board, "--check", medkit)
    said = [int(line.split()[1]) for line in done.stdout.splitlines() if line.startswith("checking: ")]
    assert done.returncode == 0 and said == sorted(set(said)), done
    assert said[0] == 0 and said[-1] == 100 and len(said) > 8, "a long check must not look as if it hung"


def test_what_does_not_fit_is_refused_before_the_card_is_touched(board, card, medkit, tmp_path, tree):
    with open(tree / "usr/lib/zeros", "wb") as f:
        f.write(bytes(190 * MIB))
    sh("tar", "-C", tree, "-czf", medkit, ".")
    before = card.hash()
    refused(reflash(board, "--yes", medkit), "does not fit")
    assert card.hash() == before


def entry(name, kind, target=""):
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, target
    return made


@pytest.mark.parametrize("bad, words", [
    ([entry("./etc/lost", tarfile.LNKTYPE, "./etc/never")], "a link to what is not there before it: ./etc/never"),
    ([entry("./etc/../../up", tarfile.REGTYPE)], "a path that leads elsewhere"),
    ([entry("./to", tarfile.SYMTYPE, "/etc"), entry("./to/passwd", tarfile.REGTYPE)], "behind a link: to"),
    ([entry("./sbin", tarfile.REGTYPE)], "a directory and something else of one name: sbin"),
])
def test_a_medkit_that_cannot_be_unpacked_is_refused_before_the_card_is_touched(board, card, medkit, tree, bad, words):
    with tarfile.open(medkit, "w:gz") as tar:
        tar.add(tree, ".")
        for one in bad:
            tar.addfile(one)
    before = card.hash()
    refused(reflash(board, "--yes", medkit), words)
    assert card.hash() == before


def test_many_small_files_are_refused_where_they_do_not_fit_though_their_archive_does(board, card, medkit, tmp_path):
    data = os.urandom(2000)
    with tarfile.open(medkit, "w:gz", compresslevel=1) as tar:
        for i, name in enumerate(["./sbin/init", "./etc/turris-version", *(f"./many/{i}" for i in range(45000))]):
            made = entry(name, tarfile.REGTYPE)
            made.size = len(data) if i > 1 else 10
            tar.addfile(made, io.BytesIO(data))
    before = card.hash()
    refused(reflash(board, "--yes", medkit), "does not fit")
    assert card.hash() == before


def test_a_card_of_somebody_else_is_refused_by_name_and_untouched(board, card, medkit):
    text = board.read_text().replace(f'root = "{card.device}"', 'root = "PARTLABEL=cli-reflash-root"')
    board.write_text(text + f'card {{\n\tdevice = "{card.device}"\n\tpartitions = {{"cli-reflash-root rest"}}\n}}\n')
    subprocess.run(["sfdisk", "-q", card.image], input="label: gpt\nstart=1MiB, size=10MiB, name=photos\nsize=20MiB\nsize=4MiB\n",
                   env=ENV, text=True, check=True)
    before = card.hash()
    refused(reflash(board, "--yes", medkit), f"{card.device} has no PARTLABEL=cli-reflash-root, but partition 1 (photos, 10 MiB), "
                                             "2 (20 MiB) and 1 more: 'lifeboat reflash --whole' in a rescue shell makes a new table")
    assert reflash(board, "--yes", "--whole", "--to", card.device, medkit).returncode == 100
    assert card.hash() == before

    sh("mkfs.ext4", "-q", "-F", card.device)
    before = card.hash()
    refused(reflash(board, "--yes", medkit), f"{card.device} has no partition table, but ext4 all over")
    assert card.hash() == before


def test_a_device_by_name_that_is_not_there_makes_no_table(board, card, medkit):
    text = board.read_text().replace(f'root = "{card.device}"', 'root = "PARTLABEL=cli-reflash-root"')
    board.write_text(text + f'card {{\n\tdevice = "{card.device}"\n'
                            '\tpartitions = {"cli-reflash-data 100 MiB", "cli-reflash-root rest"}\n}\n')
    before = card.hash()
    refused(reflash(board, "--yes", "--to", f"{card.device}p1", medkit), f"{card.device}p1 is not there")
    assert card.hash() == before


def test_what_lies_over_the_backup_of_our_own_table_is_refused_and_untouched(board, card, medkit, tmp_path):
    text = board.read_text().replace(f'root = "{card.device}"', 'root = "PARTLABEL=cli-reflash-root"')
    board.write_text(text + f'card {{\n\tdevice = "{card.device}"\n\tpartitions = {{"cli-reflash-root rest"}}\n}}\n')
    subprocess.run(["sfdisk", "-q", card.image], input="label: gpt\nstart=1MiB, size=198MiB, name=cli-reflash-root\n",
                   env=ENV, text=True, check=True)
    sh("mkfs.vfat", "-I", card.device)
    before = card.hash()
    assert card.image.read_bytes()[-512:].startswith(b"EFI PART")
    refused(reflash(board, "--yes", medkit), f"{card.device} has no partition table, but vfat all over")
    assert card.hash() == before

    sh("mkfs.btrfs", "-q", "-f", card.device)
    other = tmp_path / "ext4"
    sh("mkfs.ext4", "-q", other, "200M")
    with open(card.image, "r+b") as f:
        f.seek(1024)
        f.write(other.read_bytes()[1024:2048])
    before = card.hash()
    refused(reflash(board, "--yes", medkit), f"{card.device} has no partition table, but traces of several file systems")
    assert card.hash() == before


def test_a_card_that_is_mounted_is_refused(board, card, medkit):
    sh("mkfs.btrfs", "-q", card.device)
    card.mount()
    refused(reflash(board, "--yes", medkit), "is mounted")
    (card.where / "still").write_text("there")
