"""What the LED recorder makes of QEMU's trace."""

import time

import pytest

from vrouter.board import Line
from vrouter.errors import Timeout
from vrouter.leds import Blink, LedTrace, Steady
from vrouter.pins import Ps2

LEDS = {
    "green:status": Line("green:status", 2, "high"),
    "green:usb": Line("green:usb", 7, "low"),
}


def line(t, pin, level):
    return f"4711@{t:.6f}:pl061_set_output /machine/unattached/device[6] setting output {pin} to {level}\n"


def blinking(on_ms, off_ms, count, start=1.0, extra_ms=0.0):
    edges, t = [], start
    for _ in range(count):
        edges.append((t, "led", True))
        t += (on_ms + extra_ms) / 1000
        edges.append((t, "led", False))
        t += (off_ms + extra_ms) / 1000
    return edges, t


def trace_of(edges, ended):
    return LedTrace.from_edges(edges, ["led"], ended)


def test_feed__trace_lines__edges_relative_to_power_on():
    trace = LedTrace(LEDS, 1000.0)
    for text in (line(1000.5, 2, 1), line(1001.25, 2, 0), "4711@1002.0:other_event\n"):
        trace.feed(text)
    assert trace.edges == [(0.5, "green:status", True), (1.25, "green:status", False)]


def test_feed__level_that_was_there__is_no_edge():
    trace = LedTrace(LEDS, 1000.0)
    for t in (1000.0, 1000.1):
        trace.feed(line(t, 2, 0))
    assert trace.edges == []


def test_feed__active_low_led__low_level_is_lit():
    trace = LedTrace(LEDS, 1000.0)
    trace.feed(line(1000.5, 7, 0))
    trace.feed(line(1000.6, 7, 1))
    assert trace.edges == [(0.5, "green:usb", True), (pytest.approx(0.6), "green:usb", False)]


def test_feed__lamps_of_a_keyboard__one_line_tells_all_three():
    lamps = {"caps": Line("caps", 2, "high"), "scroll": Line("scroll", 0, "high")}
    trace = LedTrace(lamps, 1000.0, Ps2.levels)
    for t, lit in ((1000.5, 0b110), (1000.6, 0b011), (1000.7, 0)):
        trace.feed(f"4711@{t:.6f}:ps2_set_ledstate 0x5581 ledstate {lit}\n")
    trace.feed(line(1000.8, 2, 1))
    assert [(round(t, 3), name, on) for t, name, on in trace.edges] == [
        (0.5, "caps", True), (0.6, "scroll", True), (0.6, "caps", False), (0.7, "scroll", False)]


def test_feed__line_without_an_led__is_passed_over():
    trace = LedTrace(LEDS, 1000.0)
    trace.feed(line(1000.5, 3, 1))
    assert trace.edges == [] and not any(trace.state().values())


def test_end__led_was_lit__goes_off_with_the_power():
    trace = LedTrace(LEDS, 1000.0)
    trace.feed(line(1000.5, 2, 1))
    trace.end(2.0)
    assert trace.edges[-1] == (2.0, "green:status", False)


@pytest.mark.parametrize("half_ms, hz", [(50, 10.0), (100, 5.0), (200, 2.5)])
def test_blink_hz__openwrt_patterns__exact(half_ms, hz):
    edges, end = blinking(half_ms, half_ms, 10)
    assert trace_of(edges, end).blink_hz("led") == pytest.approx(hz, rel=1e-6)


def test_blink_hz__only_one_blink_in_the_window__zero():
    edges, end = blinking(100, 100, 10)
    assert trace_of(edges, end).blink_hz("led", 1.0, 1.1) == 0.0


def test_lengths_ms__cut_phases__are_left_out():
    edges, end = blinking(100, 200, 3)
    trace = trace_of(edges, end)
    assert trace.lengths_ms("led", True) == pytest.approx([100] * 3)
    assert trace.lengths_ms("led", False) == pytest.approx([200] * 2)
    assert trace.lengths_ms("led", True, 1.05, 1.65) == pytest.approx([100])


def test_find__change_of_pattern__tells_when_the_second_began():
    slow, t = blinking(200, 200, 5)
    fast, end = blinking(50, 50, 8, start=t)
    trace = trace_of(slow + fast, end)
    assert trace.find(Blink("led", 200, 200)) == pytest.approx(1.0)
    assert trace.find(Blink("led", 50, 50)) == pytest.approx(t, abs=0.06)
    assert trace.find(Blink("led", 100, 100)) is None


def test_find__kernel_timer_adds_a_tick__still_the_pattern():
    edges, end = blinking(50, 50, 8, extra_ms=4)
    assert trace_of(edges, end).find(Blink("led", 50, 50)) is not None


def test_find__other_rate__is_not_the_pattern():
    edges, end = blinking(130, 130, 8)
    assert trace_of(edges, end).find(Blink("led", 100, 100)) is None


def test_find__steady_after_blinking__from_the_last_edge():
    edges, t = blinking(100, 100, 5)
    trace = trace_of([*edges, (t, "led", True)], t + 2)
    assert trace.find(Steady("led", True)) == pytest.approx(t)
    assert trace.find(Steady("led", True, for_ms=2500)) is None


def test_find__after_a_time__earlier_ones_do_not_count():
    edges, end = blinking(100, 100, 8)
    trace = trace_of(edges, end + 1)
    assert trace.find(Blink("led", 100, 100), after=2.3) is None
    assert trace.find(Steady("led", False), after=end + 0.1) == pytest.approx(end + 0.1)


def test_wait_for__pattern_never_comes__says_what_was_seen():
    trace = LedTrace(LEDS, time.time())
    trace.feed(line(time.time(), 2, 1))
    with pytest.raises(Timeout, match="0.000 on"):
        trace.wait_for(Blink("green:status", 100, 100), timeout=0.1)
