"""The front panel as a picture in cells: a plain state object in, a frame out.

Nothing here knows a terminal or a router.  A frame is rows of (character, (foreground, background, bold));
colours are (r, g, b).  Every sign also tells lit from dark by its shape, for terminals without colour.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from . import menu_light, panel_case, picture
from .lamps import STEADY_S, Bins, Lamp, blend, blinks_per_s, segments
from .panel_canvas import (
    ACCENT, AMBER, ANSI, BACK, CASE_EDGE, FAINT, INK, LINK, NOTE, QUIET, Canvas, clip,
)
from .panel_console import Console

CELL_S = 0.1  # of a strip: half a cell is 50 ms, one phase of the fastest blinking
HISTORY_S = 30.0
GLANCE_S = 1 / 30  # a lamp is as bright as it was on average over about one frame
CONSOLE_ROWS_MIN = 4


@dataclass
class Button:
    name: str
    key: str
    down: bool = False
    held: bool = False


@dataclass
class Port:
    name: str
    link: bool = False


class Recent:
    """The edges of the last seconds, and which lines were lit before them."""

    def __init__(self):
        self._before = {}
        self._edges = deque()

    def add(self, t, name, on):
        self._edges.append((t, name, on))

    def forget(self, before_s):
        while self._edges and self._edges[0][0] < before_s:
            _, name, on = self._edges.popleft()
            self._before[name] = on

    def edges(self):
        return [(float("-inf"), name, True) for name, on in self._before.items() if on] + list(self._edges)


@dataclass
class Front:
    """All that the panel shows."""

    board: str
    title: str = ""
    about: str = ""
    lamps: list = field(default_factory=list)
    buttons: list = field(default_factory=list)
    ports: list = field(default_factory=list)
    has_usb: bool = True
    powered: bool = False
    busy: str = ""  # what the person has to wait for
    now_s: float = 0.0  # since power-on; stands still when the power is off
    recent: Recent = field(default_factory=Recent)
    stick: bool = False
    console: Console = field(default_factory=Console)
    focus: str = "panel"
    back: int = 0  # rows that the console is scrolled back
    notice: str = ""
    patterns: list = field(default_factory=list)  # of lamps.Pattern
    modes: dict = field(default_factory=dict)  # {number: text} of a board with rescue modes
    failures: dict = field(default_factory=dict)
    began_s: float = 0.0  # the last reset: what the lamps did before it has nothing to do with what they say now


def uptime(seconds):
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02} min"


def frame(front, columns, rows, colour=True):
    """(rows of cells, cursor as (column, row) or None)"""
    canvas = Canvas(max(columns, 1), max(rows, 1))
    need = size_needed(front)
    if columns < need[0] or rows < need[1]:
        _too_small(canvas, need)
        return canvas.cells, None
    strips = _strips(front, columns)
    _title(canvas, front)
    panel_case.draw(canvas, front, strips, meaning(front, strips), colour)
    y = 1 + panel_case.CASE_ROWS + (rows >= need[1] + 12)
    y = _history(canvas, front, strips, y)
    cursor = _console(canvas, front, y, rows - 1 - y)
    _help(canvas, front)
    return canvas.cells, cursor


def size_needed(front):
    """The smallest terminal in which everything fits: (columns, rows)"""
    groups = panel_case.groups(front)
    columns = max(sum(w for _, w in groups) + 2 * (len(groups) + 1) + 2, 64)
    return columns, 10 + len(front.lamps) + CONSOLE_ROWS_MIN + 1


def _too_small(canvas, need):
    text = (f"This terminal is {canvas.columns}x{canvas.rows}; the front panel needs {need[0]}x{need[1]}: "
            "make it larger, or press q to quit.")
    lines, line = [], ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > canvas.columns - 2:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    lines.append(line)
    y = max(0, (canvas.rows - len(lines)) // 2)
    for i, line in enumerate(lines):
        canvas.put(max(0, (canvas.columns - len(line)) // 2), y + i, line)


# --- the lamps' recent past ---


@dataclass
class Strip:
    lamp: Lamp
    segs: list
    t0: float
    t1: float
    width: int
    rate: float | None
    level: float
    colour: tuple


def _strips(front, columns):
    left = max(len(item.name) for item in front.lamps) if front.lamps else 0
    width = columns - left - 13
    # Slices keep their place in time: a strip must scroll, not shimmer.
    t1 = int(front.now_s / CELL_S * 2) * CELL_S / 2
    t0 = t1 - width * CELL_S
    edges = front.recent.edges()
    return [_strip(front, item, edges, t0, t1, width) for item in front.lamps]


def _strip(front, item, edges, t0, t1, width):
    now = front.now_s
    segs = segments(edges, item, t0, now)
    colour = segs[-1][2] if segs else item.colour()
    if not front.powered:
        # The strip keeps what was; the lamps are dark.
        return Strip(item, segs, t0, t1, width, None, 0.0, colour)
    share = sum(b - max(a, now - GLANCE_S) for a, b, _ in segs if b > now - GLANCE_S) / GLANCE_S
    return Strip(item, segs, t0, t1, width, blinks_per_s(segs, now), min(1.0, share), colour)


def _since_reset(front, item):
    return segments(front.recent.edges(), item, max(front.began_s, front.now_s - HISTORY_S), front.now_s)


def meaning(front, strips):
    """What the lamps say, in the words of the table of LED patterns: (text, colour), or None."""
    for strip in strips[:1] if front.modes and front.powered else []:
        said = menu_light.say(_since_reset(front, strip.lamp), front.now_s, front.modes, front.failures)
        if said is not None:
            return (said, strip.colour) if said else None
    for strip in strips:
        # Further lamps blink together when a button was held; nothing else makes two ways of blinking alike
        wrong = "held" if strip is strips[0] else "window"
        for pattern in (p for p in front.patterns if p.name != wrong):
            if pattern.off_ms and strip.rate and abs(strip.rate * (pattern.on_ms + pattern.off_ms) / 1000 - 1) < 0.08:
                return f"{strip.rate:.1f} blinks/s: {pattern.meaning}", strip.colour
    for strip in strips[:1]:
        # Where modes are announced the light asks for 3 s whether somebody objects
        steady_s = 5 if front.modes else STEADY_S
        steady = front.powered and strip.segs and strip.segs[-1][0] <= front.now_s - steady_s and strip.segs[-1][1] >= front.now_s
        text = next((p.meaning for p in front.patterns if p.on_ms and not p.off_ms), "")
        if steady and text:
            return f"steady: {text}", strip.colour
    return None


def _title(canvas, front):
    x = canvas.put(1, 0, "LIFEBOAT", ACCENT, bold=True)
    x = canvas.put(x + 1, 0, "virtual router", QUIET)
    if front.busy:
        state, colour = f"◌ {front.busy}", AMBER
    elif front.powered:
        state, colour = f"● on  {uptime(front.now_s)}", LINK
    else:
        state, colour = "○ off", QUIET
    right = canvas.columns - 1 - len(state)
    canvas.put(right, 0, state, colour, bold=True)
    notice = clip(front.notice, right - x - 4)
    canvas.put(max(x + 2, x + (right - x - len(notice)) // 2), 0, notice, AMBER)


# --- history, console, help ---


def _history(canvas, front, strips, y):
    for strip in strips:
        left = canvas.columns - strip.width - 11
        canvas.put(left - 1 - len(strip.lamp.name), y, strip.lamp.name, INK)
        for i, (ch, fg, bg) in enumerate(picture.strip_cells(strip.segs, strip.t0, strip.t1, strip.width)):
            canvas.put(left + i, y, ch, fg, bg)
        if strip.rate:
            text, fg = f"{strip.rate:.1f}/s", strip.colour
        elif strip.level > 0.5:
            text, fg = "on", strip.colour
        else:
            text, fg = "off", QUIET
        canvas.put(left + strip.width + 1, y, f"{text:>6}", blend(fg, INK, 0.3))
        y += 1
    if not strips:
        return y
    strip = strips[0]
    left = canvas.columns - strip.width - 11
    _press_marks(canvas, front, strip, left, y)
    return y + 1


def _press_marks(canvas, front, strip, left, y):
    """When a button was down, and the seconds back in time where there is room beside that."""
    names = Lamp("buttons", tuple((f"button:{b.name}", AMBER) for b in front.buttons))
    bins = Bins(segments(front.recent.edges(), names, strip.t0, front.now_s),
                        strip.t0, strip.t1, strip.width)
    for i, share in enumerate(bins.share):
        if share > 0:
            canvas.put(left + i, y, "▲", AMBER)
    for back in range(0, int(strip.width * CELL_S), 2):
        text = f"-{back} s" if back else "now"
        at = strip.width - round(back / CELL_S) - (1 if back else len(text))
        if at > 1 and not any(bins.share[at - 1 : at + len(text) + 1]):
            canvas.put(left + at, y, text, FAINT)


def _console(canvas, front, y, height):
    focused = front.focus == "console"
    edge = ACCENT if focused else FAINT
    canvas.put(0, y, "─" * canvas.columns, edge)
    canvas.put(2, y, " serial console ", INK if focused else QUIET, bold=focused)
    rows, cursor, front.back = front.console.view(canvas.columns - 2, height - 1, front.back)
    if front.back:
        hint = f" {front.back} rows back: End returns "
    elif focused:
        hint = " keys go to the router: Ctrl-] leaves "
    else:
        hint = ""
    canvas.put(canvas.columns - 2 - len(hint), y, hint, edge)
    for i, cells in enumerate(rows):
        for j, (ch, (fg, bg, bold)) in enumerate(cells):
            ink = NOTE if fg == "note" else ANSI[fg] if fg is not None else (201, 209, 217)
            canvas.cells[y + 1 + i][1 + j] = (ch, (ink, BACK if bg is None else ANSI[bg], bold))
    if cursor and focused:
        return 1 + cursor[1], y + 1 + cursor[0]
    return None


def help_items(front):
    if front.focus == "console":
        return [("Ctrl-]", "back to the front panel"), ("Esc", "the same")]
    items = [(b.key, b.name) for b in front.buttons if b.key]
    if items:
        items.append(("/".join(b.key.upper() for b in front.buttons if b.key), "hold"))
    items.append(("p", "off" if front.powered else "on"))
    items += [("c", "cut")] if front.powered else []
    items += [("u", "stick")] if front.has_usb else []
    items.append(("Tab", "console"))
    items += [(f"1-{len(front.ports)}", "cable")] if front.ports else []
    return items + [("PgUp", "scroll"), ("q", "quit")]


def _help(canvas, front):
    """The keys that fit. What is dropped first stands before the last: the last says how to leave."""
    items = help_items(front)
    room = canvas.columns - 2

    def width(gap):
        return sum(len(key) + 3 + len(text) for key, text in items) + gap * (len(items) - 1)

    while width(1) > room and len(items) > 1:
        del items[-2]
    gap = max(g for g in (1, 2, 3) if width(g) <= room or g == 1)
    x = 1
    for key, text in items:
        x = canvas.put(x, canvas.rows - 1, f" {key} ", INK, CASE_EDGE, bold=True)
        x = canvas.put(x + 1, canvas.rows - 1, text, QUIET) + gap
