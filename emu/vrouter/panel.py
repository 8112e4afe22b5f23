"""The front panel as a picture in cells: a plain state object in, a frame out.

Nothing here knows a terminal or a router.  A frame is rows of (character, (foreground, background, bold));
colours are (r, g, b).  Every sign also tells lit from dark by its shape, for terminals without colour.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from . import picture
from .panel_console import Console

BACK = (13, 17, 23)
CASE = (34, 40, 50)
CASE_EDGE = (52, 60, 74)
HOLE = (8, 10, 14)
INK = (230, 237, 243)
QUIET = (145, 155, 168)
FAINT = (88, 98, 112)
ACCENT = (88, 166, 255)
AMBER = (240, 180, 41)
LINK = (63, 205, 110)
GLASS = (58, 66, 78)
NOTE = (188, 140, 255)
ANSI = (
    (110, 118, 129), (255, 123, 114), (63, 185, 80), (210, 153, 34), (88, 166, 255), (188, 140, 255),
    (57, 197, 207), (201, 209, 217), (139, 148, 158), (255, 161, 152), (86, 211, 100), (227, 179, 65),
    (121, 192, 255), (210, 168, 255), (86, 212, 221), (255, 255, 255),
)

CELL_S = 0.1  # of a strip: half a cell is 50 ms, one phase of the fastest blinking
HISTORY_S = 30.0
STEADY_S = 1.2
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
    patterns: list = field(default_factory=list)  # of (on_ms, off_ms, meaning)


class Canvas:
    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.cells = [[(" ", (INK, BACK, False))] * columns for _ in range(rows)]

    def put(self, x, y, text, fg=INK, bg=None, bold=False):
        """Write text; without `bg` each cell keeps the background that it has."""
        if not 0 <= y < self.rows:
            return x
        row = self.cells[y]
        for ch in text:
            if 0 <= x < self.columns:
                row[x] = (ch, (fg, row[x][1][1] if bg is None else bg, bold))
            x += 1
        return x

    def fill(self, x, y, width, height, bg):
        for row in self.cells[y : y + height]:
            row[x : x + width] = [(" ", (INK, bg, False))] * width

    def tint(self, x, y, rgb, share):
        if 0 <= y < self.rows and 0 <= x < self.columns and share > 0:
            ch, (fg, bg, bold) = self.cells[y][x]
            self.cells[y][x] = (ch, (fg, picture.blend(bg, rgb, share), bold))


def clip(text, width):
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


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
    strips = _strips(front, columns, rows)
    _title(canvas, front)
    _case(canvas, front, strips, colour)
    y = 8 + (rows >= need[1] + 12)
    y = _history(canvas, front, strips, y)
    cursor = _console(canvas, front, y, rows - 1 - y)
    _help(canvas, front)
    return canvas.cells, cursor


def size_needed(front):
    """The smallest terminal in which everything fits: (columns, rows)"""
    groups = _groups(front)
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
    lamp: picture.Lamp
    segs: list
    t0: float
    t1: float
    width: int
    rate: float | None
    level: float
    colour: tuple


def _strips(front, columns, rows):
    left = max(len(item.name) for item in front.lamps) if front.lamps else 0
    width = columns - left - 13
    # Slices keep their place in time: a strip must scroll, not shimmer.
    t1 = int(front.now_s / CELL_S * 2) * CELL_S / 2
    t0 = t1 - width * CELL_S
    edges = front.recent.edges()
    return [_strip(item, edges, t0, t1, width, front.now_s) for item in front.lamps]


def _strip(item, edges, t0, t1, width, now):
    segs = picture.segments(edges, item, t0, now)
    rate = picture.blinks_per_s(segs, now)
    frame_s = 1 / 30
    share = sum(b - max(a, now - frame_s) for a, b, _ in segs if b > now - frame_s) / frame_s
    colour = segs[-1][2] if segs else item.colour()
    return Strip(item, segs, t0, t1, width, rate, min(1.0, share), colour)


def meaning(front, strips):
    """What the lamps say, in the words of the table of LED patterns: (text, colour), or None."""
    for strip in strips:
        for on_ms, off_ms, text in front.patterns:
            if off_ms and strip.rate and abs(strip.rate * (on_ms + off_ms) / 1000 - 1) < 0.08:
                return f"{strip.rate:.1f} blinks/s: {text}", strip.colour
    for strip in strips[:1]:
        steady = strip.segs and strip.segs[-1][0] <= front.now_s - STEADY_S and strip.segs[-1][1] >= front.now_s
        text = next((text for on, off, text in front.patterns if on and not off), "")
        if steady and text:
            return f"steady: {text}", strip.colour
    return None


# --- the case ---


def _groups(front):
    groups = [("lamp", sum(_lamp_width(item) for item in front.lamps))] if front.lamps else []
    if front.ports:
        groups.append(("port", sum(_port_width(p) for p in front.ports)))
    if front.has_usb:
        groups.append(("usb", 6))
    if front.buttons:
        groups.append(("button", sum(_button_width(b) for b in front.buttons)))
    return groups


def _lamp_width(item):
    return max(len(item.name) + 2, 7)


def _port_width(port):
    return max(len(port.name) + 2, 6)


def _button_width(button):
    return max(len(button.name), 4) + 3


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


def _case(canvas, front, strips, colour):
    width = canvas.columns
    canvas.put(0, 1, "▗" + "▄" * (width - 2) + "▖", CASE_EDGE)
    canvas.fill(1, 2, width - 2, 5, CASE)
    for y in range(2, 7):
        canvas.put(0, y, "▐", CASE)
        canvas.put(width - 1, y, "▌", CASE)
    canvas.put(0, 7, "▝" + "▀" * (width - 2) + "▘", CASE)
    x = canvas.put(3, 2, front.title or front.board, INK, bold=True)
    said = meaning(front, strips)
    if said:
        text = clip(said[0], width - x - 6)
        canvas.put(width - 3 - len(text), 2, text, picture.blend(said[1], INK, 0.45))
    else:
        canvas.put(x + 2, 2, clip(front.about, width - x - 5), QUIET)
    groups = _groups(front)
    spare = width - 6 - sum(w for _, w in groups)
    gap = spare / max(len(groups) - 1, 1)
    at = 3.0
    for kind, group_width in groups:
        x = round(at)
        if kind == "lamp":
            for strip in strips:
                _lamp(canvas, x, strip, colour)
                x += _lamp_width(strip.lamp)
        elif kind == "port":
            for port in front.ports:
                _port(canvas, x, port)
                x += _port_width(port)
        elif kind == "usb":
            _usb(canvas, x, front.stick)
        else:
            for button in front.buttons:
                _button(canvas, x, button)
                x += _button_width(button)
        at += group_width + gap


def _middle(canvas, x, y, width, text, fg, bold=False):
    canvas.put(x + (width - len(text)) // 2, y, text, fg, bold=bold)


_GLOW = ((0, 0.09, 0.18, 0.09, 0), (0.10, 0.34, 0.5, 0.34, 0.10), (0, 0.09, 0.18, 0.09, 0))


def _lamp(canvas, x, strip, colour):
    width = _lamp_width(strip.lamp) - 1
    middle = x + (width - 1) // 2
    for dy, shares in enumerate(_GLOW):
        for dx, share in enumerate(shares):
            canvas.tint(middle - 2 + dx, 3 + dy, strip.colour, share * strip.level)
    lit = picture.blend(GLASS, strip.colour, strip.level)
    canvas.put(middle - 1, 4, "▐█▌" if colour or strip.level >= 0.5 else "▐ ▌", lit)
    if strip.level > 0.3:
        canvas.put(middle, 4, "█", picture.blend(lit, (255, 255, 255), 0.35 * strip.level))
    _middle(canvas, x, 6, width, strip.lamp.name, INK if strip.level > 0.3 else QUIET)


def _port(canvas, x, port):
    width = _port_width(port) - 1
    at = x + (width - 4) // 2
    canvas.put(at, 3, "╭──╮", FAINT)
    canvas.put(at, 4, "│", FAINT)
    canvas.put(at + 1, 4, "▄▄" if port.link else "  ", LINK, HOLE)
    canvas.put(at + 3, 4, "│", FAINT)
    canvas.put(at, 5, "╰──╯", FAINT)
    _middle(canvas, x, 6, width, port.name, INK if port.link else QUIET)


def _usb(canvas, x, stick):
    canvas.put(x, 3, "╭────╮", FAINT)
    canvas.put(x, 4, "│", FAINT)
    canvas.put(x + 1, 4, "▐██▌" if stick else "────", ACCENT if stick else FAINT, HOLE)
    canvas.put(x + 5, 4, "│", FAINT)
    canvas.put(x, 5, "╰────╯", FAINT)
    _middle(canvas, x, 6, 6, "stick" if stick else "usb", INK if stick else QUIET)


def _button(canvas, x, button):
    width = _button_width(button) - 1
    at = x + (width - 5) // 2
    colour = AMBER if button.down else FAINT
    canvas.put(at, 3, "╭───╮", colour)
    canvas.put(at, 4, "│", colour)
    if button.down:
        canvas.put(at + 1, 4, f"▼{button.key}▼", HOLE, AMBER, bold=True)
    else:
        canvas.put(at + 1, 4, f" {button.key} ", INK, bold=True)
    canvas.put(at + 4, 4, "│", colour)
    canvas.put(at, 5, "╰───╯", colour)
    _middle(canvas, x, 6, width, "held" if button.held else button.name, AMBER if button.down else QUIET)


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
        canvas.put(left + strip.width + 1, y, f"{text:>6}", picture.blend(fg, INK, 0.3))
        y += 1
    if not strips:
        return y
    strip = strips[0]
    left = canvas.columns - strip.width - 11
    _press_marks(canvas, front, strip, left, y)
    return y + 1


def _press_marks(canvas, front, strip, left, y):
    """When a button was down, and the seconds back in time where there is room beside that."""
    names = picture.Lamp("buttons", tuple((f"button:{b.name}", AMBER) for b in front.buttons))
    bins = picture.Bins(picture.segments(front.recent.edges(), names, strip.t0, front.now_s),
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
