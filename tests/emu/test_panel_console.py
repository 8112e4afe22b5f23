"""The front panel's console: what it makes of the router's bytes."""

import pytest

from vrouter.panel_console import LINE_CHARS_MAX, LINES_MAX, Console


def shown(text, columns=40, rows=6, back=0):
    console = Console()
    console.feed(text)
    lines, cursor, _ = console.view(columns, rows, back)
    return ["".join(ch for ch, _ in line) for line in lines], cursor


@pytest.mark.parametrize("text, lines", [
    ("one\r\ntwo", ["one", "two"]),
    ("one\ntwo", ["one", "   two"]),
    ("50%\r100%", ["100%"]),
    ("abc\b\bX", ["aXc"]),
    ("a\tb", ["a       b"]),
    ("\x1b[1;32mgreen\x1b[0m \x1b]0;title\x07x\x1b(B", ["green x"]),
    ("abc\r\x1b[K1", ["1"]),
    ("abcdef\x1b[3D\x1b[K", ["abc"]),
    ("abcdef\r\x1b[2P", ["cdef"]),
    ("abc\r\x1b[2@", ["  abc"]),
    ("one\r\ntwo\x1b[A\rX", ["Xne", "two"]),
    ("a\x07\x00b\x7fc", ["abc"]),
    ("bad \x9b31m", ["bad ?31m"]),
    ("\x1b[?25l\x1b[>cx", ["x"]),
])
def test_console__control_and_escapes__sensible_text(text, lines):
    assert shown(text)[0] == lines


def test_console__any_pieces__same_result():
    text = "a\x1b[1;31mb\x1b[0m\r\n\x1b]0;title\x07c\x1b[2Kd\x1bPq\x1b\\e"
    whole = shown(text)
    for cut in range(len(text)):
        console = Console()
        console.feed(text[:cut])
        console.feed(text[cut:])
        lines, cursor, _ = console.view(40, 6)
        assert (["".join(ch for ch, _ in line) for line in lines], cursor) == whole, cut


def test_console__long_line__wraps_to_the_width_of_the_moment():
    assert shown("abcdefghij", columns=4) == (["abcd", "efgh", "ij"], (2, 2))
    assert shown("abcdefgh", columns=4)[1] == (2, 0)


def test_console__cleared_screen__starts_at_the_top_and_keeps_the_past():
    lines, cursor = shown("old\r\nolder\x1b[2J\x1b[Hnew", rows=4)
    assert lines == ["new", "", "", ""] and cursor == (0, 3)
    assert "older" in shown("old\r\nolder\x1b[2J\x1b[Hnew", rows=4, back=1)[0]


def test_console__clear_of_a_full_screen__leaves_only_the_new():
    console = Console()
    console.feed("\r\n".join(f"line {i}" for i in range(50)))
    console.view(40, 10)
    console.feed("\x1b[H\x1b[Jroot# ")
    lines, cursor, _ = console.view(40, 10)
    assert ["".join(ch for ch, _ in line) for line in lines] == ["root# "] + [""] * 9 and cursor == (0, 6)


def test_console__program_asks_for_the_size__learns_that_of_the_pane():
    console = Console()
    console.view(100, 18)
    console.feed("\x1b[999;999H\x1b[6n")
    assert console.replies == "\x1b[18;100R"


def test_console__colours__kept_per_character():
    console = Console()
    console.feed("\x1b[1;31ma\x1b[38;5;200mb\x1b[38;2;1;2;3mc\x1b[94md\x1b[0me")
    assert [look for _, look in console.lines[0]] == [
        (1, None, True), (None, None, True), (None, None, True), (12, None, True), (None, None, False)]


def test_console__question_for_the_cursor__is_answered():
    console = Console()
    console.feed("root# \x1b[6n")
    assert console.replies == "\x1b[1;7R"


def test_console__hostile_output__bounded():
    console = Console()
    many = "9" * 18
    for text in ("x" * 3 * LINE_CHARS_MAX, f"\x1b[{many}C\x1b[{many}@\x1b[{many};{many}Hy", "\n" * 3 * LINES_MAX,
                 "\x1b[2J" * 400, "\x1b[38;5m\x1b[38m\x1b[;;;m", "\x1b]" + "t" * 1000):
        console.feed(text)
        assert len(console.lines) <= LINES_MAX and max(map(len, console.lines)) <= LINE_CHARS_MAX
        console.view(80, 24)
