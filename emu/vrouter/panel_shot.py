"""A terminal's screen as an SVG picture: from the escape sequences of `tmux capture-pane -e -p`."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from .panel_canvas import ANSI, BACK, INK
from .picture import hex_colour

CELL_W, CELL_H, FONT_PX = 8.4, 18, 14
PAD, BAR = 14, 34
MONO = "'DejaVu Sans Mono','Cascadia Mono',Menlo,Consolas,'Liberation Mono',monospace"
_SGR = re.compile(r"\x1b\[([0-9;:]*)m|\x1b[^m]{0,20}?[A-Za-z]|\x0e|\x0f")

# Block elements as parts of a cell (x, y, width, height): drawn as areas they join without gaps in every font.
_BLOCKS = {
    "█": (0, 0, 1, 1), "▌": (0, 0, 0.5, 1), "▐": (0.5, 0, 0.5, 1), "▀": (0, 0, 1, 0.5), "▄": (0, 0.5, 1, 0.5),
    "▗": (0.5, 0.5, 0.5, 0.5), "▖": (0, 0.5, 0.5, 0.5), "▝": (0.5, 0, 0.5, 0.5), "▘": (0, 0, 0.5, 0.5),
}
_STROKES = {  # (command, points as parts of a cell)
    "─": (("M", 0, 0.5), ("L", 1, 0.5)),
    "│": (("M", 0.5, 0), ("L", 0.5, 1)),
    "╭": (("M", 1, 0.5), ("Q", 0.5, 0.5, 0.5, 1)),
    "╮": (("M", 0, 0.5), ("Q", 0.5, 0.5, 0.5, 1)),
    "╰": (("M", 1, 0.5), ("Q", 0.5, 0.5, 0.5, 0)),
    "╯": (("M", 0, 0.5), ("Q", 0.5, 0.5, 0.5, 0)),
}


def _cube(n):
    if n < 16:
        return ANSI[n]
    if n >= 232:
        return (8 + 10 * (n - 232),) * 3
    steps = (0, 95, 135, 175, 215, 255)
    n -= 16
    return steps[n // 36], steps[n // 6 % 6], steps[n % 6]


def _look(look, params):
    fg, bg, bold = look
    codes = [int(p) if p else 0 for p in re.split("[;:]", params or "0")]
    at = 0
    while at < len(codes):
        code = codes[at]
        if code == 0:
            fg, bg, bold = None, None, False
        elif code in (1, 22):
            bold = code == 1
        elif code in (38, 48):
            if codes[at + 1 : at + 2] == [2]:
                colour, at = tuple(codes[at + 2 : at + 5]), at + 4
            else:
                colour, at = _cube(codes[at + 2]), at + 2
            fg, bg = (colour, bg) if code == 38 else (fg, colour)
        elif 30 <= code <= 37 or 90 <= code <= 97:
            fg = ANSI[code - 30 if code < 90 else code - 82]
        elif 40 <= code <= 47 or 100 <= code <= 107:
            bg = ANSI[code - 40 if code < 100 else code - 92]
        elif code in (39, 49):
            fg, bg = (None, bg) if code == 39 else (fg, None)
        at += 1
    return fg, bg, bold


def cells_of(text):
    """The rows of a captured screen: [[(character, foreground, background, bold)]], None = default colour."""
    rows = []
    look = (None, None, False)
    for line in text.rstrip("\n").split("\n"):
        row, at = [], 0
        for match in _SGR.finditer(line):
            row += [(ch, *look) for ch in line[at : match.start()]]
            if match[1] is not None:
                look = _look(look, match[1])
            at = match.end()
        rows.append(row + [(ch, *look) for ch in line[at:]])
    return rows


def _runs(row, key):
    """(start, end, key value) of neighbours that are alike."""
    start = 0
    for i in range(1, len(row) + 1):
        if i == len(row) or key(row[i]) != key(row[start]):
            yield start, i, key(row[start])
            start = i


def svg_screen(text, title="", columns=None):
    """An SVG document of a captured screen, in the frame of a terminal window."""
    rows = cells_of(text)
    columns = columns or max(len(row) for row in rows)
    width, height = columns * CELL_W + 2 * PAD, len(rows) * CELL_H + BAR + PAD
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" role="img" font-family="{MONO}" font-size="{FONT_PX}">',
        f"<title>{escape(title or 'terminal')}</title>",
        f'<rect x="0.5" y="0.5" width="{width - 1:.0f}" height="{height - 1:.0f}" rx="10" '
        f'fill="{hex_colour(BACK)}" stroke="#2d3540"/>',
    ]
    for i, colour in enumerate(("#ff5f57", "#febc2e", "#28c840")):
        out.append(f'<circle cx="{20 + 20 * i}" cy="18" r="6" fill="{colour}"/>')
    out.append(f'<text x="{width / 2:.0f}" y="23" fill="#9aa4b2" font-size="13" text-anchor="middle">{escape(title)}</text>')
    out.append(f'<g transform="translate({PAD},{BAR})" shape-rendering="crispEdges">')
    for y, row in enumerate(rows):
        for a, b, bg in _runs(row, lambda cell: cell[2]):
            if bg and bg != BACK:
                out.append(_area(a, y, 0, 0, b - a, 1, bg))
        out += [_area(x, y, *_BLOCKS[ch], fg or INK) for x, (ch, fg, _, _) in enumerate(row) if ch in _BLOCKS]
    out.append(f'</g><g transform="translate({PAD},{BAR})" xml:space="preserve">')
    for y, row in enumerate(rows):
        out += _row_text(y, row)
    out.append("</g></svg>")
    return "\n".join(out) + "\n"


def _area(x, y, dx, dy, w, h, rgb):
    return (f'<rect x="{(x + dx) * CELL_W:.2f}" y="{(y + dy) * CELL_H:.2f}" width="{w * CELL_W:.2f}" '
            f'height="{h * CELL_H:.2f}" fill="{hex_colour(rgb)}"/>')


def _step(x, y, command, *points):
    at = zip(points[::2], points[1::2])
    return command + " ".join(f"{(x + px) * CELL_W:.1f} {(y + py) * CELL_H:.1f}" for px, py in at)


def _row_text(y, row):
    out = []
    for x, (ch, fg, _, _) in enumerate(row):
        if ch in _STROKES:
            path = " ".join(_step(x, y, *step) for step in _STROKES[ch])
            out.append(f'<path d="{path}" fill="none" stroke="{hex_colour(fg or INK)}" stroke-width="1.3"/>')
        elif ch == "▒":
            out.append(f'<rect x="{x * CELL_W:.2f}" y="{y * CELL_H}" width="{CELL_W}" height="{CELL_H}" '
                       f'fill="{hex_colour(fg or INK)}" fill-opacity="0.5"/>')
    drawn = set(_BLOCKS) | set(_STROKES) | {"▒"}
    for a, b, look in _runs(row, lambda cell: (cell[1], cell[3], cell[0] in drawn)):
        text = "".join(cell[0] for cell in row[a:b])
        if look[2] or not text.strip():
            continue
        # Each word at its own place: the advance of the reader's font may differ from ours.
        weight = ' font-weight="bold"' if look[1] else ""
        for word in re.finditer(r"\S+(?: \S+)*", text):
            x, size = a + word.start(), len(word[0])
            out.append(f'<text x="{x * CELL_W:.2f}" y="{y * CELL_H + 13.5:.1f}" textLength="{size * CELL_W:.2f}" '
                       f'lengthAdjust="spacingAndGlyphs" fill="{hex_colour(look[0] or INK)}"{weight}>'
                       f"{escape(word[0])}</text>")
    return out
