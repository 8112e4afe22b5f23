"""Each way into failsafe, with the full window of four seconds: every one of them ends it at once."""

import pytest

from lab import ADDRESS, ASKS_F, ASKS_LEVEL, FAILSAFE, FAST, STATUS_LED, WINDOW

FULL = {}  # the board file as it is


def window_end(router, opened):
    """Failsafe came before the window would have ended by itself."""
    entered = router.wait_failsafe()
    assert entered - opened < 4, "failsafe came only after the window"


@pytest.mark.parametrize("button", ["reset", "wps"])  # active low, active high
def test_button__pressed_in_the_window__failsafe_at_once_and_the_reason_everywhere(bench, button):
    router = bench(FULL)
    router.power_on()
    opened = router.wait_window()
    assert router.console.index(ASKS_F) < router.console.index(ASKS_LEVEL)
    router.leds.wait_for(WINDOW)
    router.button(button).press(0.1)
    window_end(router, opened)
    assert router.said(f"- failsafe button {button} was pressed -\n- failsafe -")
    router.leds.wait_for(FAILSAFE)
    assert router.ssh("hostname") == "lifeboat-failsafe"
    status = router.status()
    assert (status["state"], status["reason"]) == ("failsafe", "button")
    assert status["detail"] == f"the button '{button}' was pressed in the window"
    assert router.ssh("lifeboat status").splitlines()[0] == f"failsafe: {status['detail']}"


def test_two_buttons__pressed_together__one_failsafe(bench):
    router = bench(FULL)
    router.power_on()
    opened = router.wait_window()
    router.button("reset").hold()
    router.button("wps").hold()
    window_end(router, opened)
    router.button("wps").release()
    router.button("reset").release()
    assert router.status()["reason"] == "button"
    assert router.console.count("- failsafe -") == 1
    assert router.console.count("was pressed -") == 1


@pytest.mark.parametrize("button", ["reset", "wps"])
def test_button__held_from_power_on__failsafe_and_its_release_changes_nothing(bench, button):
    router = bench(FULL)
    router.power_on(hold=[button])
    router.wait_failsafe()
    router.button(button).release()
    status = router.status()
    assert (status["state"], status["reason"]) == ("failsafe", "button-held")
    assert status["detail"] == f"the button '{button}' was held from power-on"
    assert router.said(f"- failsafe button {button} was pressed -")


def test_button__worn_contact_that_chatters_for_10_ms__counts_once(bench):
    router = bench(FULL)
    router.power_on()
    opened = router.wait_window()
    button = router.button("reset")
    button.bounce(10)
    button.press(0.15)
    button.bounce(10)
    window_end(router, opened)
    assert router.status()["reason"] == "button"
    assert router.console.count("was pressed -") == 1


@pytest.mark.parametrize("typed", ["f\n", "f\r"])
def test_console__f_and_enter__failsafe_at_once(bench, typed):
    router = bench(FULL)
    router.power_on()
    opened = router.wait_window()
    router.serial.send(typed)
    window_end(router, opened)
    status = router.status()
    assert (status["state"], status["reason"], status["debug_level"]) == ("failsafe", "console", 0)
    assert not router.said("was pressed")


def test_console__digit_and_then_f__both_count(bench):
    router = bench(FULL)
    router.power_on()
    opened = router.wait_window()
    router.serial.send("2\n")
    router.says("^- debug level 2 -")
    router.serial.send("f\n")
    window_end(router, opened)
    status = router.status()
    assert (status["state"], status["reason"], status["debug_level"]) == ("failsafe", "console", 2)


def test_kernel_command_line__failsafe_1__failsafe_without_a_window(bench):
    router = bench(FULL)
    router.power_on("failsafe=1")
    router.wait_failsafe()
    assert not router.said("hit [enter]")
    router.leds.wait_for(FAILSAFE)
    assert router.leds.find(WINDOW) is None, f"{STATUS_LED} showed a window"
    status = router.status()
    assert (status["state"], status["reason"]) == ("failsafe", "cmdline")


def test_request__of_the_running_system__next_boot_is_failsafe_and_the_one_after_is_not(bench):
    router = bench(FAST)
    router.to_up(login=True)
    assert router.sh("lifeboat failsafe") == "the next boot enters failsafe"
    assert router.sh("lifeboat failsafe --cancel") == "the next boot is a normal one"
    router.sh("lifeboat failsafe")
    router.serial.send("reboot\n")
    router.wait_reset()
    router.wait_failsafe()
    status = router.status()
    assert (status["state"], status["reason"]) == ("failsafe", "request")
    assert status["address"].split("/")[0] == ADDRESS
    router.ssh_once("reboot")
    router.wait_reset(count=2)
    router.wait_window()
    router.wait_up(60)
