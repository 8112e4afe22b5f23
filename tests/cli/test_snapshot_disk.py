"""What lifeboat snapshot leaves on the disk of a real btrfs, and makes of what others have left there."""

import shutil

import pytest
from btrfs_top import NEEDS, info, sh, top

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
