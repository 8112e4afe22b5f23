"""A board file with a fault: one sentence with its line, and the router boots with the built-in defaults."""

import json

import pytest

from lab import ADDRESS, ASKS_F, ROM_PASSWORD, board_file

FAULTS = {
    "unknown key": ({"seconds = 4": "secnds = 4"}, "secnds"),
    "wrong type": ({"seconds = 4": 'seconds = "four"'}, "window.seconds"),
    "out of range": ({"seconds = 4": "seconds = 400"}, "window.seconds"),
    "unknown word": ({'failsafe = "open"': 'failsafe = "maybe"'}, "maybe"),
    "syntax": ({"seconds = 4": "seconds ="}, "board.conf:"),
}


def complaints(router):
    """Of the boot: the panel of the system that is up says its own."""
    boot = router.console.partition("router: up")[0]
    return [line for line in boot.splitlines() if "board.conf" in line]


def assert_one_sentence(router, what, line):
    found = complaints(router)
    assert len(found) == 1, found
    assert what in found[0] and f"/etc/lifeboat/board.conf:{line}" in found[0], found[0]
    assert "going on with the built-in defaults" in found[0]


@pytest.mark.parametrize("fault", FAULTS)
def test_fault__normal_boot__one_sentence_and_the_router_comes_up(bench, fault):
    change, what = FAULTS[fault]
    conf = board_file(change)
    old, new = next(iter(change.items()))
    line = conf[: conf.index(new)].count("\n") + 1
    router = bench(conf=conf)
    router.power_on()
    router.wait_window()
    assert router.said(ASKS_F)
    router.wait_up(60)
    assert_one_sentence(router, what, line if fault != "syntax" else "")


def test_fault__failsafe__is_there_on_the_first_port_but_locked(bench):
    router = bench(conf=board_file({"seconds = 4": "secnds = 4"}))
    router.power_on()
    router.wait_window()
    router.serial.send("f\n")
    router.wait_failsafe()
    status = json.loads(router.ssh("lifeboat status --json", password=ROM_PASSWORD))
    assert (status["state"], status["policy"], status["address"]) == ("failsafe", "locked", f"{ADDRESS}/24")
    assert "Permission denied" in router.ssh_answer("true", password="").stderr
    assert "secnds" in status["notice"], "the status has forgotten what is wrong with the board file"


def test_no_board_file__boots_with_the_defaults_and_says_so(bench):
    router = bench(conf="")
    router.to_up()
    router.off()
    assert not router.said("- failsafe -")
