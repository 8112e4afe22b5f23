"""lifeboat settings as a user calls it, with tar(1) as the judge of what it makes."""

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIFEBOAT = Path(os.environ.get("LIFEBOAT_SANITIZED", ROOT / "build-sanitize")) / "src/lifeboat/lifeboat"
pytestmark = pytest.mark.skipif(not LIFEBOAT.exists(), reason=f"{LIFEBOAT} is not built")


def run(*words):
    return subprocess.run([LIFEBOAT, "settings", *map(str, words)], capture_output=True, text=True, timeout=30)


@pytest.fixture
def tree(tmp_path):
    """Everything that settings may be."""
    top = tmp_path / "settings"
    (top / "config").mkdir(parents=True)
    (top / "config/network").write_text("option ipaddr 10.0.0.1\n")
    (top / "config/network").chmod(0o640)
    (top / "empty").mkdir(mode=0o700)
    (top / "link").symlink_to("config/network")
    (top / ("l" * 150)).write_text("long name\n")
    (top / ("k" * 150)).symlink_to("t/" * 150 + "t")
    (top / "a b\\c\nd").write_bytes(bytes(range(256)) * 5000)
    os.mkfifo(top / "fifo")
    return top


def content(top):
    """{path: (type, mode, content or target)} of all but the pipe."""
    found = {}
    for path in [top, *sorted(top.rglob("*"))]:
        name, mode = str(path.relative_to(top)), path.lstat().st_mode & 0o7777
        if path.is_symlink():
            found[name] = ("link", 0o777, os.readlink(path))
        elif path.is_dir():
            found[name] = ("dir", mode, None)
        elif path.is_file():
            found[name] = ("file", mode, path.read_bytes())
    return found


def test_create__tree__unpacked_by_tar_is_the_same_again(tree, tmp_path):
    archive, again = tmp_path / "s.tgz", tmp_path / "again"
    done = run("create", archive, tree)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{archive}: whole, 5 files, " in done.stdout and "board     unknown" in done.stdout
    assert archive.stat().st_mode & 0o777 == 0o600
    assert archive.read_bytes()[:4] == bytes.fromhex("1f8b0800")
    again.mkdir()
    subprocess.run(["tar", "xzpf", archive, "-C", again], check=True)
    assert (again / "etc/lifeboat/settings.manifest").read_text().startswith("lifeboat-settings 1\nboard unknown\nsystem ")
    assert content(again / str(tree).lstrip("/")) == content(tree)
    with tarfile.open(archive) as tar:
        assert tar.getnames()[0] == "etc/lifeboat/settings.manifest"
        assert {m.mtime for m in tar.getmembers() if m.isfile()} >= {int((tree / "config/network").stat().st_mtime)}
    assert [path.name for path in tmp_path.iterdir() if "s.tgz" in path.name] == ["s.tgz"], "left behind"


def test_list__archive__a_line_for_each_member(tree, tmp_path):
    archive = tmp_path / "s.tgz"
    (tree / "config/a b\n\033[2J\\").symlink_to("x")
    run("create", archive, tree / "config", tree / "link")
    done = run("list", archive)
    me, base = f"{os.getuid()}:{os.getgid()}", str(tree).lstrip("/")
    assert (done.returncode, done.stderr) == (0, "")
    first, *lines = done.stdout.splitlines()
    assert first == f"d {(tree / 'config').stat().st_mode & 0o7777:04o} {me} 0 {base}/config"
    assert sorted(lines) == [f"- 0640 {me} 23 {base}/config/network",
                             f"l 0777 {me} 0 {base}/config/a b\\x0a\\x1b[2J\\x5c -> x",
                             f"l 0777 {me} 0 {base}/link -> config/network"]


@pytest.mark.parametrize("form", ["gnu", "ustar", "pax"])
def test_verify__archive_of_tar__is_whole_without_manifest(tree, tmp_path, form):
    (tree / "fifo").unlink()
    archive = tmp_path / "s.tgz"
    names = ["config", "empty", "link"] if form == "ustar" else [tree.name]
    cwd = tree if form == "ustar" else tmp_path
    subprocess.run(["tar", f"--format={form}", "-czf", archive, *names], cwd=cwd, check=True)
    done = run("verify", archive)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert "whole" in done.stdout and "manifest  none" in done.stdout


def test_verify__one_flipped_byte_or_cut__one_sentence(tree, tmp_path):
    archive, wrong = tmp_path / "s.tgz", tmp_path / "wrong.tgz"
    run("create", archive, tree)
    good = archive.read_bytes()
    for at in (12, len(good) // 2, len(good) - 1):
        for bad in (good[:at] + bytes([good[at] ^ 0x10]) + good[at + 1:], good[:at]):
            wrong.write_bytes(bad)
            done = run("verify", wrong)
            assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
            assert done.stderr.startswith(f"lifeboat: {wrong} ")


def test_verify__what_no_restore_takes__is_named(tree, tmp_path):
    archive = tmp_path / "s.tgz"
    for words, wrong in ((["settings/fifo"], "holds what is no setting (device, pipe or socket): settings/fifo"),
                         (["-P", str(tree / "link")], f"holds a path that leads elsewhere: {tree}/link"),
                         (["--transform=s,config,..,", "settings/config"], "leads elsewhere: settings/.."),
                         (["-h", "settings/link", "--transform=s,.*,x,", "settings/config/network"], None)):
        subprocess.run(["tar", "-czf", archive, *words], cwd=tmp_path, check=True)
        done = run("verify", archive)
        assert done.returncode == (1 if wrong else 0)
        assert wrong is None or wrong in done.stderr


@pytest.mark.parametrize("words, sentence", [
    ((), "say what to do"), (("check", "x"), "unknown command check"), (("verify",), "name one file"),
    (("verify", "a", "b"), "name one file"), (("list",), "name one file"), (("create", "x"), "say what goes into the archive"),
])
def test_usage__wrong_words__one_sentence(words, sentence):
    done = run(*words)
    assert (done.returncode, done.stdout) == (100, "")
    assert done.stderr == (f"lifeboat settings: {sentence}; usage: lifeboat settings verify FILE | list FILE | "
                           "create FILE PATH...\n")


def test_create__path_that_is_not_there_or_not_absolute__nothing_made(tmp_path):
    archive = tmp_path / "s.tgz"
    for path, wrong in ((tmp_path / "nowhere", "cannot be archived: it is not there"), ("etc", "is no absolute path")):
        done = run("create", archive, path)
        assert done.returncode == 1 and wrong in done.stderr and f"{archive} was not made" in done.stderr
        assert list(tmp_path.iterdir()) == []


def test_verify__file_that_is_not_there_or_no_archive__is_told(tmp_path):
    assert run("verify", tmp_path / "x").stderr == f"lifeboat: {tmp_path}/x is not there\n"
    assert run("verify", tmp_path).stderr == f"lifeboat: {tmp_path} is no file\n"
    (tmp_path / "x").write_text("hello")
    done = run("verify", tmp_path / "x")
    assert (done.returncode, done.stderr) == (1, f"lifeboat: {tmp_path}/x is not gzip\n")
