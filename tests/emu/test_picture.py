"""Pictures of recorded LEDs: strips of text, SVG time lines, SVG of a terminal's screen."""

import re
import xml.etree.ElementTree as xml

import pytest

from vrouter import lamps, picture
from vrouter.board import load_board
from vrouter.panel_shot import cells_of, svg_screen

SVG = "{http://www.w3.org/2000/svg}"
RGB = lamps.Lamp("rgb", (("r", (255, 0, 0)), ("g", (0, 255, 0)), ("b", (0, 0, 255))))
STATUS = lamps.lamp("status")


def blinks(name, start, end, half_s):
    count = round((end - start) / half_s)
    return [(start + i * half_s, name, i % 2 == 0) for i in range(count)]


# --- colours


@pytest.mark.parametrize("colours, mixed", [
    ([], (0, 0, 0)),
    ([(255, 0, 0), (0, 255, 0)], (255, 255, 0)),
    ([(255, 0, 0), (0, 255, 0), (0, 0, 255)], (255, 255, 255)),
    ([(200, 100, 0), (200, 0, 0)], (255, 63, 0)),  # scaled back: the hue stays
    ([(10, 20, 30)], (10, 20, 30)),
])
def test_mix__lights__add_up(colours, mixed):
    assert lamps.mix(colours) == mixed


def test_board_lamps__leds_of_one_lamp__share_a_dot():
    dots = lamps.board_lamps(load_board("virt-disk").leds.values())
    assert [item.name for item in dots] == ["status", "rgb"]
    assert [line for line, _ in dots[1].parts] == ["red:rgb", "green:rgb", "blue:rgb"]


def test_lamp__kernel_name__label_and_colour():
    assert lamps.lamp("red:power") == lamps.Lamp("power", (("red:power", lamps.COLOURS["red"]),))
    assert lamps.lamp("status").name == "status"


# --- segments and rates


def test_segments__single_line__whole_lit_stretches():
    edges = [(1.0, "status", True), (2.0, "status", False), (3.0, "status", True)]
    assert [(a, b) for a, b, _ in lamps.segments(edges, STATUS, 0, 4)] == [(1.0, 2.0), (3.0, 4)]


def test_segments__rgb__colour_changes_where_a_line_changes():
    edges = [(1, "r", True), (2, "g", True), (3, "r", False), (4, "g", False)]
    assert lamps.segments(edges, RGB, 0, 5) == [(1, 2, (255, 0, 0)), (2, 3, (255, 255, 0)), (3, 4, (0, 255, 0))]


def test_segments__lit_before_the_view__begins_at_its_left_edge():
    assert lamps.segments([(0, "r", True)], RGB, 5, 6) == [(5, 6, (255, 0, 0))]


def test_segments__repeated_level_and_other_lines__change_nothing():
    edges = [(1, "r", True), (1.5, "r", True), (1.7, "status", True), (2, "r", False)]
    assert lamps.segments(edges, RGB, 0, 3) == [(1, 2, (255, 0, 0))]


@pytest.mark.parametrize("half_s, rate", [(0.1, 5), (0.05, 10), (0.2, 2.5), (1.0, 0.5)])
def test_blinks_per_s__pattern__its_rate(half_s, rate):
    segs = lamps.segments(blinks("status", 1, 9, half_s), STATUS, 0, 9)
    assert lamps.blinks_per_s(segs, 9) == pytest.approx(rate, rel=0.01)


def test_blinks_per_s__after_a_change__only_the_new_rate():
    edges = blinks("status", 1, 4, 0.1) + blinks("status", 4, 4.4, 0.05)
    assert lamps.blinks_per_s(lamps.segments(edges, STATUS, 0, 4.4), 4.4) == pytest.approx(10, rel=0.01)


def test_blinks_per_s__steady_flash_or_stopped__none():
    flash = [(1, "status", True), (1.1, "status", False)]
    assert lamps.blinks_per_s(lamps.segments(flash, STATUS, 0, 2), 2) is None
    assert lamps.blinks_per_s([], 2) is None
    stopped = lamps.segments(blinks("status", 0, 2, 0.1), STATUS, 0, 4)
    assert lamps.blinks_per_s(stopped, 4) is None


def test_phases__a_whole_rescue__each_phase_with_its_times():
    edges = blinks("status", 1, 3, 0.1) + blinks("status", 3, 6, 0.05) + [(6, "status", False)]
    edges += blinks("status", 10, 14, 0.1) + blinks("status", 14, 15.2, 0.2) + [(15.2, "status", True)]
    found = lamps.phases(lamps.segments(edges, STATUS, 0, 20), 20, lamps.led_patterns())
    assert [text for *_, text in found] == [
        "window 5/s", "failsafe 10/s", "window 5/s", "booting 2.5/s", "running"]
    times = [t for start, end, _ in found for t in (start, end)]
    assert times == pytest.approx([1, 3, 3, 6, 10, 14, 14, 15.2, 15.2, 20], abs=0.11)


def test_phases__odd_blinks_of_a_busy_machine__are_no_end_of_it():
    edges = (blinks("status", 1, 3, 0.05) + [(3.0, "status", True), (3.08, "status", False), (3.4, "status", True), (3.48, "status", False)]
             + blinks("status", 3.6, 6, 0.05) + blinks("status", 8, 9, 0.05))
    found = lamps.phases(lamps.segments(edges, STATUS, 0, 12), 12, lamps.led_patterns())
    assert [text for _, _, text in found] == ["failsafe 10/s", "failsafe 10/s"]
    assert [start for start, _, _ in found] == [1, 8]


def test_phases__single_flashes_and_strange_rates__none():
    edges = [(1, "status", True), (1.1, "status", False)] + blinks("status", 3, 6, 0.15)
    assert lamps.phases(lamps.segments(edges, STATUS, 0, 8), 8, lamps.led_patterns()) == []


# --- strips


def body(lines, name):
    line = next(line for line in lines if line.startswith(name))
    return line[line.index("▕") + 1 : line.index("▏")]


def test_plain_strip__slow_blink__lit_and_dark_cells_in_their_places():
    edges = [(2, "status", True), (4, "status", False), (5, "status", True), (5.5, "status", False)]
    lines = picture.plain_strip(edges, 0, 8, width=8 + 9)
    assert body(lines, "status") == "  ██ ▌  "


def test_plain_strip__blinks_of_half_a_cell__half_blocks():
    lines = picture.plain_strip(blinks("status", 0, 0.8, 0.05), 0, 0.8, width=8 + 9)
    assert body(lines, "status") == "▌" * 8


def test_plain_strip__faster_than_cells__an_even_shade():
    lines = picture.plain_strip(blinks("status", 0, 10, 0.05), 0, 10, width=20 + 9)
    assert set(body(lines, "status")) == {"▒"}


def test_plain_strip__short_flash__is_not_lost():
    lines = picture.plain_strip([(4.01, "status", True), (4.02, "status", False)], 0, 10, width=10 + 9)
    assert body(lines, "status").strip(" ")


def test_plain_strip__presses_and_phases__are_named():
    lines = picture.plain_strip(blinks("status", 1, 5, 0.1), 0, 10, 60, annotations=[(1, 5, "window 5/s")],
                                presses=[(4, 4.3, "reset")], title="what it did")
    text = "\n".join(lines)
    assert lines[0] == "what it did"
    assert "window 5/s" in text and "▲▲ reset 0.3 s" in text
    assert "\x1b" not in text
    assert all(len(line) <= 62 for line in lines)
    strip = next(line for line in lines if line.startswith("status"))
    press = next(line for line in lines if line.startswith("button"))
    assert press.index("▲") == strip.index("▕") + 1 + round(4 / 10 * (strip.index("▏") - strip.index("▕") - 1))


def test_ansi_strip__without_its_escapes__is_the_plain_strip():
    edges = blinks("status", 1, 5, 0.1)
    more = {"annotations": [(1, 5, "window")], "presses": [(4, 4.3, "reset")], "title": "x"}
    coloured = picture.ansi_strip(edges, 0, 10, 60, **more)
    assert "38;2;52;224;110" in "".join(coloured)
    assert [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in coloured] == picture.plain_strip(edges, 0, 10, 60, **more)


@pytest.mark.parametrize("t0, t1, expected", [(0, 10, [0, 2, 4, 6, 8, 10]), (0.3, 1.1, [0.4, 0.6, 0.8, 1.0])])
def test_ticks__round_numbers_inside_the_view(t0, t1, expected):
    assert picture.ticks(t0, t1, 5) == pytest.approx(expected)


# --- SVG


def timeline(**more):
    edges = [(1, "status", True), (2, "status", False), (3, "status", True)]
    return xml.fromstring(picture.svg_timeline(edges, 0, 4, **more))


def lit_bars(root):
    return [(float(r.get("x")), float(r.get("width"))) for g in root.iter(SVG + "g") if g.get("class") == "lit"
            for r in g]


def test_svg_timeline__edges__bars_at_their_times():
    root = timeline()
    track = next(r for r in root.iter(SVG + "rect") if r.get("class") == "track")
    x, width = float(track.get("x")), float(track.get("width"))
    assert lit_bars(root) == [
        (pytest.approx(x + width / 4, abs=0.02), pytest.approx(width / 4, abs=0.02)),
        (pytest.approx(x + width * 3 / 4, abs=0.02), pytest.approx(width / 4, abs=0.02)),
    ]


def test_svg_timeline__presses_phases_and_title__are_drawn_and_escaped():
    root = timeline(title="a < b & c", annotations=[(0, 2, "window"), (2, 2.01, "a very narrow one"),
                                                                  (3.98, 4, "one more at the end")],
                    presses=[(1, 1.5, "reset"), (3.99, 4, "wps")])
    texts = [t.text for t in root.iter(SVG + "text")]
    assert {"a < b & c", "window", "a very narrow one", "reset pressed 0.5 s", "status", "button"} <= set(texts)
    assert len([r for r in root.iter(SVG + "rect") if r.get("class") == "press"]) == 2
    assert len([r for r in root.iter(SVG + "rect") if r.get("class") == "phase"]) == 3
    width = float(root.get("width"))
    for text in root.iter(SVG + "text"):
        reach = {"start": (0, 1), "middle": (0.5, 0.5), "end": (1, 0)}[text.get("text-anchor")]
        x, long = float(text.get("x")), len(text.text) * picture.CHAR_PX
        assert x - reach[0] * long >= 0 and x + reach[1] * long <= width, text.text


def test_svg_timeline__brings_its_own_background__for_light_and_dark_pages():
    card = next(timeline().iter(SVG + "rect"))
    assert card.get("fill") == picture.CARD and card.get("rx") == "12"


def test_svg_timeline__nothing_recorded__is_still_a_picture():
    assert lit_bars(xml.fromstring(picture.svg_timeline([], 0, 1))) == []


# --- a terminal's screen


def test_cells_of__colours_of_all_kinds__per_character():
    text = "a\x1b[1;31mb\x1b[0m\x1b[38;2;1;2;3mc\x1b[0;48;5;1md\x1b[39;49;1me\n\x1b[38;5;231mf"
    (a, b, c, d, e), (f,) = cells_of(text)
    assert a == ("a", None, None, False)
    assert b[3] is True and b[1] == (255, 123, 114)
    assert c[1] == (1, 2, 3) and d == ("d", None, (255, 123, 114), False)
    assert e == ("e", None, None, True) and f[1] == (255, 255, 255)


def test_svg_screen__text_and_blocks__well_formed_and_in_place():
    root = xml.fromstring(svg_screen("\x1b[38;2;1;2;3m█ <&>\x1b[0m two words   apart ╭─╮", "t"))
    texts = [t.text for t in root.iter(SVG + "text")]
    assert texts == ["t", "<&>", "two words", "apart"]
    assert any(r.get("fill") == "#010203" for r in root.iter(SVG + "rect"))
    assert len(list(root.iter(SVG + "path"))) == 3
