"""The front panel: what it draws, what keys mean, and that the terminal comes back."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import textwrap
import time
from pathlib import Path

import pytest

from screen import find, lamp_cell, text_of
from vrouter import lamps, panel, panel_app, panel_canvas, panel_terminal
from vrouter.board import load_board
from vrouter.errors import EmuError
from vrouter.panel_input import ESC_WAIT_S, Action, Key, Keys, action_for, button_keys
from vrouter.panel_terminal import C16, C256, NONE, TRUE, Painter

EMU = Path(__file__).resolve().parents[2] / "emu"
GREEN = lamps.COLOURS["green"]


def make_front(**values):
    front = panel_app.front_of(load_board("virt-disk"))
    for name, value in values.items():
        setattr(front, name, value)
    return front


def blink(front, line, start, end, half_s):
    for i in range(round((end - start) / half_s)):
        front.recent.add(start + i * half_s, line, i % 2 == 0)


# --- layout


@pytest.mark.parametrize("columns, rows", [(80, 24), (100, 30), (132, 43), (250, 70), (81, 25)])
def test_frame__sizes__fills_the_screen_and_shows_every_part(columns, rows):
    front = make_front(powered=True, now_s=75.0)
    cells, _ = panel.frame(front, columns, rows)
    assert len(cells) == rows and {len(row) for row in cells} == {columns}
    whole = "\n".join(text_of(cells))
    for part in ("Lifeboat virt-disk", "status", "rgb", "lan1", "lan2", "wan", "usb", "reset", "wps", "serial console",
                 "on  1:15 min", "q  quit", "Tab  console"):
        assert part in whole, part
    assert all(len(ch) == 1 and ch.isprintable() for row in cells for ch, _ in row)


def test_frame__smallest_size_it_asks_for__is_enough():
    front = make_front()
    columns, rows = panel.size_needed(front)
    assert columns <= 80 and rows <= 24
    assert "serial console" in "\n".join(text_of(panel.frame(front, columns, rows)[0]))


@pytest.mark.parametrize("columns, rows", [(40, 10), (79, 8), (20, 20), (3, 2), (1, 1)])
def test_frame__terminal_too_small__one_sentence_with_both_sizes(columns, rows):
    front = make_front()
    cells, cursor = panel.frame(front, columns, rows)
    assert len(cells) == rows and {len(row) for row in cells} == {columns} and cursor is None
    if columns >= 20:
        said = " ".join(" ".join(text_of(cells)).split())
        need = panel.size_needed(front)
        assert said == (f"This terminal is {columns}x{rows}; the front panel needs {need[0]}x{need[1]}: "
                        "make it larger, or press q to quit.")


def test_frame__lit_and_dark_lamp__colour_and_label_differ():
    front = make_front(powered=True, now_s=5.0)
    front.recent.add(1.0, "green:status", True)
    cells, _ = panel.frame(front, 100, 30)
    lit, dark = lamp_cell(cells, "status"), lamp_cell(cells, "rgb")
    assert lit[1][0] == lamps.blend(GREEN, (255, 255, 255), 0.35)
    assert dark[1][0] == panel_canvas.GLASS


def test_frame__rgb_lamp__one_dot_of_the_mixed_colour():
    front = make_front(powered=True, now_s=5.0)
    front.recent.add(1.0, "red:rgb", True)
    front.recent.add(1.0, "blue:rgb", True)
    cells, _ = panel.frame(front, 100, 30)
    x, y = find(cells, "rgb")
    assert cells[y - 2][x][1][0] == lamps.mix([lamps.COLOURS["red"], lamps.COLOURS["blue"]])


def test_frame__without_colour__lit_lamp_has_another_shape():
    front = make_front(powered=True, now_s=5.0)
    front.recent.add(1.0, "green:status", True)
    cells, _ = panel.frame(front, 100, 30, colour=False)
    assert lamp_cell(cells, "status")[0] == "█" and lamp_cell(cells, "rgb")[0] == " "


@pytest.mark.parametrize("half_s, said", [
    (0.1, "5.0 blinks/s: press a button now to enter failsafe"),
    (0.05, "10.0 blinks/s: failsafe is active"),
    (0.2, "2.5 blinks/s: normal boot goes on"),
])
def test_frame__known_blinking__says_what_it_means(half_s, said):
    front = make_front(powered=True, now_s=6.0)
    blink(front, "green:status", 2.0, 6.0, half_s)
    cells, _ = panel.frame(front, 100, 30)
    find(cells, said)
    find(cells, said.split()[0] + "/s")


def test_frame__lamps_of_a_held_button__say_let_go():
    front = panel_app.front_of(load_board("virt-sd"))
    front.powered, front.now_s = True, 6.0
    blink(front, "green:lan", 5.0, 6.0, 0.1)
    cells, _ = panel.frame(front, 130, 30)
    find(cells, "5.0 blinks/s: the button was held long enough: let go")


def announce(front, start, number):
    """Light, n blinks, light, as the rescue modes have it; returns when the light came back."""
    front.recent.add(start, "green:status", True)
    front.recent.add(start + 1, "green:status", False)
    blink(front, "green:status", start + 1.7, start + 1.7 + 0.4 * number, 0.2)
    front.recent.add(start + 2 + 0.4 * number, "green:status", True)
    return start + 2 + 0.4 * number


@pytest.mark.parametrize("board,said", [
    ("virt-sd", "mode 4: re-flash from a USB stick or SD card"),
    ("virt-disk", "steady: the router is up"),  # it has no such dialogue
])
def test_frame__announced_mode__is_named_on_a_board_that_has_modes(board, said):
    front = panel_app.front_of(load_board(board))
    front.powered = True
    front.now_s = announce(front, 5.0, 4) + 2
    cells, _ = panel.frame(front, 100, 30)
    find(cells, said)
    front.began_s = front.now_s - 1.9  # a reset in between
    assert "mode 4" not in "\n".join(text_of(panel.frame(front, 100, 30)[0]))


def test_frame__unknown_blinking__rate_without_meaning():
    front = make_front(powered=True, now_s=6.0)
    blink(front, "green:status", 2.0, 6.0, 0.15)
    cells, _ = panel.frame(front, 100, 30)
    find(cells, "3.3/s")
    assert "blinks/s:" not in "\n".join(text_of(cells))


def test_frame__history__lit_cells_end_at_now_and_scroll_in_whole_slices():
    front = make_front(powered=True, now_s=20.0)
    front.recent.add(18.0, "green:status", True)
    front.recent.add(19.0, "green:status", False)

    def lit():
        cells, _ = panel.frame(front, 100, 30)
        row = next(line for line in text_of(cells)[8:] if line.startswith(" status"))
        return row.index("█"), row.count("█"), find(cells, "now")[0] + 3

    start, count, now = lit()
    assert count == 10 and now - (start + count) == 10
    front.now_s = 20.04
    assert lit() == (start, count, now)
    front.now_s = 20.101
    assert lit()[0] == start - 1


def test_frame__power_gone__lamps_dark_and_the_strip_stays():
    front = make_front(powered=False, now_s=5.0)
    front.recent.add(1.0, "green:status", True)
    cells, _ = panel.frame(front, 100, 30)
    assert lamp_cell(cells, "status")[1][0] == panel_canvas.GLASS
    whole = "\n".join(text_of(cells))
    assert "█" * 30 in whole and "steady" not in whole


def test_frame__pressed_and_held_button__marked_and_in_the_history():
    front = make_front(powered=True, now_s=5.0)
    front.buttons[1].down = front.buttons[1].held = True
    front.recent.add(4.0, "button:wps", True)
    cells, _ = panel.frame(front, 100, 30)
    find(cells, "▼w▼")
    find(cells, "held")
    find(cells, "▲" * 10)


def test_frame__links_and_stick__shown_in_their_sockets():
    front = make_front(powered=True, stick=True)
    front.ports[1].link = True
    cells, _ = panel.frame(front, 100, 30)
    x, y = find(cells, "lan2")
    assert ("▄", (panel_canvas.LINK, panel_canvas.HOLE, False)) in cells[y - 2][x : x + 4]
    x, y = find(cells, "lan1")
    assert "▄▄" not in text_of(cells)[y - 2][x : x + 4]
    find(cells, "▐██▌")


def test_frame__focused_console__cursor_behind_the_prompt():
    front = make_front(powered=True, focus="console")
    front.console.feed("one\r\nroot# ")
    cells, cursor = panel.frame(front, 80, 24)
    x, y = find(cells, "root# ")
    assert cursor == (x + 6, y)
    find(cells, "Ctrl-] leaves")
    front.focus = "panel"
    assert panel.frame(front, 80, 24)[1] is None


def test_frame__scrolled_back__older_lines_and_a_hint():
    front = make_front(powered=True, back=5)
    front.console.feed("\r\n".join(f"line {i}" for i in range(100)))
    cells, _ = panel.frame(front, 80, 24)
    find(cells, "line 94")
    find(cells, "5 rows back")
    assert "line 95" not in "\n".join(text_of(cells))
    front.back = 10**6
    panel.frame(front, 80, 24)
    assert front.back == 100 - 11


def test_recent__forgotten_edges__leave_their_level_behind():
    recent = panel.Recent()
    recent.add(1, "a", True)
    recent.add(2, "b", True)
    recent.add(3, "b", False)
    recent.forget(10)
    assert [(name, on) for _, name, on in recent.edges()] == [("a", True)]


def test_led_patterns__come_from_the_programs_own_table():
    assert ("window", 100, 100, "press a button now to enter failsafe") in lamps.led_patterns()
    assert lamps.led_patterns(Path("/nonexistent")) == []


# --- keys


def names(keys):
    return [key.name for key in keys]


def test_keys__plain_control_and_named__one_by_one():
    typed = Keys().feed(b"rR\r\t\x1d\x03\x7f\xc3\xa9", 0)
    assert names(typed) == ["r", "R", "enter", "tab", "ctrl-]", "ctrl-c", "backspace", "é"]


@pytest.mark.parametrize("data, name", [
    (b"\x1b[A", "up"), (b"\x1bOA", "up"), (b"\x1b[5~", "page-up"), (b"\x1b[6~", "page-down"), (b"\x1b[H", "home"),
    (b"\x1b[4~", "end"), (b"\x1b[1;5C", "right"), (b"\x1b[99;7~", "unknown"), (b"\x1bq", "alt-q"),
    ("€".encode(), "€"), ("😀".encode(), "😀"),
])
def test_keys__sequence_in_any_pieces__is_one_key(data, name):
    for cut in range(1, len(data) + 1):
        keys = Keys()
        found = keys.feed(data[:cut], 0.0) + keys.feed(data[cut:], 0.01)
        assert found == [Key(name, data)], cut
        assert keys.wait_s(0.01) is None


def test_keys__lone_esc__comes_after_a_moment():
    keys = Keys()
    assert keys.feed(b"\x1b", 10.0) == []
    assert keys.wait_s(10.0) == pytest.approx(ESC_WAIT_S)
    assert keys.timed_out(10.0 + ESC_WAIT_S / 2) == []
    assert names(keys.timed_out(10.0 + ESC_WAIT_S)) == ["esc"]


def test_keys__garbage__neither_hangs_nor_raises():
    keys = Keys()
    data = bytes(range(256)) * 2 + b"\x1b[" + b"1" * 500 + b"\xff\xfe\x1b\x1b\x1b["
    found = []
    for at in range(0, len(data), 7):
        found += keys.feed(data[at : at + 7], at)
    found += keys.timed_out(1e9)
    assert b"".join(key.raw for key in found) == data


def test_keys__endless_sequence__is_given_up():
    assert Keys().feed(b"\x1b[" + b"1" * 500, 0)


def test_button_keys__clashing_names__each_its_own_free_letter():
    keys = button_keys(["reset", "wps", "rfkill", "power", "cuq"])
    assert keys["r"] == "reset" and keys["w"] == "wps" and keys["f"] == "rfkill" and keys["o"] == "power"
    assert len(keys) == 5 and not set(keys) & set("pcuq?")


@pytest.mark.parametrize("name, action", [
    ("r", Action("tap", "reset")), ("R", Action("hold", "reset")), ("w", Action("tap", "wps")), ("W", Action("hold", "wps")),
    ("p", Action("power")), ("c", Action("cut")), ("u", Action("stick")), ("q", Action("quit")),
    ("tab", Action("focus", "console")), ("enter", Action("focus", "console")), ("2", Action("cable", 1)),
    ("page-up", Action("scroll-page", 1)), ("ctrl-c", Action("quit")), ("x", None), ("alt-q", None), ("unknown", None),
])
def test_action_for__panel_keys(name, action):
    assert action_for(Key(name, b"?"), "panel", button_keys(["reset", "wps"])) == action


@pytest.mark.parametrize("data, sent", [
    (b"q", b"q"), (b"\x03", b"\x03"), (b"\r", b"\r"), (b"\n", b"\r"), (b"\x1b[A", b"\x1b[A"), (b"\t", b"\t"),
    (b"\x7f", b"\x7f"), ("é".encode(), "é".encode()),
])
def test_action_for__focused_console__keys_go_to_the_router(data, sent):
    (key,) = Keys().feed(data, 0)
    assert action_for(key, "console", {"r": "reset"}) == Action("type", sent)


@pytest.mark.parametrize("name", ["ctrl-]", "esc"])
def test_action_for__ways_out_of_the_console(name):
    assert action_for(Key(name, b"?"), "console", {}) == Action("focus", "panel")


# --- painting


def rows_of(*lines, fg=(255, 0, 0)):
    return [[(ch, (fg, (0, 0, 0), False)) for ch in line] for line in lines]


def test_painter__nothing_changed__writes_nothing():
    painter = Painter(TRUE)
    assert painter.paint(rows_of("ab", "cd"))
    assert painter.paint(rows_of("ab", "cd")) == b""


def test_painter__one_cell_changed__only_that_cell():
    painter = Painter(TRUE)
    painter.paint(rows_of("abcd", "efgh"))
    out = painter.paint(rows_of("abcd", "efXh")).decode()
    assert re.findall(r"\x1b\[(\d+);(\d+)H", out) == [("2", "3")]
    assert re.sub(r"\x1b\[[?0-9;]*[a-zA-Z]", "", out) == "X"


def test_painter__new_size_or_forgotten__draws_the_whole():
    painter = Painter(TRUE)
    painter.paint(rows_of("ab"))
    assert b"\x1b[2J" in painter.paint(rows_of("abc"))
    painter.forget()
    assert b"abc" in painter.paint(rows_of("abc"))


@pytest.mark.parametrize("depth, code", [(TRUE, "38;2;255;0;0"), (C256, "38;5;196"), (C16, "31"), (NONE, None)])
def test_painter__colour_depths(depth, code):
    out = Painter(depth).paint(rows_of("x")).decode()
    assert (f";{code};" in out) if code else not re.search(r"[345]8;|;[39]\d", out)


def test_painter__no_utf8__ascii_only():
    front = make_front(powered=True, now_s=3.0)
    front.recent.add(1.0, "green:status", True)
    painter = Painter(NONE, utf8=False)
    out = painter.paint(panel.frame(front, 80, 24, colour=False)[0])
    assert out.isascii() and b"serial console" in out and b"#" in out


@pytest.mark.parametrize("environ, depth", [
    ({"TERM": "xterm", "COLORTERM": "truecolor"}, TRUE), ({"TERM": "tmux-256color"}, C256), ({"TERM": "linux"}, C16),
    ({"TERM": "xterm-256color", "NO_COLOR": "1"}, NONE), ({"TERM": "dumb", "COLORTERM": "truecolor"}, NONE), ({}, NONE),
])
def test_colour_depth__what_the_terminal_says(environ, depth):
    assert panel_terminal.colour_depth(environ) == depth


# --- the terminal itself


def test_terminal__no_tty__one_sentence():
    read_end, write_end = os.pipe()
    with pytest.raises(EmuError, match="needs a terminal.*--headless"):
        panel_terminal.Terminal(read_end, write_end)
    os.close(read_end)
    os.close(write_end)


CHILD = """
import os, signal, sys, time
sys.path.insert(0, {emu!r})
from vrouter.panel_terminal import Stopped, Terminal
try:
    with Terminal() as terminal:
        print("size", *terminal.size(), end="\\r\\n", flush=True)
        {body}
except Stopped as stopped:
    sys.exit(128 + stopped.number)
except ZeroDivisionError:
    sys.exit(7)
"""


def run_on_pty(body, during=lambda master, child: None):
    """Run a child on a terminal of its own: (exit code, all output, attributes before, after)."""
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    code = CHILD.format(emu=str(EMU), body=textwrap.indent(textwrap.dedent(body), " " * 8).strip())
    child = subprocess.Popen([sys.executable, "-c", code], stdin=slave, stdout=slave, stderr=slave,
                             env=dict(os.environ, TERM="xterm-256color"))
    out = b""
    asked = False
    end = time.monotonic() + 20
    while time.monotonic() < end:
        ready, _, _ = select.select([master], [], [], 0.05)
        if ready:
            out += os.read(master, 65536)
        if b"size" in out and not asked:
            asked = True
            assert not termios.tcgetattr(slave)[3] & termios.ICANON
            during(master, child)
        if not ready and child.poll() is not None:
            break
    after = termios.tcgetattr(slave)
    child.kill()
    code = child.wait()
    os.close(master)
    os.close(slave)
    return code, out, before, after


def type_a_key(master, _child):
    os.write(master, b"x")


def assert_restored(out, before, after):
    assert after == before
    assert out.index(b"\x1b[?1049h") < out.index(b"\x1b[?1049l")
    tail = out[out.rindex(b"\x1b[?1049h") :]
    assert b"\x1b[?25h" in tail and b"\x1b[?7h" in tail


def test_terminal__end_of_block__restored():
    code, out, before, after = run_on_pty("terminal.read(15)", type_a_key)
    assert code == 0
    assert_restored(out, before, after)


def test_terminal__exception__restored():
    code, out, before, after = run_on_pty("terminal.read(15); 1 / 0", type_a_key)
    assert code == 7
    assert_restored(out, before, after)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_terminal__signal__restored_and_told(number):
    code, out, before, after = run_on_pty("terminal.read(15)", lambda master, child: child.send_signal(number))
    assert code == 128 + number
    assert_restored(out, before, after)


def test_terminal__typed_keys_and_resize__wake_the_reader():
    body = """
    before = terminal.size()
    terminal.read(15)
    print("woken", *terminal.size(), end="\\r\\n", flush=True)
    typed = b""
    while not typed:  # a terminal that is the runner's own tells of its size a second time
        typed = terminal.read(15)
    print("typed", typed, end="\\r\\n", flush=True)
    """

    def during(master, child):
        termios.tcsetwinsize(master, (33, 111))
        child.send_signal(signal.SIGWINCH)
        time.sleep(0.3)
        os.write(master, b"\x03r")

    code, out, before, after = run_on_pty(body, during)
    assert code == 0 and b"woken 111 33" in out and b"typed b'\\x03r'" in out
    assert_restored(out, before, after)
