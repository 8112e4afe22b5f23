"""The recovery record on raw NOR flash and in a UBI volume: it lasts over reboots, cuts and a factory reset."""

import json
import shutil

import pytest

from vrouter import Router, build_images

pytestmark = pytest.mark.skipif(not shutil.which("aarch64-linux-gnu-gcc"), reason="gcc-aarch64-linux-gnu is not installed")


def up(router):
    router.power_on()
    router.wait_up()
    router.serial.login()


def sh(router, command):
    code, text = router.serial.run(command)
    assert code == 0, f"{command!r} ends with {code}: {text}"
    return text


def record(router):
    return json.loads(sh(router, "lifeboat log --json"))


def status(router):
    return json.loads(sh(router, "lifeboat status --json"))


@pytest.mark.parametrize("board", ["virt-nor", "virt-nand"])
def test_record__on_flash__counts_boots_and_tells_of_the_reset(board):
    with Router(board, build_images(board), network=False) as r:
        up(r)
        first = record(r)
        assert first["boot_count"] == status(r)["boot_count"] == 1
        r.power_cut("kill")

        up(r)
        again = record(r)
        assert again["boot_count"] == status(r)["boot_count"] == 2
        assert again["log"][0] == first["log"][0] and len(again["log"]) == 2
        # docs/record.md tells how often flash is erased
        assert again["seq"] == first["seq"] + 2
        assert status(r)["last_reset"] == ""
        sh(r, "factoryreset -y")
        r.power_cut("kill")

        up(r)
        told = status(r)["last_reset"]
        assert told.startswith("factory reset") and ": complete, " in told
        assert told in sh(r, "lifeboat status")
        last = record(r)
        assert last["boot_count"] == 3 and last["log"][:2] == again["log"]
        assert [line.split(":")[0] for line in last["log"]] == ["boot 1", "boot 2", "boot 3"]
