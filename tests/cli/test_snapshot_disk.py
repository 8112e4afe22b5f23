"""What lifeboat snapshot leaves on the disk of a real btrfs, and makes of what others have left there."""

import json
import os
import shutil
import signal
import subprocess

import pytest
from btrfs_top import ENV, LIFEBOAT, NEEDS, info, mount_new, sh, top

pytestmark = NEEDS


def on_the_disk(top, tmp_path):
    """The .info files as a power cut now would leave them, without what the kernel still holds back."""
    copy, out = tmp_path / "copy", tmp_path / "restored"
    sh("cp", "--sparse=always", tmp_path / "disk", copy)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    sh("btrfs", "restore", copy, out)
    copy.unlink()
    return {p.name: p.read_text() for p in out.glob("*.info")}


@pytest.mark.parametrize("option", ["max_inline=2048", "max_inline=0"])
def test_change__told_as_done__is_on_the_disk(top, tmp_path, option):
    sh("mount", "-o", f"remount,{option}", top.folder)
    top.ok("create", "one")
    assert on_the_disk(top, tmp_path) == {"1.info": info(top, 1)}
    top.ok("modify", 1, "-d", "another")
    assert 'DESCRIPTION="another"' in info(top, 1) and on_the_disk(top, tmp_path) == {"1.info": info(top, 1)}
    top.ok("rollback", 1)
    found = on_the_disk(top, tmp_path)
    found.pop(".lifeboat-rollback.info", None)  # it goes with any later commit
    assert found == {n: info(top, n[0]) for n in ("1.info", "2.info")}
    top.ok("delete", 2)
    assert on_the_disk(top, tmp_path) == {"1.info": info(top, 1)}


@pytest.fixture
def stopped_import(top, tmp_path):
    """One that waits for the rest of its archive, as on a share that answers no more."""
    (top / "@/large").write_bytes(os.urandom(24 << 20))
    top.ok("create", "taken along")
    top.ok("export", 1, tmp_path)
    [file] = tmp_path.glob("*.tar.gz")
    with subprocess.Popen([LIFEBOAT, "snapshot", "-d", top.folder, "import", file], env=ENV, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as found:
        while not (top / "@lifeboat-fill/large").exists():
            assert found.poll() is None, found.stderr.read()
        found.send_signal(signal.SIGSTOP)
        assert not (top / "@2").exists(), "it was over before it was stopped"
        yield found
        found.kill()


def test_import__does_not_get_on__keeps_nobody_waiting_and_ends_with_the_next_number(top, stopped_import):
    assert top.ok("create", "meanwhile") == "Snapshot number 2 created\n"
    assert "rolled back to snapshot 1" in top.ok("rollback", 1).lower()
    assert "another import is under way" in top.refused("import", next(top.folder.parent.glob("*.tar.gz")))
    assert (top / "@lifeboat-fill/large").exists()
    stopped_import.send_signal(signal.SIGCONT)
    assert stopped_import.communicate(timeout=60)[0] == "Snapshot number 4 imported\n"
    assert top.names() == [*(f"{n}.info" for n in (1, 2, 3, 4)), "@", "@1", "@2", "@3", "@4", "@factory"]
    assert (top / "@4/large").read_bytes() == (top / "@1/large").read_bytes()


def test_import__directory_has_the_name_of_what_is_filled__is_not_taken_for_another_import(top, tmp_path):
    top.ok("create", "taken along")
    top.ok("export", 1, tmp_path)
    (top / "@lifeboat-fill").mkdir()
    said = top.refused("import", next(tmp_path.glob("*.tar.gz")))
    assert "@lifeboat-fill is in the way" in said and "another import" not in said
    assert (top / "@lifeboat-fill").is_dir()
    (top / "@lifeboat-fill").rmdir()


def test_import__killed__is_cleared_away_by_the_next_command(top, stopped_import):
    stopped_import.kill()
    stopped_import.wait()
    assert top.ok("create") == "Snapshot number 2 created\n"
    assert top.names() == ["1.info", "2.info", "@", "@1", "@2", "@factory"]


# What schnapps leaves, and people who edit it: order, quotes and ends of lines of any kind, things that are missing.
OF_SCHNAPPS = {
    1: ('TYPE="single"\nDESCRIPTION="User created snapshot"\nCREATED="2021-03-04 05:06:07 +0100"\n',
        ("single", "User created snapshot", "2021-03-04 05:06:07 +0100")),
    2: ('CREATED="2021-03-05 00:05:00 +0100"\nTYPE=time\nDESCRIPTION=\'Snapshot created by cron\'',
        ("time", "Snapshot created by cron", "2021-03-05 00:05:00 +0100")),
    4: ('TYPE="pre"\nDESCRIPTION="Automatic pre-update snapshot (TurrisOS 5.1.9 - hbs)"\nCREATED="2021-03-06 01:02:03 +0100"\n',
        ("pre", "Automatic pre-update snapshot (TurrisOS 5.1.9 - hbs)", "2021-03-06 01:02:03 +0100")),
    5: ('TYPE="post"\r\nDESCRIPTION="edited elsewhere"\r\nCREATED="2021-03-06 01:02:09 +0100"\r\n',
        ("post", "edited elsewhere", "2021-03-06 01:02:09 +0100")),
    6: ('TYPE="single"\nDESCRIPTION="say "hi" to $(reboot) `reboot`"\nCREATED="2021-03-07 08:00:00 +0100"\n',
        ("single", "say _hi_ to _(reboot) _reboot_", "2021-03-07 08:00:00 +0100")),
    9: ('TYPE="rollback"\nDESCRIPTION="Rollback to snapshot 4"\nROLL_TO=4\nCREATED="2021-03-08 08:00:00 +0100"\n',
        ("rollback", "Rollback to snapshot 4", "2021-03-08 08:00:00 +0100")),
    10: ('# by hand\n\nTYPE="single"\n', ("single", "", "")),
}


@pytest.fixture
def elsewhere(tmp_path):
    """Another disk with a root on it: its top level."""
    disk, folder = tmp_path / "other", tmp_path / "elsewhere"
    mount_new(disk, folder)
    sh("btrfs", "subvolume", "create", folder / "@")
    yield folder
    sh("umount", "-l", folder)


def device_of(folder):
    return sh("findmnt", "-n", "-o", "SOURCE", folder).strip()


def in_rescue(folder, board, cmdline, *words):
    """As where no root is mounted, with this board file and command line of the kernel."""
    (folder / "board.conf").write_text(board)
    (folder / "cmdline").write_text(cmdline)
    prepare = (f"mount -t tmpfs none /etc && mkdir /etc/lifeboat && cp {folder}/board.conf /etc/lifeboat && "
               f"mount --bind {folder}/cmdline /proc/cmdline && exec \"$@\"")
    argv = ["unshare", "-m", "sh", "-c", prepare, "sh", LIFEBOAT, "snapshot", *words]
    return subprocess.run(argv, env=ENV, capture_output=True, text=True, timeout=60)


@pytest.mark.skipif(device_of("/") != "/dev/root" and sh("findmnt", "-n", "-o", "FSTYPE", "/").strip() == "btrfs",
                    reason="this machine has a root that is a btrfs: that would be the one")
def test_no_root_mounted__works_on_the_one_that_would_be_booted__root_on_the_command_line_wins(top, elsewhere, tmp_path):
    board = f'storage {{ root = "{device_of(elsewhere)}" subvolume = "@" }}\n'
    done = in_rescue(tmp_path, board, f"quiet root={device_of(top.folder)} ro", "create", "there")
    assert (done.returncode, done.stdout) == (0, "Snapshot number 1 created\n"), done
    assert (top / "@1").exists() and not (elsewhere / "@1").exists()

    done = in_rescue(tmp_path, board, "quiet ro", "create", "here")
    assert (done.returncode, done.stdout) == (0, "Snapshot number 1 created\n"), done
    assert (elsewhere / "@1").exists() and not (top / "@2").exists()


@pytest.fixture
def of_schnapps(top):
    """The top level of a router that schnapps has kept for years, once with a power cut in its import -f."""
    for number, (text, _) in OF_SCHNAPPS.items():
        top.btrfs("subvolume", "snapshot", *(["-r"] if number == 5 else []), top / "@", top / f"@{number}")
        (top / f"@{number}/etc/hostname").write_text(f"state {number}") if number != 5 else None
        (top / f"{number}.info").write_bytes(text.encode())
    for name in ("@7", "@factory-old", "@12-mine", "@013", "certbackup"):
        top.btrfs("subvolume", "snapshot", top / "@", top / name)
    (top / "@7/etc/hostname").write_text("state 7")
    (top / "8.info").write_text('TYPE="single"\nDESCRIPTION="its snapshot is gone"\n')
    (top / "boot.scr").symlink_to("@/boot/boot.scr")
    return top


def shell_reads(top, number):
    """What schnapps makes of an .info: it runs it."""
    return sh("sh", "-c", f'unset TYPE ROLL_TO; . "{top.folder}/{number}.info"; echo "$TYPE|$DESCRIPTION|$ROLL_TO"').rstrip("\n")


def test_layout_of_schnapps__odd_as_it_may_be__is_listed_and_left_as_it_is(of_schnapps):
    top, before = of_schnapps, of_schnapps.names()
    found = {s["number"]: (s["type"], s["description"], s["created"]) for s in json.loads(top.ok("list", "-j"))["snapshots"]}
    assert found == {number: known for number, (_, known) in OF_SCHNAPPS.items()}
    assert top.names() == before and all((top / f"{n}.info").read_bytes() == t.encode() for n, (t, _) in OF_SCHNAPPS.items())


def test_layout_of_schnapps__worked_on__is_one_that_schnapps_goes_on_with(of_schnapps):
    top = of_schnapps
    assert top.ok("rollback").splitlines() == ["Current state saved as snapshot number 11", "Rolled back to snapshot 10"]
    assert "Rolled back to snapshot 7" in top.ok("rollback", 7), "one without .info is gone back to"
    assert (top / "@/etc/hostname").read_text() == "state 7"
    assert "Rolled back to snapshot 5" in top.ok("rollback", 5)
    (top / "@/etc/hostname").write_text("the new root can be written to, though the snapshot cannot")
    assert top.ok("delete", 5, 7) == "Snapshot 5 deleted.\nSnapshot 7 deleted.\n"
    assert top.ok("modify", 6, "-d", "quiet now") == "Snapshot number 6 modified\n"
    assert top.ok("create", "one more") == "Snapshot number 14 created\n"
    assert {n: shell_reads(top, n) for n in (6, 11, 12, 13, 14)} == {
        6: "single|quiet now|", 11: "rollback|Rollback to snapshot 10|10", 12: "rollback|Rollback to snapshot 7|7",
        13: "rollback|Rollback to snapshot 5|5", 14: "single|one more|"}
    assert {"@factory-old", "@12-mine", "@013", "certbackup", "boot.scr"} <= set(top.names()), "what is not ours stays"
    assert not (top / "8.info").exists() and (top / "9.info").exists()
