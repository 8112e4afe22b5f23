"""What looks like a way into failsafe and is none: the router comes up."""

import json

import pytest

from lab import FAST, WINDOW


def comes_up(router, reason="window-over"):
    router.wait_up(60)
    assert not router.said("- failsafe -")
    router.serial.login()
    status = json.loads(router.sh("lifeboat status --json"))
    assert (status["state"], status["reason"]) == ("running", reason)
    return status


@pytest.mark.parametrize("word, warned", [("failsafe=0", False), ("failsafe=2", True), ("xfailsafe=1", False)])
def test_kernel_command_line__other_words__the_window_opens_and_passes(bench, word, warned):
    router = bench()
    router.power_on(word)
    router.wait_window()
    comes_up(router)
    assert router.said("failsafe= on the kernel command line takes 1 or 0: ignored") == warned


def test_button__released_before_the_kernel_is_up__does_not_count(bench):
    router = bench()
    router.power_on(hold=["reset"])
    router.button("reset").release()
    assert not router.said("hit [enter]"), "the press came too late for this test"
    comes_up(router)


def test_button__pressed_after_the_window__does_not_count(bench):
    router = bench()
    router.power_on()
    router.wait_window_end(router.wait_window())
    router.button("reset").press(0.3)
    router.button("wps").press(0.3)
    comes_up(router)


def test_button__a_glitch_of_10_ms__is_no_press(bench):
    router = bench()
    router.power_on()
    router.leds.wait_for(WINDOW)
    router.button("reset").bounce(10)
    comes_up(router)


def test_button__pressed_for_less_than_the_board_asks__is_no_press(bench):
    router = bench({"seconds = 4": "seconds = 2\n\tdebounce_ms = 500"})
    router.power_on()
    router.leds.wait_for(WINDOW)
    router.button("reset").press(0.05)
    comes_up(router)


def test_console__a_digit__sets_the_debug_level_for_the_system(bench):
    router = bench(FAST)
    router.power_on()
    router.wait_window()
    router.serial.send("F\nff\n f\n5\n0\n3\n")
    router.says("^- debug level 3 -")
    assert comes_up(router)["debug_level"] == 3
    assert router.console.count("- debug level") == 1
    assert router.sh("cat /tmp/debug_level") == "3"
    assert "DBGLVL=3" in router.sh("tr '\\0' '\\n' </proc/1/environ").splitlines()


def test_window__switched_off_with_0_seconds__no_question_and_still_a_way_in(bench):
    router = bench({"seconds = 4": "seconds = 0"})
    router.to_failsafe()
    assert router.status()["reason"] == "cmdline"
    router.go_on()
    router.wait_up(60)
    router.off()
    router.power_on()
    router.button("reset").hold()
    comes_up(router, "window-off")
    assert not router.said("hit [enter]")
