"""lifeboat snapshot on a btrfs that somebody has done odd things to, that is full, or that cannot be written to."""

import json
import subprocess

import pytest
from btrfs_top import ENV, LIFEBOAT, NEEDS, info, sh, top

pytestmark = NEEDS


def state(top):
    return (top / "@/etc/hostname").read_text()


@pytest.mark.parametrize("what", ["directory", "file", "link", "info"])
def test_next_number__has_been_taken_by_hand__is_passed_over(top, what):
    top.ok("create", "old")
    (top / "@/etc/hostname").write_text("changed")
    match what:
        case "directory":
            (top / "@2").mkdir()
        case "file":
            (top / "@2").write_text("")
        case "link":
            (top / "@2").symlink_to("@1")
        case "info":
            (top / "2.info").mkdir()
    assert top.ok("create") == "Snapshot number 3 created\n"
    assert top.ok("rollback", 1) == "Current state saved as snapshot number 4\nRolled back to snapshot 1\n"
    assert state(top) == "@" and (top / "@4/etc/hostname").read_text() == "changed"
    assert [s["number"] for s in json.loads(top.ok("list", "-j"))["snapshots"]] == [1, 3, 4]
    assert ("2.info" if what == "info" else "@2") in top.names()


def test_numbers__are_used_up__is_told_before_anything_changes(top):
    top.btrfs("subvolume", "snapshot", top / "@", top / "@999999999")
    before = top.names()
    for words in (["create"], ["rollback", "factory"], ["rollback", 999999999], ["savepoint"]):
        assert "has no number left for a snapshot: delete the one with the highest number" in top.refused(*words, code=111)
    assert top.names() == before
    assert top.ok("delete", 999999999) == "Snapshot 999999999 deleted.\n"
    assert top.ok("create") == "Snapshot number 1 created\n"


def test_numbers__that_are_none_here__are_left_alone(top):
    for name in ("2147483648", "1000000000000000000", "01", "1x", "-1", "+1", " 1"):
        top.btrfs("subvolume", "snapshot", top / "@", top / f"@{name}")
        (top / f"{name}.info").write_text('TYPE="single"\n')
    before = top.names()
    assert top.ok("create", "-n") == "1\n"
    assert [s["number"] for s in json.loads(top.ok("list", "-j"))["snapshots"]] == [1]
    for name in ("2147483648", "01", "1x"):
        assert f"'{name}' is no number of a snapshot" in top.refused("delete", name)
    top.ok("delete", 1)
    assert top.names() == before


def test_rollback__read_only_subvolumes_inside__move_along_and_stay_read_only(top):
    (top / "@/srv").mkdir()
    top.ok("create", "old")
    top.btrfs("subvolume", "create", top / "@/srv/box")
    top.btrfs("subvolume", "snapshot", "-r", top / "@/srv/box", top / "@/srv/frozen")
    top.ok("rollback", 1)
    assert (top / "@/srv/box").is_dir() and top.names() == ["1.info", "2.info", "@", "@1", "@2", "@factory"]
    assert sh("btrfs", "property", "get", top / "@/srv/frozen", "ro") == "ro=true\n"
    assert top.ok("delete", 2) == "Snapshot 2 deleted.\n"


# What a shell takes, what a power cut leaves of a file, and what nobody knows what it is.
ODD_INFO = {
    'TYPE="time" # mine\nDESCRIPTION="x y" # c\n': ("time", "x y"),
    'export TYPE="pre"\n': ("pre", ""),
    "": ("single", ""),
    "\0" * 100: ("single", ""),
    'TYPE="weekly"\nDESCRIPTION="of another program"\n': ("single", ""),
    'TYPE="single"\nDESCRIPTION="' + "x" * 6000 + '"\n': ("single", ""),
    'TYPE="single"\nDESCRIPTION="{\\"a\\": \u0001\u2028}"\n': ("single", "___a__: _____"),
}


def test_info__however_odd__lists_its_snapshot_as_json_that_front_ends_can_read(top):
    for number, text in enumerate(ODD_INFO, 1):
        top.btrfs("subvolume", "snapshot", top / "@", top / f"@{number}")
        (top / f"{number}.info").write_text(text)
    found = json.loads(top.ok("list", "-j"))["snapshots"]
    assert {s["number"]: (s["type"], s["description"]) for s in found} == dict(enumerate(ODD_INFO.values(), 1))
    assert [line.split(",")[0] for line in top.ok("list", "-c").splitlines()[1:]] == [str(s["number"]) for s in found]
    assert top.ok("modify", 3, "-d", "known again") == "Snapshot number 3 modified\n"
    assert 'TYPE="single"\nDESCRIPTION="known again"\n' in info(top, 3)


@pytest.fixture
def read_only(top, tmp_path):
    """The same disk, as after a card has locked itself."""
    top.ok("create", "before")
    sh("umount", top.folder)
    sh("mount", "-o", "loop,ro", tmp_path / "disk", top.folder)
    return top


def test_disk__cannot_be_written_to__can_be_looked_at_and_exported(read_only, tmp_path):
    top, out = read_only, tmp_path / "out"
    out.mkdir()
    assert "before" in top.ok("list") and top.ok("cmp", 1) == "" and top.ok("factory-version") == "0\n"
    assert "etc/hostname" in sh("tar", "-tzf", exported(top, 1, out))
    assert "etc/hostname" in sh("tar", "-tzf", exported(top, "current", out))
    assert top.ok("mount", 1) == "Snapshot 1 mounted in /mnt/snapshot-@1\n"
    sh("umount", "/mnt/snapshot-@1")
    for words in (["create"], ["delete", 1], ["modify", 1, "-d", "x"], ["rollback"], ["cleanup"], ["savepoint"],
                  ["import", next(out.glob("*-1.tar.gz"))]):
        assert "cannot be changed: the file system is read-only" in top.refused(*words, code=111)


def exported(top, number, out):
    before = set(out.glob("*.tar.gz"))
    top.ok("export", number, out)
    [file] = set(out.glob("*.tar.gz")) - before
    return file


@pytest.mark.parametrize("prepare, name", [
    (": >export-exclude.d", "export-exclude.d"),
    ("ln -s export-exclude.d export-exclude.d", "export-exclude.d"),
    ("mkdir -p export-exclude.d/list", "export-exclude.d/list"),
    (": >export-overlay", "export-overlay"),
], ids=["lists-are-a-file", "lists-are-a-loop", "list-is-a-folder", "overlay-is-a-file"])
def test_export__what_is_asked_for_cannot_be_read__nothing_goes_out(top, tmp_path, prepare, name):
    out = tmp_path / "out"
    out.mkdir()
    sandbox = f'mount -t tmpfs none /etc && mkdir /etc/schnapps && cd /etc/schnapps && {prepare} && exec "$@"'
    for to in (out, "-"):
        done = subprocess.run(["unshare", "-m", "sh", "-c", sandbox, "sh", LIFEBOAT, "snapshot", "-d", top.folder, "export", to],
                              env=ENV, capture_output=True, text=True, timeout=60)
        assert (done.returncode, done.stdout) == (111, ""), done
        assert f"/etc/schnapps/{name}" in done.stderr and done.stderr.endswith(": nothing is exported\n")
    assert list(out.iterdir()) == [] and top.names() == ["@", "@factory"]


def fill_with_data(top, subvolume="@"):
    """As a download without end does: there is room for names and snapshots still."""
    with open(top / subvolume / "big", "wb", buffering=0) as big:
        for size in (1 << 20, 1):
            with pytest.raises(OSError, match="No space left"):
                while True:
                    big.write(b"x" * size)
            sh("sync", "-f", top.folder)


def fill_with_names(top, subvolume="@"):
    """Then nothing at all fits any more."""
    with pytest.raises(OSError, match="No space left"):
        for i in range(100_000):
            (top / subvolume / f"{i}").symlink_to("y" * 3000)
            if i % 200 == 0:
                sh("sync", "-f", top.folder)
    sh("sync", "-f", top.folder)


@pytest.mark.parametrize("target", ["", "factory"])
def test_disk__full_of_data__is_rolled_back_and_what_was_is_kept(top, target):
    top.ok("create", "old")
    (top / "@/etc/hostname").write_text("now")
    fill_with_data(top)
    size = (top / "@/big").stat().st_size
    assert top.ok("rollback", *target.split()) == f"Current state saved as snapshot number 2\nRolled back to snapshot {target or 1}\n"
    assert state(top) == ("@factory" if target else "@") and not (top / "@/big").exists()
    assert (top / "@2/etc/hostname").read_text() == "now" and (top / "@2/big").stat().st_size == size
    assert top.ok("create", "also when full") == "Snapshot number 3 created\n"
    assert top.names() == ["1.info", "2.info", "3.info", "@", "@1", "@2", "@3", "@factory"]
    found = json.loads(top.ok("list", "-j"))["snapshots"]
    assert [(s["number"], s["type"], s["description"]) for s in found] == [
        (1, "single", "old"), (2, "rollback", f"Rollback to snapshot {target or 1}"), (3, "single", "also when full")]
    assert all(s["created"] for s in found)
    # What is known of a snapshot lies beside an empty file then, and in the file as soon as it is written with room
    assert info(top, 2) == ""
    assert top.ok("delete", 3) == "Snapshot 3 deleted.\n"
    assert top.ok("rollback").endswith("Rolled back to snapshot factory\n"), "what is beside the file counts"
    top.ok("modify", 2, "-d", "full still")
    assert info(top, 2) == ""
    (top / "@2/big").unlink()
    sh("sync", "-f", top.folder)
    assert top.ok("modify", 2, "-d", "with room") == "Snapshot number 2 modified\n"
    assert f'DESCRIPTION="with room"\nROLL_TO={target or 1}\n' in info(top, 2)
    assert top.ok("delete", 3, 2) == "Snapshot 3 deleted.\nSnapshot 2 deleted.\n"


def test_disk__full_of_everything__is_told_with_what_helps_and_nothing_is_left(top):
    top.ok("create", "old")
    fill_with_data(top)
    fill_with_names(top)
    before = top.names()
    for words in (["create"], ["rollback"], ["rollback", "factory"]):
        assert "is full, or a quota on it is reached: delete snapshots or files" in top.refused(*words, code=111)
        assert top.names() == before and state(top) == "@" and (top / "@/big").exists()
    assert top.ok("delete", 1) == "Snapshot 1 deleted.\n"


@pytest.mark.parametrize("words", [["delete", 1], ["commit"], ["cleanup"]])
def test_disk__full_in_the_last_steps_of_a_rollback__is_freed_and_the_rest_is_done(top, words):
    top.ok("create", "-t", "time" if words == ["cleanup"] else "save")
    for _ in range(5 if words == ["cleanup"] else 0):
        top.ok("create", "-t", "time")
    (top / "@").rename(top / "@lifeboat-root")  # as after the exchange
    top.btrfs("subvolume", "snapshot", top / "@lifeboat-root", top / "@")
    fill_with_data(top, "@1")
    fill_with_names(top, "@1")
    assert "is full, or a quota on it is reached: delete snapshots or files" in top.refused("create", code=111)
    assert "@lifeboat-root" in top.names()
    done = top.run(*words)
    assert (done.returncode, done.stdout) == (0, "Snapshot 1 deleted.\n")
    assert done.stderr == "lifeboat: a rollback that was interrupted has been finished\n"
    assert not list(top.folder.glob("@*/big")) and not [n for n in top.names() if "lifeboat" in n]
    assert any('DESCRIPTION="State before a rollback"' in p.read_text() for p in top.folder.glob("*.info"))


def test_swap_file__in_use__is_told_and_nothing_is_left(top):
    (top / "@/swap").touch()
    sh("chattr", "+C", top / "@/swap")
    sh("fallocate", "-l", "16M", top / "@/swap")
    (top / "@/swap").chmod(0o600)
    sh("mkswap", top / "@/swap")
    if subprocess.run(["swapon", top / "@/swap"], env=ENV, capture_output=True).returncode:
        pytest.skip("no swap file can be used here")
    try:
        assert "a swap file that is in use: switch it off with swapoff" in top.refused("create", code=111)
        assert top.names() == ["@", "@factory"]
    finally:
        sh("swapoff", top / "@/swap")
    assert top.ok("create") == "Snapshot number 1 created\n"


def test_delete__default_subvolume__is_told(top):
    top.ok("create")
    top.btrfs("subvolume", "set-default", top / "@1")
    assert "it is the default subvolume of the file system" in top.refused("delete", 1)
