"""A router whose only root is on NOR flash gets a new one: without settings, then with those in JFFS2, cut,
and from rescue."""

import shutil

import pytest

from flash import SAFE, Stick, assert_upgraded, begin, new_image, own, upgrade
from lab import FAST

pytestmark = pytest.mark.skipif(not shutil.which("aarch64-linux-gnu-gcc"), reason="gcc-aarch64-linux-gnu is not installed")
BOARD = "virt-nor"


def assert_refused(router):
    """What shares bytes with a mounted root, and half an image."""
    code, text = router.serial.run("lifeboat install --to MTD=firmware /tmp/new.img 2>&1")
    assert code == 1 and "has bytes in common with root" in text and "is mounted on" in text, text
    code, text = router.serial.run("head -c 6000000 /tmp/new.img >/tmp/half.img; sysupgrade /tmp/half.img 2>&1; echo $?; rm /tmp/half.img")
    assert "Image check failed." in text and text.split()[-1] == "74", text


def test_nor__without_settings_then_cut_with_them_then_from_rescue__only_what_was_asked_for_is_left(bench, tmp_path):
    router = bench(FAST, board=BOARD, network=False)
    stick = Stick(tmp_path, new=new_image(BOARD))
    router.to_up(login=True)
    own(router)
    stick.copy(router, "new")
    assert_refused(router)
    upgrade(router, "sysupgrade -n /tmp/new.img")
    assert_upgraded(router, "jffs2", settings=False)

    own(router)
    stick.copy(router, "new")
    begin(router, "sysupgrade /tmp/new.img", "lifeboat: upgrade: writing: [3-9]0 %")
    router.power_cut("kill")
    router.power_on()
    router.says(SAFE)
    router.shell()
    stick.copy(router, "new")
    upgrade(router, "sysupgrade /tmp/new.img")
    assert_upgraded(router, "jffs2")
