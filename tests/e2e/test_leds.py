"""What a person sees on the LED, from the edges of the line that the kernel drives."""

import re

import pytest

from lab import BOOTING, FAILSAFE, FAST, LIT, STATUS_LED, WINDOW, board_file

FULL = {}
SLOW = {"etc/init.d/S16slow": "#!/bin/sh\nsleep 2\n"}  # long enough a boot to measure


AN_EDGE = 0.001  # seconds


def assert_rate(router, hz, t0, t1):
    """Within 5 % of what the table of patterns says, measured from edge to edge."""
    assert t1 - t0 > 4 / hz, "too short to measure"
    assert router.leds.blink_hz(STATUS_LED, t0, t1) == pytest.approx(hz, rel=0.05)


def assert_even(router, ms, t0, t1):
    """As long lit as dark."""
    for lit in (True, False):
        lengths = router.leds.lengths_ms(STATUS_LED, lit, t0, t1)
        assert sum(lengths) / len(lengths) == pytest.approx(ms, rel=0.1), f"lit={lit}: {lengths}"


def test_normal_boot__window_then_boot_then_up__5_then_2_and_a_half_per_second_then_steady(bench):
    router = bench(FULL, squashfs_extra=SLOW)
    router.power_on()
    opened = router.wait_window()
    assert router.leds.edges == [] or router.leds.edges[0][0] > opened - 0.5, "lit before the window"
    closed = router.wait_window_end(opened)
    up = router.wait_up(60)
    # The darkness before `closed` is as long as it takes to go on
    last = max(t for t, _, lit in router.leds.edges if t < closed and not lit)
    assert_rate(router, 5, opened, last)
    assert_even(router, 100, opened + 0.1, last + AN_EDGE)
    began = router.leds.wait_for(BOOTING, after=closed)
    steady = router.leds.wait_for(LIT, after=began)
    assert_rate(router, 2.5, began, steady - AN_EDGE)  # going on for good is no blink
    assert_even(router, 200, began, steady - AN_EDGE)
    assert steady < up + 1, "steady only long after the system is up"
    assert {led for _, led, _ in router.leds.edges} == {STATUS_LED}, "other LEDs were lit"
    router.power_cut("kill")
    assert router.leds.edges[-1][1:] == (STATUS_LED, False)


def test_failsafe__entered_and_left__10_per_second_then_the_boot_goes_on_as_any_other(bench):
    router = bench(FULL, squashfs_extra=SLOW)
    router.power_on()
    opened = router.wait_window()
    router.leds.wait_for(WINDOW)
    router.serial.send("f\n")
    entered = router.wait_failsafe()
    assert opened < router.leds.find(WINDOW) < entered
    began = router.leds.wait_for(FAILSAFE, after=entered - 0.2)
    assert began - entered < 1
    router.led_rate(3, began)
    assert_rate(router, 10, began, began + 3)
    assert_even(router, 50, began, began + 3)
    left = router.go_on()
    router.wait_up(60)
    began = router.leds.wait_for(BOOTING, after=left)
    steady = router.leds.wait_for(LIT, after=began)
    assert_rate(router, 2.5, began, steady - AN_EDGE)  # going on for good is no blink


def test_board_without_led_and_button__works_through_serial_and_network_and_stays_dark(bench):
    nothing = {
        **{text: "" for text in re.findall(r'^button .*?^}\n', board_file(), re.M | re.S)},
        'led {\n\tboot = "green:status"\n\tfailsafe = "green:status"\n\trunning = "green:status"\n}\n': "",
    }
    router = bench(FULL, nothing)
    router.power_on(hold=["reset"])
    router.wait_window()
    router.serial.send("f\n")
    router.wait_failsafe()
    assert router.status()["reason"] == "console"
    assert router.shell()("cat /etc/config/network | wc -l").strip() != "0"
    assert router.leds.edges == []
    assert "lifeboat: " not in "".join(line for line in router.console.splitlines() if "LED" in line or "button" in line)


def test_led__that_the_machine_does_not_have__one_sentence_and_the_rest_works(bench):
    router = bench(FAST, {'failsafe = "green:status"': 'failsafe = "red:fault"'})
    router.to_failsafe()
    named = [line for line in router.console.splitlines() if "red:fault" in line]
    assert len(named) == 1 and "this machine has no LED 'red:fault' (led.failsafe of the board file)" in named[0]
    assert router.status()["state"] == "failsafe"
    assert router.leds.edges == []
    router.go_on()
    router.wait_up(60)
    router.leds.wait_for(LIT)
