"""sysupgrade as a user calls it: lists, backups and the check of an image; tar(1) is the judge of what it makes."""

import hashlib
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

import firmware

ROOT = Path(__file__).resolve().parents[2]
LIFEBOAT = Path(os.environ.get("LIFEBOAT_SANITIZED", ROOT / "build-sanitize")) / "src/lifeboat/lifeboat"
pytestmark = pytest.mark.skipif(not LIFEBOAT.exists(), reason=f"{LIFEBOAT} is not built")
BROKEN = 74


def run(*words, **more):
    return subprocess.run([LIFEBOAT, "sysupgrade", *map(str, words)], capture_output=True, timeout=60, **more)


def put(top, path, text="", mode=0o644):
    file = top / path.lstrip("/")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(mode)
    return file


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def system(tmp_path):
    """An OpenWrt with opkg, some files in /rom and in the overlay."""
    top = tmp_path / "root"
    put(top, "/etc/os-release", 'PRETTY_NAME="OpenWrt 24.10.0"\n')
    put(top, "/etc/lifeboat/board.conf", 'id = "acme,r1"\n')
    put(top, "/etc/sysupgrade.conf", "# mine\n/opt/keep.me  /srv/*.d/\n\n/etc/nothing\n/lnk/inside\n")
    put(top, "/lib/upgrade/keep.d/base", "/etc/passwd\n/etc/config/\n/etc/dropbear\n")
    put(top, "/lib/upgrade/keep.d/.hidden", "/etc/secret\n")
    put(top, "/etc/passwd", "root:x\n")
    put(top, "/etc/secret", "x\n")
    put(top, "/etc/config/network", "lan\n", 0o600)
    put(top, "/etc/dropbear/key", "key\n", 0o600)
    (top / "etc/dropbear").chmod(0o700)
    put(top, "/opt/keep.me", "me\n")
    put(top, "/srv/a.d/x", "x\n")
    put(top, "/srv/b.e/x", "x\n")
    put(top, "/real/inside", "behind a link\n")
    (top / "lnk").symlink_to("real")
    (top / "etc/config/link").symlink_to("network")
    put(top, "/etc/same.conf", "same\n")
    put(top, "/etc/changed.conf", "new\n")
    put(top, "/usr/lib/opkg/status", "Package: p\nConffiles:\n"
        f" /etc/same.conf {sha256('same' + chr(10))}\n /etc/changed.conf {sha256('old' + chr(10))}\n /etc/gone.conf {sha256('')}\n\n")
    for name, owned in (("p", "/etc/owned\n/etc/changed.conf\n"), ("q", "/usr/bin/q\n")):
        put(top, f"/usr/lib/opkg/info/{name}.control")
        put(top, f"/usr/lib/opkg/info/{name}.list", owned)
    put(top, "/rom/usr/lib/opkg/info/p.control")
    put(top, "/overlay/upper/usr/lib/opkg/info/q.control")
    put(top, "/rom/etc/passwd", "root:x\n")
    for path in ("/etc/mine", "/etc/board.json", "/etc/owned", "/usr/bin/q", "/usr/bin/mine", "/etc/config/network-opkg",
                 "/etc/changed.conf"):
        put(top, f"/overlay/upper{path}", "new\n")
        put(top, path, "new\n")
    put(top, "/etc/rc.common")
    for name in ("on", "off", "b;ad"):
        put(top, f"/etc/init.d/{name}", "#!/bin/sh /etc/rc.common\n", 0o755)
    (top / "etc/rc.d").mkdir()
    (top / "etc/rc.d/S19on").symlink_to("../init.d/on")
    return top


DEFAULT = ["/etc/changed.conf", "/etc/config/link", "/etc/config/network", "/etc/config/network-opkg", "/etc/dropbear/key",
           "/etc/passwd", "/opt/keep.me", "/real/inside", "/srv/a.d/x"]


def listed(system, *words):
    done = run("-l", "--sysroot", system, *words)
    assert (done.returncode, done.stderr) == (0, b""), done.stderr
    return done.stdout.decode().splitlines()


def test_list__default__conf_keep_d_and_changed_conffiles(system):
    assert listed(system) == DEFAULT


def test_list__c_o_and_u__more_of_etc_of_all_and_less(system):
    assert listed(system, "-c") == sorted([*DEFAULT, "/etc/mine", "/etc/owned"])
    assert listed(system, "-o") == sorted([*DEFAULT, "/etc/mine", "/usr/bin/mine"])
    assert listed(system, "-u") == [path for path in DEFAULT if path != "/etc/passwd"]


def test_list__conffiles_of_apk__changed_ones_only(system):
    put(system, "/lib/apk/packages/r.conffiles_static", f"/etc/apk1 {sha256('1')}\n/etc/apk2 {sha256('2')}\n")
    put(system, "/etc/apk1", "1")
    put(system, "/etc/apk2", "not 2")
    assert [path for path in listed(system) if "apk" in path] == ["/etc/apk2"]


def test_list__path_that_is_none__is_named_with_its_line(system):
    put(system, "/etc/sysupgrade.conf", "/etc/a\n\n../etc/shadow\n")
    done = run("-l", "--sysroot", system)
    assert done.returncode == 1 and done.stdout == b""
    assert b"lifeboat: /etc/sysupgrade.conf:3: '../etc/shadow' is no absolute path: write it from / on, without .." in done.stderr


def test_create__backup__tar_reads_it_and_the_manifest_names_the_board(system, tmp_path):
    archive = tmp_path / "b.tgz"
    done = run("-k", "--sysroot", system, "-b", archive)
    assert (done.returncode, done.stdout) == (0, b""), done.stderr
    assert done.stderr == b"Saving config files...\n" and archive.stat().st_mode & 0o777 == 0o600
    with tarfile.open(archive) as tar:
        names = tar.getnames()
        assert names[:3] == ["etc/lifeboat/settings.manifest", "etc/uci-defaults/10_disable_services",
                             "etc/backup/installed_packages.txt"]
        assert ["/" + m.name for m in tar.getmembers()[3:] if not m.isdir()] == DEFAULT
        assert {m.name: m.mode for m in tar.getmembers() if m.isdir()} == {"etc/config": 0o755, "etc/dropbear": 0o700, "srv/a.d": 0o755}
        assert tar.extractfile("etc/uci-defaults/10_disable_services").read() == b"/etc/init.d/off disable\n"
        assert tar.extractfile("etc/backup/installed_packages.txt").read() == b"p\trom\nq\toverlay\n"
        manifest = tar.extractfile(names[0]).read().decode()
    assert "board acme,r1\nsystem OpenWrt 24.10.0\n" in manifest
    assert [path.name for path in tmp_path.iterdir() if "b.tgz" in path.name] == ["b.tgz"], "left behind"


def test_create__to_standard_output__the_same_archive(system, tmp_path):
    done = run("-q", "--sysroot", system, "-b", "-")
    assert (done.returncode, done.stderr) == (0, b"")
    (tmp_path / "b.tgz").write_bytes(done.stdout)
    check = subprocess.run([LIFEBOAT, "settings", "verify", tmp_path / "b.tgz"], capture_output=True, text=True)
    assert check.returncode == 1 and "of another board: of acme,r1" in check.stderr or "whole" in check.stdout


def test_create__no_room__one_sentence_and_the_old_backup_stays(system, tmp_path):
    if os.getuid() != 0 or subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("needs mounts of its own")
    put(system, "/etc/config/large", "").write_bytes(os.urandom(300000))
    small = tmp_path / "small"
    small.mkdir()
    script = (f"mount -t tmpfs -o size=128k none {small} && echo old >{small}/b.tgz && "
              f"{LIFEBOAT} sysupgrade --sysroot {system} -b {small}/b.tgz; echo code $?; cat {small}/b.tgz; ls -A {small}")
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == ["code 111", "old", "b.tgz"], done
    assert "was not made" in done.stderr


def test_restore__damaged_or_foreign__refused_before_anything(system, tmp_path):
    archive = tmp_path / "b.tgz"
    assert run("-q", "--sysroot", system, "-b", archive).returncode == 0
    good = archive.read_bytes()
    for bad in (good[:-100], good[:500] + bytes([good[500] ^ 1]) + good[501:], b"no archive"):
        archive.write_bytes(bad)
        done = run("-q", "-r", archive)
        assert done.returncode == 1 and done.stderr.decode().count("\n") == 1, done.stderr
    assert run("-r", tmp_path / "none").returncode == 1


@pytest.fixture
def image(tmp_path):
    path = tmp_path / "new.img"
    path.write_bytes(firmware.metadata(firmware.sysupgrade(), ["acme,r1"]))
    return path


def test_test__image_that_is_whole__0_from_file_and_pipe(image):
    for done in (run("-T", image), run("--test", image), run("-T", "-", stdin=image.open("rb"))):
        assert (done.returncode, done.stdout) == (0, b""), done.stderr


def test_test__damaged_image__74_with_force_too(image):
    good = image.read_bytes()
    for bad in (good[:-1], good[:1000] + bytes([good[1000] ^ 4]) + good[1001:], good[:200], b"hello"):
        image.write_bytes(bad)
        for force in ([], ["-F"]):
            done = run("-T", *force, image)
            assert done.returncode == BROKEN and done.stderr.endswith(b"Image check failed.\n"), (len(bad), done)


@pytest.mark.parametrize("words, sentence", [
    ((), "give the name of an image"), (("-x",), "'-x' is not known"), (("-b",), "'-b' lacks its value"),
    (("a", "b"), "one image at a time"), (("-b", "x", "-l"), "one at a time"), (("-r", "x", "image"), "come without an image"),
    (("-n", "-c", "image"), "-n keeps no settings"), (("-n", "-f", "x", "image"), "-n keeps no settings"),
    (("-f", "x", "-k", "image"), "-f brings settings of its own"), (("-r", "x", "-o"), "-r restores all"),
    (("-l", "-T"), "leave the options of an upgrade away"), (("--sysroot", "x", "image"), "goes with -b and -l only"),
    (("-i", "-"), "-i asks on standard input"),
])
def test_usage__what_does_not_go_together__one_sentence(words, sentence):
    done = run(*words)
    assert (done.returncode, done.stdout) == (100, b"")
    assert sentence in done.stderr.decode() and done.stderr.count(b"\n") == 1


def test_image__address_or_no_file__one_sentence(tmp_path):
    done = run("-T", "http://192.168.1.2/new.img")
    assert done.returncode == 1 and b"download it, and its hash" in done.stderr
    done = run(tmp_path / "none.img")
    assert done.returncode == 1 and b"cannot be opened" in done.stderr


def test_help__h__lists_every_letter():
    done = run("-h")
    assert done.returncode == 0
    for letter in "nfcoukTFipsqvbrl":
        assert f"-{letter}" in done.stdout.decode()
