"""What lifeboat snapshot leaves on the disk of a real btrfs, and makes of what others have left there."""

import os
import shutil
import signal
import subprocess

import pytest
from btrfs_top import ENV, LIFEBOAT, NEEDS, info, sh, top

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


def test_import__killed__is_cleared_away_by_the_next_command(top, stopped_import):
    stopped_import.kill()
    stopped_import.wait()
    assert top.ok("create") == "Snapshot number 2 created\n"
    assert top.names() == ["1.info", "2.info", "@", "@1", "@2", "@factory"]
