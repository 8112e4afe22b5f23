"""What the LED of the rescue modes says: read from the strips of docs/led-strips.md."""

import re
from pathlib import Path

import pytest

from vrouter import menu_light
from vrouter.menu_light import TABLES, words

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs/led-strips.md").read_text()
MODES = words(TABLES / "modes.def")
FAILURES = words(TABLES / "failures.def")
CHAR_S = 0.1
LIT = "#" * 10  # the light before an announcement


def lit(strip):
    return [(m.start() * CHAR_S, m.end() * CHAR_S, (0, 255, 0)) for m in re.finditer("#+", strip)]


def say(strip):
    return menu_light.say(lit(strip), len(strip) * CHAR_S, MODES, FAILURES)


def announced():
    return {int(number): strip for number, strip in re.findall(r"^### (\d) .*?^announced  ([.#]+)$", DOCUMENT, re.M | re.S)}


def causes():
    return {int(code): strip for code, strip in re.findall(r"^\| (\d) \|.*\| `([.#]+)` \|$", DOCUMENT, re.M)}


def test_tables__are_whole():
    assert sorted(MODES) == sorted(FAILURES) == [1, 2, 3, 4, 5, 6, 7]
    assert (MODES[4], FAILURES[2]) == ("re-flash from a USB stick or SD card", "no image that may be used")


@pytest.mark.parametrize("number,strip", sorted(announced().items()))
def test_say__announced_mode__is_named_once_it_is_lit(number, strip):
    for cut in range(9, len(strip) + 1):
        assert say(LIT + strip[:cut]) == "", cut
    assert say(LIT + strip + "#") == f"mode {number}: {MODES[number]}"
    assert say(LIT + strip + "#" * 30) == f"mode {number}: {MODES[number]}"
    again = LIT + strip + "#" * 30 + strip
    assert say(again + "##") == f"mode {number}: {MODES[number]}"


@pytest.mark.parametrize("number,strip", sorted(causes().items()))
def test_say__failure__is_named_from_the_first_beat_on(number, strip):
    said = f"{number} blinks, it failed: {FAILURES[number]}"
    blinks = strip.rstrip(".")
    assert say(LIT + blinks + "." * 7) == said
    assert say(LIT + strip + blinks[:8]) == said
    assert say(LIT + strip + blinks + "." * 7) == said
    assert say(LIT + strip + blinks) == ""


@pytest.mark.parametrize("strip", [
    "", LIT, "." * 50, "#..#..#..#" * 4, "#.#.#.#.#.#.#.#.", LIT + "." * 50, "##.." * 10 + LIT * 2,
    LIT + ".......##....." + "#" * 30 + "....." + "#####....." * 3, LIT + "..........##" + "." * 40,
    LIT + "." * 7 + "##.." * 9,
], ids=str)
def test_say__anything_else__is_left_to_others(strip):
    assert not say(strip)
