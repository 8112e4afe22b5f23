"""lifeboat snapshot as a user calls it, on a real btrfs in a file, with btrfs(8) as the judge."""

import ctypes
import fcntl
import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from btrfs_top import ENV, LIFEBOAT, NEEDS, info, sh, top, waiting

DATE = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}"
RENAME_EXCHANGE = 2
pytestmark = NEEDS


def test_create__with_words__is_a_snapshot_that_schnapps_lists(top):
    assert top.ok("create", "before", "the", "holiday") == "Snapshot number 1 created\n"
    assert top.ok("create", "-n", "-t", "pre") == "2\n"
    assert re.fullmatch(rf'TYPE="single"\nDESCRIPTION="before the holiday"\nCREATED="{DATE}"\n', info(top, 1))
    assert re.fullmatch(rf'TYPE="pre"\nDESCRIPTION="User created snapshot"\nCREATED="{DATE}"\n', info(top, 2))
    (top / "@1/etc/hostname").write_text("snapshots can be written to, as those of schnapps")
    assert (top / "@/etc/hostname").read_text() == "@"
    assert top.names() == ["1.info", "2.info", "@", "@1", "@2", "@factory"]


def test_create__text_that_a_shell_would_run__is_stored_without_harm(top):
    done = top.run("create", 'a"$(touch /tmp/x)`')
    assert done.returncode == 0 and "the description was changed" in done.stderr
    assert 'DESCRIPTION="a__(touch /tmp/x)_"' in info(top, 1)


def test_list__in_every_format__is_as_front_ends_parse_it(top):
    top.ok("create", "a, b")
    top.ok("create", "-t", "time", "c")
    rows = top.ok("list").splitlines()
    assert re.fullmatch(rf"    1 \| single    \|     unknown \| {DATE} \| a, b", rows[2])
    assert re.fullmatch(rf"    2 \| time      \|     unknown \| {DATE} \| c", rows[3])
    found = json.loads(top.ok("list", "-j"))["snapshots"]
    assert [sorted(s) for s in found] == [["created", "description", "number", "size", "type"]] * 2
    assert (found[0]["number"], found[0]["type"], found[0]["description"]) == (1, "single", "a, b")
    assert top.ok("list", "-j").startswith('{ "snapshots": [ { "number": 1, "type": "single", ')
    csv = top.ok("list", "-c").splitlines()
    assert csv[0] == "#,type,size,date,description"
    assert re.fullmatch(rf'1,single,unknown,{DATE},"a, b"', csv[1]) and csv[2].endswith(",c")


def test_list__quota_is_on__shows_what_each_holds_alone(top):
    top.ok("create")
    (top / "@/big").write_bytes(os.urandom(1 << 20))
    top.ok("create")
    (top / "@/big").unlink()
    top.btrfs("quota", "enable", top.folder)
    top.btrfs("quota", "rescan", "-w", top.folder)
    sizes = [s["size"] for s in json.loads(top.ok("list", "-j"))["snapshots"]]
    assert sizes == ["16.00KiB", "1.02MiB"]


def test_list__nothing_there__forces_no_quota(top):
    assert json.loads(top.ok("list", "-j")) == {"snapshots": []}
    done = subprocess.run(["btrfs", "qgroup", "show", top.folder], env=ENV, capture_output=True, text=True)
    assert done.returncode != 0 or "0/5" not in done.stdout


def test_info__with_a_program_in_it__is_not_run(top, tmp_path):
    top.ok("create")
    (top / "1.info").write_text(f'touch {tmp_path}/ran\nTYPE="single"\nDESCRIPTION="$(touch {tmp_path}/ran)"\n')
    for words in (["list"], ["cleanup"], ["modify", 1, "-d", "x"], ["rollback"]):
        top.ok(*words)
    assert not (tmp_path / "ran").exists()


def test_modify__of_a_rollback__keeps_where_it_went(top):
    top.ok("create")
    top.ok("rollback", 1)
    assert top.ok("modify", 2, "-d", 'mine" now') == "Snapshot number 2 modified\n"
    assert 'DESCRIPTION="mine_ now"\nROLL_TO=1\n' in info(top, 2)
    assert top.refused("modify", 7, "-d", "x") == \
        "lifeboat: there is no snapshot 7; 'lifeboat snapshot list' shows which there are\n"
    assert top.run("modify", 1).returncode == 100 and top.run("modify", 1, "-t", "rollback").returncode == 100


def test_delete__some_that_are_not_there__deletes_the_others_and_says_no(top):
    top.ok("create")
    top.ok("create")
    done = top.run("delete", 1, 9, 2)
    assert done.returncode == 1
    assert done.stdout == ("Snapshot 1 deleted.\nWARNING: Snapshot number 9 does not exists!\n"
                           "Snapshot 2 deleted.\n")
    assert top.names() == ["@", "@factory"]


def test_delete__factory__is_refused(top):
    assert "the factory state is not deleted" in top.refused("delete", "factory")
    assert "the current state is not deleted" in top.refused("delete", "current")
    assert top.names() == ["@", "@factory"]


def test_delete__type__deletes_no_others(top):
    for kind in ("pre", "single", "pre"):
        top.ok("create", "-t", kind)
    assert top.ok("delete", "-t", "pre") == "Snapshot 3 deleted.\nSnapshot 1 deleted.\n"
    assert top.names() == ["2.info", "@", "@2", "@factory"]


def test_delete__with_a_subvolume_inside__only_when_asked(top):
    top.ok("create")
    top.btrfs("subvolume", "create", top / "@1/box")
    top.btrfs("subvolume", "create", top / "@1/box/deeper")
    assert "holds subvolumes that are nowhere else" in top.refused("delete", 1)
    assert (top / "@1/box/deeper").is_dir()
    assert top.ok("delete", "--nested", 1) == "Snapshot 1 deleted.\n"
    assert top.names() == ["@", "@factory"]


def test_rollback__to_a_number__is_that_state_and_the_one_before_is_kept(top):
    top.ok("create", "old")
    (top / "@/etc/hostname").write_text("changed")
    assert top.ok("rollback", 1) == "Current state saved as snapshot number 2\nRolled back to snapshot 1\n"
    assert (top / "@/etc/hostname").read_text() == "@"
    assert (top / "@2/etc/hostname").read_text() == "changed"
    assert re.fullmatch(rf'TYPE="rollback"\nDESCRIPTION="Rollback to snapshot 1"\nROLL_TO=1\nCREATED="{DATE}"\n', info(top, 2))
    (top / "@/etc/hostname").write_text("the new root can be written to")
    assert (top / "@1/etc/hostname").read_text() == "@"
    assert top.ok("rollback", 2).endswith("Rolled back to snapshot 2\n")
    assert (top / "@/etc/hostname").read_text() == "changed"


def test_rollback__again_and_again__ends_at_the_factory_state(top):
    for state in "abc":
        (top / "@/etc/hostname").write_text(state)
        top.ok("create")
    seen = []
    for _ in range(5):
        top.ok("rollback")
        seen.append((top / "@/etc/hostname").read_text())
    assert seen == ["c", "b", "a", "@factory", "@factory"]


def test_rollback__subvolumes_inside__move_along(top):
    (top / "@/srv").mkdir()
    top.btrfs("subvolume", "create", top / "@/srv/box")
    top.btrfs("subvolume", "create", top / "@/srv/box/deeper")
    top.ok("create")
    (top / "@/later").mkdir()
    top.btrfs("subvolume", "create", top / "@/later/box")
    for name in ("srv/box/deeper/file", "later/box/file"):
        (top / "@" / name).write_text(name)
    done = top.run("rollback", 1)
    assert done.returncode == 0 and "1 subvolumes inside have no place in the new root: they stay in snapshot 2" in done.stderr
    assert (top / "@/srv/box/deeper/file").read_text() == "srv/box/deeper/file"
    assert (top / "@2/later/box/file").read_text() == "later/box/file"
    assert "nowhere else" in top.refused("delete", 2)


def test_rollback__a_link_where_a_subvolume_was__is_not_followed(top, tmp_path):
    (top / "@/srv").symlink_to(tmp_path)
    top.ok("create")
    (top / "@/srv").unlink()
    (top / "@/srv").mkdir()
    top.btrfs("subvolume", "create", top / "@/srv/box")
    done = top.run("rollback", 1)
    assert done.returncode == 0 and (top / "@2/srv/box").is_dir() and not (tmp_path / "box").exists()


def test_rollback__to_what_is_not_there__changes_nothing(top):
    before = top.names()
    assert "there is no snapshot 3" in top.refused("rollback", 3)
    top.btrfs("subvolume", "delete", top / "@factory")
    before.remove("@factory")
    assert "there is no snapshot factory" in top.refused("rollback", "factory")
    assert "there is no snapshot to go back to" in top.refused("rollback")
    assert top.names() == before


def test_rollback__forget__keeps_nothing_of_the_owner(top):
    top.ok("create")
    top.btrfs("subvolume", "create", top / "@/box")
    assert top.ok("rollback", "--forget", "factory") == "Rolled back to snapshot factory\n"
    assert top.names() == ["@", "@factory"] and not (top / "@/box").exists()
    assert (top / "@/etc/hostname").read_text() == "@factory"


def exchange(a, b):
    assert ctypes.CDLL(None).renameat2(-100, os.fsencode(a), -100, os.fsencode(b), RENAME_EXCHANGE) == 0


def test_rollback__that_was_cut__is_undone_or_finished_by_the_next_command(top):
    top.ok("create")
    top.btrfs("subvolume", "snapshot", top / "@1", top / "@lifeboat-root")
    note = top / ".lifeboat-rollback.info"
    note.write_text('TYPE="rollback"\nDESCRIPTION="Rollback to snapshot 1"\nROLL_TO=1\nCREATED="2026-11-21 09:17:00 +0000"\n')
    done = top.run("create")
    assert done.returncode == 0 and "has been taken back" in done.stderr
    assert top.names() == ["1.info", "2.info", "@", "@1", "@2", "@factory"]

    (top / "@/etc/hostname").write_text("changed")
    top.btrfs("subvolume", "snapshot", top / "@1", top / "@lifeboat-root")
    note.write_text('TYPE="rollback"\nDESCRIPTION="Rollback to snapshot 1"\nROLL_TO=1\nCREATED="2026-11-21 09:17:00 +0000"\n')
    exchange(top / "@", top / "@lifeboat-root")
    done = top.run("create")
    assert done.returncode == 0 and "has been finished" in done.stderr
    assert (top / "@3/etc/hostname").read_text() == "changed" and "ROLL_TO=1" in info(top, 3)
    assert top.names() == ["1.info", "2.info", "3.info", "4.info", "@", "@1", "@2", "@3", "@4", "@factory"]


def test_cmp__everything_that_can_differ__is_seen(top):
    etc = top / "@/etc"
    for name in ("same", "content", "mode", "owner", "gone"):
        (etc / name).write_text("x")
    (etc / "link").symlink_to("a")
    (etc / "kind").write_text("x")
    top.ok("create")
    (etc / "content").write_text("y")
    (etc / "mode").chmod(0o600)
    os.chown(etc / "owner", 7, 8)
    (etc / "gone").unlink()
    (etc / "link").unlink()
    (etc / "link").symlink_to("b")
    (etc / "kind").unlink()
    (etc / "kind").mkdir()
    (etc / "new").mkdir()
    (etc / "new/file").write_text("x")
    want = [" ~ /etc/content", " - /etc/gone", " ~ /etc/kind", " ~ /etc/link", " ~ /etc/mode", " + /etc/new",
            " + /etc/new/file", " ~ /etc/owner"]
    assert top.ok("cmp").splitlines() == want == top.ok("cmp", 1).splitlines()
    assert top.ok("cmp", 1, "/etc/new").splitlines() == [" + /etc/new/file"]
    top.ok("create")
    assert top.ok("cmp", 1, 2).splitlines() == want and top.ok("cmp", 2) == ""
    assert "there is no snapshot 9" in top.refused("cmp", 9)


def test_diff__of_two_states__is_what_diff_says(top):
    top.ok("create")
    (top / "@/etc/hostname").write_text("changed\n")
    done = top.run("diff", 1)
    assert done.returncode == 1 and "--- @1/etc/hostname" in done.stdout and "+changed" in done.stdout
    assert top.run("diff", 1, 1).returncode == 0
    assert top.run("diff", 9).returncode == 3


def test_cleanup__compare__deletes_what_is_there_twice(top):
    for state in "aabb":
        (top / "@/etc/hostname").write_text(state)
        top.ok("create")
    top.ok("create", "-t", "save")
    top.ok("create")
    (top / "9.info").write_text('TYPE="single"\n')
    assert top.ok("cleanup", "--compare") == "Snapshot 4 deleted.\nSnapshot 3 deleted.\nSnapshot 1 deleted.\n"
    assert top.names() == ["2.info", "5.info", "6.info", "@", "@2", "@5", "@6", "@factory"]


def test_cleanup__compare_of_what_differs_in_an_attribute__deletes_neither(top):
    top.ok("create")
    os.setxattr(top / "@/etc", "user.note", b"new")
    top.ok("create")
    assert top.ok("cmp", 1, 2) == " ~ /etc\n" and top.ok("cmp", 2) == ""
    assert top.ok("cleanup", "--compare") == ""
    assert top.names() == ["1.info", "2.info", "@", "@1", "@2", "@factory"]


def test_cleanup__more_than_are_kept__the_oldest_go(top):
    for _ in range(7):
        top.ok("create", "-t", "time")
    top.ok("create")
    assert top.ok("cleanup") == "Snapshot 2 deleted.\nSnapshot 1 deleted.\n"


def wait_until(done, why):
    end = time.monotonic() + 30
    while not done():
        assert time.monotonic() < end, why
        time.sleep(0.1)


def test_savepoint__and_commit__leave_nothing(top):
    assert top.ok("savepoint", 5).startswith("Snapshot number 1 created\n")
    assert re.fullmatch(rf'TYPE="save"\nDESCRIPTION="Savepoint"\nCREATED="{DATE}"\nWAIT=5\n', info(top, 1)), "the gate reads it"
    assert json.loads(top.ok("list", "-j"))["snapshots"][0]["type"] == "save"
    assert top.ok("savepoint").startswith("Snapshot 1 deleted.\nSnapshot number 1 created\n")
    assert waiting(top)
    assert top.ok("commit") == "Snapshot 1 deleted.\n"
    assert top.names() == ["@", "@factory"]
    wait_until(lambda: not waiting(top), "somebody still waits for the commit")


def test_savepoint__rollback_that_forgets__is_not_waited_for_any_more(top):
    top.ok("create")
    top.ok("savepoint", 5)
    assert waiting(top)
    top.ok("rollback", 1, "--forget")
    assert not (top / "@3").exists()
    assert "WAIT" not in info(top, 2), "the router would go back to what its owner wanted forgotten"
    wait_until(lambda: not waiting(top), "somebody still waits for the commit")


def test_mount__one__shows_what_is_in_it(top):
    top.ok("create")
    where = Path("/mnt/snapshot-@1")
    assert top.ok("mount", 1) == f"Snapshot 1 mounted in {where}\n"
    try:
        assert (where / "etc/hostname").read_text() == "@"
    finally:
        sh("umount", where)
        where.rmdir()


def test_lock__another_one_at_work__is_waited_for(top):
    fd = os.open(top.folder, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_SH)
    assert json.loads(top.ok("list", "-j")) == {"snapshots": []}, "who looks does not keep others from looking"
    with subprocess.Popen([LIFEBOAT, "snapshot", "-d", top.folder, "create"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as other:
        assert "waiting for another program" in other.stderr.readline()
        assert not (top / "@1").exists()
        os.close(fd)
        assert other.communicate(timeout=30)[0] == "Snapshot number 1 created\n" and other.returncode == 0


def test_path_on_no_btrfs__is_refused_with_its_name(top):
    done = subprocess.run([LIFEBOAT, "snapshot", "-d", "/proc", "list"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == \
        (1, "lifeboat: /proc is on proc, and snapshots need btrfs: name a path on one with -d PATH\n")


def furnish(top, where):
    """A tree with something of every kind in it."""
    for folder in ("sbin", "boot", "etc/config", "dev", "usr/lib", "root"):
        (where / folder).mkdir(parents=True, exist_ok=True)
    (where / "sbin/init").write_text("#!/bin/sh\n")
    (where / "sbin/init").chmod(0o4755)
    (where / "boot/boot.scr").write_text("script")
    (where / "etc/turris-version").write_text("7.1.2\n")
    (where / "etc/shadow").write_text("root::0:0:99999:7:::\n")
    (where / "etc/shadow").chmod(0o600)
    os.chown(where / "etc/shadow", 12, 34)
    (where / "usr/lib/random").write_bytes(os.urandom(1 << 20))
    os.link(where / "usr/lib/random", where / "usr/lib/same")
    (where / "var").symlink_to("tmp")
    os.mknod(where / "dev/null", 0o20666, os.makedev(1, 3))
    os.mkfifo(where / "root/pipe")
    os.setxattr(where / "usr/lib/random", "user.note", b"kept")
    with open(where / "root/sparse", "wb") as f:
        f.truncate(40 << 20)
    (where / ("n" * 120)).mkdir()
    (where / ("n" * 120) / ("m" * 200)).write_text("a long name")
    top.btrfs("subvolume", "create", where / "box")
    (where / "box/inside").write_text("not part of it")


def listing(where):
    return sh("sh", "-c", f"cd {where} && find . -xdev ! -path './box/*' -printf '%p %y %m %U %G %l %TF %TH:%TM\\n' "
                          "-a ! -type d -printf '%p %n %s\\n' | sort; "
                          "find . -xdev -type f ! -path './box/*' | sort | xargs md5sum; stat -c %t:%T dev/null")


def test_export_and_import__of_a_snapshot__is_the_same_tree_again(top, tmp_path):
    furnish(top, top / "@")
    top.ok("create", "-t", "time", "taken along")
    stick = tmp_path / "stick"
    stick.mkdir()
    done = top.run("export", 1, stick)
    assert (done.returncode, done.stdout) == (0, "")
    names = sorted(p.name for p in stick.iterdir())
    assert re.fullmatch(r"schnapps-medkit-[\w-]+-1\.info", names[0]) and names[1] == names[0][:-4] + "tar.gz"
    assert done.stderr == f"Snapshot 1 was exported into {stick} as {names[1]}\n"
    assert (stick / names[1]).stat().st_mode & 0o777 == 0o600 and (stick / names[0]).read_text() == info(top, 1)

    assert top.ok("import", stick / names[0]) == "Snapshot number 2 imported\n"
    assert info(top, 2) == info(top, 1) and listing(top / "@2") == listing(top / "@1")
    assert os.getxattr(top / "@2/usr/lib/random", "user.note") == b"kept"
    assert list((top / "@2/box").iterdir()) == []
    plain = tmp_path / "plain"
    plain.mkdir()
    sh("tar", "-C", plain, "-xpzf", stick / names[1])
    assert listing(plain) == listing(top / "@1"), "tar(1) makes the same tree of it"
    (stick / names[0]).unlink()
    assert top.ok("import", stick / names[1]) == "Snapshot number 3 imported\n"
    assert f'DESCRIPTION="Imported from {names[1]}"'.replace("_", "") in info(top, 3).replace("_", "")


def test_export__of_the_current_state__is_of_one_moment_and_leaves_nothing(top, tmp_path):
    furnish(top, top / "@")
    done = subprocess.run([LIFEBOAT, "snapshot", "-d", top.folder, "export", "current", "-"], env=ENV, capture_output=True,
                          timeout=60)
    assert done.returncode == 0, done.stderr
    names = subprocess.run(["tar", "-tz"], input=done.stdout, capture_output=True, check=True).stdout.decode().split()
    assert "./etc/shadow" in names and "./box/" in names and "./box/inside" not in names
    assert top.names() == ["@", "@factory"]
    assert top.ok("export", tmp_path) == ""
    [file] = tmp_path.glob("*.tar.gz")
    assert re.fullmatch(r"schnapps-medkit-[\w-]+-\d{8}\.tar\.gz", file.name)
    assert not list(tmp_path.glob("*.info")) and not list(tmp_path.glob(".*"))


def test_export__somebody_looks_meanwhile__need_not_wait(top):
    (top / "@/large").write_bytes(os.urandom(8 << 20))
    with subprocess.Popen([LIFEBOAT, "snapshot", "-d", top.folder, "export", "-"], stdout=subprocess.PIPE) as export:
        assert export.stdout.read(1000)  # the pipe is full after some KiB: it waits for us
        assert (top / "@lifeboat-export").is_dir()
        assert "ro=true" in sh("btrfs", "property", "get", top / "@lifeboat-export", "ro")
        assert json.loads(top.ok("list", "-j")) == {"snapshots": []}
        export.kill()
    assert top.run("create").returncode == 0
    assert top.names() == ["1.info", "@", "@1", "@factory"], "what was cut is cleared away"


def test_export__no_room__leaves_nothing_behind(top, tmp_path):
    (top / "@/large").write_bytes(os.urandom(4 << 20))
    small = tmp_path / "small"
    small.mkdir()
    sh("mount", "-t", "tmpfs", "-o", "size=1M", "none", small)
    try:
        assert "nothing was exported: the archive cannot be written: No space left" in top.refused("export", small, code=111)
        assert list(small.iterdir()) == []
    finally:
        sh("umount", small)
    assert top.names() == ["@", "@factory"]
    assert "there is no snapshot 3" in top.refused("export", 3, tmp_path)
    assert "does not encrypt" in top.run("export", "-c", "1", tmp_path).stderr


def test_export__room_for_the_archive_only__leaves_no_part_of_the_info(top, tmp_path):
    top.ok("create")
    top.ok("export", 1, tmp_path)
    pages = -(-next(tmp_path.glob("*.tar.gz")).stat().st_size // 4096)
    small = tmp_path / "small"
    small.mkdir()
    sh("mount", "-t", "tmpfs", "-o", f"size={pages * 4}k", "none", small)
    try:
        assert "nothing was exported: " in (said := top.refused("export", 1, small, code=111)) and "No space left" in said
        assert list(small.iterdir()) == []
    finally:
        sh("umount", small)


def test_list__output_cannot_be_written__is_told(top):
    with open("/dev/full", "w") as full:
        done = subprocess.run([LIFEBOAT, "snapshot", "-d", top.folder, "list"], env=ENV, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (111, "lifeboat: what was to be printed cannot be written: No space left on device\n")


def test_import__damaged__changes_nothing(top, tmp_path):
    top.ok("create")
    top.ok("export", 1, tmp_path)
    [file] = tmp_path.glob("*.tar.gz")
    data = file.read_bytes()
    before = top.names()
    for wrong in (data[:-9], data[:-8] + b"\0\0\0\0" + data[-4:], b"no archive"):
        file.write_bytes(wrong)
        assert "was not imported, and all is as it was: it is damaged" in top.refused("import", file)
        assert top.names() == before
    file.with_name(file.name[:-6] + "info").write_text("nothing of the kind\n")
    assert "no .info of a snapshot" in top.refused("import", file.with_name(file.name[:-6] + "info"))
    assert "cannot be opened" in top.refused("import", tmp_path / "other.tar.gz")
    assert top.run("import", tmp_path / "other.zip").returncode == 100


def board_with(tmp_path, text):
    file = tmp_path / "board.conf"
    file.write_text(f'storage {{ subvolume = "@" }}\nsnapshots {{ {text} }}\n')
    return file


def date(days):
    """So many days ago, as an .info has it."""
    return time.strftime("%Y-%m-%d %H:%M:%S +0000", time.gmtime(time.time() - days * 86400))


def put_info(top, number, kind, days):
    (top / f"{number}.info").write_text(f'TYPE="{kind}"\nDESCRIPTION="x"\nCREATED="{date(days)}"\n')


def test_auto__weekly__when_the_last_one_is_a_week_old(top, tmp_path):
    board = board_with(tmp_path, "keep = 2")
    weekly = ["auto", "--board", board, "weekly"]
    top.ok("create", "a single one does not count")
    assert top.ok(*weekly) == "Snapshot number 2 created\n"
    assert 'TYPE="time"\nDESCRIPTION="Automatic weekly snapshot"' in info(top, 2)
    assert top.ok(*weekly) == ""
    put_info(top, 2, "time", 6.9)
    assert top.ok(*weekly) == ""
    put_info(top, 2, "time", 7.1)
    assert top.ok(*weekly) == "Snapshot number 3 created\n"
    put_info(top, 2, "time", 15)
    put_info(top, 3, "time", 8)
    assert top.ok(*weekly) == "Snapshot number 4 created\nSnapshot 2 deleted.\n", "two are kept"
    put_info(top, 3, "time", 9)
    put_info(top, 4, "time", -4000)
    assert top.ok(*weekly).startswith("Snapshot number 5 created\n"), "what a wrong clock has dated does not count"
    assert top.ok("auto", "--board", board_with(tmp_path, "weekly = false"), "weekly") == ""


def test_auto__clock_not_set__makes_none_and_says_so(top, tmp_path):
    future = tmp_path / "lifeboat"  # a clock that is before the program's own date was never set
    shutil.copy(LIFEBOAT, future)
    os.utime(future, (time.time() + 1000, time.time() + 1000))
    words = [future, "snapshot", "-d", top.folder, "auto", "--board", board_with(tmp_path, "keep = 2")]
    done = subprocess.run([*words, "weekly"], env=ENV, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "") and "the clock of this router is not set" in done.stderr
    done = subprocess.run([*words, "-q", "weekly"], env=ENV, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    assert top.names() == ["@", "@factory"]


def test_auto__update__is_one_of_type_pre_and_the_oldest_go(top, tmp_path):
    board = board_with(tmp_path, "keep = 1")
    assert top.ok("auto", "--board", board, "update") == "Snapshot number 1 created\n"
    assert 'TYPE="pre"\nDESCRIPTION="Automatic snapshot before an update"' in info(top, 1)
    top.ok("create", "-t", "post")
    assert top.ok("auto", "--board", board, "update") == "Snapshot number 3 created\nSnapshot 1 deleted.\n"
    assert top.ok("auto", "--board", board_with(tmp_path, "before_update = false"), "update") == ""
    assert top.run("auto", "sometimes").returncode == 100


@pytest.fixture
def medkit(top, tmp_path):
    tree, file = tmp_path / "tree", tmp_path / "mox-medkit-latest.tar.gz"
    tree.mkdir()
    for folder in ("sbin", "boot", "etc"):
        (tree / folder).mkdir()
    (tree / "sbin/init").write_text("#!/bin/sh\n")
    (tree / "boot/boot.scr").write_text("script")
    (tree / "etc/turris-version").write_text("7.2\n")
    (tree / "etc/hostname").write_text("new")
    sh("tar", "-C", tree, "-czf", file, ".")
    (tmp_path / "board.conf").write_text('id = "cznic,turris-mox"\nimage {\n\tnames = {"mox"}\n}\n')
    return file


def test_import__of_a_factory_state__replaces_it_as_a_whole(top, medkit):
    board = medkit.parent / "board.conf"
    assert top.ok("factory-version") == "0\n"
    assert top.ok("import", "-f", "--board", board, f"file://{medkit}") == "Factory state imported\n"
    assert top.ok("factory-version") == "7.2\n" and (top / "@factory/etc/hostname").read_text() == "new"
    assert top.names() == ["@", "@factory"]
    assert top.ok("rollback", "factory").endswith("Rolled back to snapshot factory\n")
    assert (top / "@/etc/hostname").read_text() == "new"


def test_import__of_a_factory_state_that_is_none__is_refused_before_anything_changes(top, medkit, tmp_path):
    board = tmp_path / "board.conf"
    ids = sh("btrfs", "subvolume", "list", top.folder)
    sums = tmp_path / f"{medkit.name}.sha256"
    sums.write_text("0" * 64 + f"  {medkit.name}\n")
    assert ".sha256 file beside it" in top.refused("import", "-f", "--board", board, medkit)
    sums.unlink()
    other = tmp_path / "omnia-medkit-latest.tar.gz"
    shutil.copy(medkit, other)
    assert "omnia" in top.refused("import", "-f", "--board", board, other)
    medkit.write_bytes(medkit.read_bytes()[:-20])
    assert "the factory state stays as it is" in top.refused("import", "-f", "--board", board, medkit)
    assert "https://" in top.refused("import", "-f", "http://example.org/mox-medkit-latest.tar.gz", code=100)
    assert sh("btrfs", "subvolume", "list", top.folder) == ids


@pytest.mark.parametrize("words", [[], ["fly"], ["list", "-x"], ["create", "-t", "rollback"], ["delete"],
                                   ["rollback", "x"], ["rollback", "1", "2"], ["savepoint", "x"], ["cmp", "x"]])
def test_command_line__wrong__is_told_in_one_line(words):
    done = subprocess.run([LIFEBOAT, "snapshot", *words], capture_output=True, text=True)
    assert done.returncode == 100 and done.stderr.count("\n") == 1, done.stderr


def test_schnapps__as_a_name__is_the_same_program(top, tmp_path):
    name = tmp_path / "schnapps"
    name.symlink_to(LIFEBOAT)
    assert sh(name, "-d", top.folder, "create", "-n", "x") == "1\n"
    assert sh(name, "help").startswith("usage: lifeboat snapshot ")
    assert sh(name, "version").startswith("lifeboat ")
