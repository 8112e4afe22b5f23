"""Pictures of what the LEDs did: a strip for a terminal, plain text for documents, and an SVG time line.

Everything here is pure: recorded edges in, text out (see lamps.py for their form).
"""

from __future__ import annotations

from itertools import groupby
from xml.sax.saxutils import escape

from .lamps import COLOURS, Bins, Lamp, blend, lamp, lamps_of, led_patterns, phases, segments

__all__ = ["Lamp", "ansi_strip", "lamp", "plain_strip", "strip_cells", "svg_timeline"]

DARK_GLASS = (38, 44, 54)
RESET = "\x1b[0m"


def strip_cells(segs, t0, t1, width, dark=DARK_GLASS):
    """A strip of `width` cells: [(character, foreground, background)].

    Each cell is two slices of time (half blocks).  The characters alone tell lit from dark, so the strip
    also reads without colour; where blinks are faster than the slices, a shade stands for many edges.
    """
    bins = Bins(segs, t0, t1, width * 2)
    out = []
    for i in range(width):
        # Judged over five cells: a beat between blinks and slices must not change the look from cell to cell.
        near = slice(max(0, 2 * i - 4), 2 * i + 6)
        share = (bins.share[2 * i] + bins.share[2 * i + 1]) / 2
        left, right = bins.colour[2 * i], bins.colour[2 * i + 1]
        if sum(bins.edges[near]) > 1.1 * len(bins.edges[near]) + 1 and 0.1 < share < 0.9:
            colour = next((c for c in bins.colour[near] if c), dark)
            out.append(("▒", blend(dark, colour, 0.3 + share / 2), dark))
        elif left and right:
            out.append(("█", left, dark) if left == right else ("▌", left, right))
        elif left or right:
            out.append(("▌" if left else "▐", left or right, dark))
        else:
            out.append((" ", dark, dark))
    return out


def tick_step(span_s, room):
    """A round number of seconds between ticks, so that at most `room` of them fit into the span."""
    step = 0.01
    while True:
        for factor in (1, 2, 5):
            if span_s / (step * factor) <= max(room, 1):
                return step * factor
        step *= 10


def ticks(t0, t1, room):
    step = tick_step(t1 - t0, room)
    first = -int(-t0 // step)
    return [n * step for n in range(first, int(t1 / step + 1e-9) + 1)]


def seconds(t):
    """A tick's label: as few digits as it needs."""
    return f"{round(t, 2):g}"


def known_phases(edges, lamps, t0, t1):
    """The phases of the first lamp that shows any of the router's own patterns."""
    patterns = led_patterns()
    for item in lamps:
        found = phases(segments(edges, item, t0, t1), t1, patterns)
        if found:
            return found
    return []


def ansi_strip(edges, t0, t1, width, lamps=None, annotations=None, presses=(), title="", colour=True):
    """The recorded LEDs as lines of text, at most `width` columns each.

    annotations  [(t_start, t_end, text)]; default: the phases that the LEDs' patterns tell
    presses      [(t_down, t_up, name of the button)]
    """
    lamps = lamps_of(edges) if lamps is None else lamps
    if annotations is None:
        annotations = known_phases(edges, lamps, t0, t1)
    left = max([len(item.name) for item in lamps] + [6 if presses else 0]) + 1
    room = max(width - left - 2, 8)
    paint = _sgr if colour else (lambda text, **_: text)
    lines = [paint(title[:width], bold=True)] if title else []
    annotations = [(max(a, t0), min(b, t1), text) for a, b, text in annotations if a < t1 and b > t0]
    if annotations:
        lines += _span_line(annotations, t0, t1, left + 1, room, paint)
    for item in lamps:
        cells = strip_cells(segments(edges, item, t0, t1), t0, t1, room)
        body = "".join(paint("".join(c[0] for c in run), fg=look[0], bg=look[1])
                       for look, run in groupby(cells, lambda cell: cell[1:]))
        lines.append(f"{item.name:<{left}}▕{body}▏")
    if presses:
        lines.append(_press_line(presses, t0, t1, left, room, paint))
    lines += [" " * (left + 1) + text for text in _axis(t0, t1, room)]
    return [line.rstrip() for line in lines]


def plain_strip(edges, t0, t1, width=78, **more):
    """The same without any escape sequence, for documents and logs."""
    return ansi_strip(edges, t0, t1, width, colour=False, **more)


def _sgr(text, fg=None, bg=None, bold=False):
    codes = ["1"] if bold else []
    codes += ["38;2;%d;%d;%d" % fg] if fg else []
    codes += ["48;2;%d;%d;%d" % bg] if bg else []
    return f"\x1b[{';'.join(codes)}m{text}{RESET}" if codes else text


def _column(t, t0, t1, room):
    return min(room, max(0, round((t - t0) / (t1 - t0) * room)))


def _span_line(annotations, t0, t1, indent, room, paint):
    """Phases above the strip: each begins with a bar at its start; what does not fit goes a line lower."""
    rows = []
    for start, _, text in sorted(annotations):
        at = min(_column(start, t0, t1, room), room - 1)
        text = ("▏" + text)[: max(room, 1)]
        at = max(0, min(at, room - len(text)))
        for row in rows:
            if len(row) < at:
                break
        else:
            rows.append("")
            row = rows[-1]
        rows[rows.index(row)] = row.ljust(at) + text
    return [" " * indent + paint(row.rstrip(), bold=True) for row in rows]


def _press_line(presses, t0, t1, left, room, paint):
    row = [" "] * room
    text_from = 0
    for down, up, name in sorted(presses):
        a = min(_column(down, t0, t1, room), room - 1)
        b = max(_column(up, t0, t1, room), a + 1)
        for i in range(max(a, text_from), min(b, room)):
            row[i] = "▲"
        for i, ch in enumerate(f" {name} {up - down:.1f} s"):
            if b + i < room:
                row[b + i] = ch
        text_from = b + len(name)
    return f"{'button':<{left}} " + paint("".join(row).rstrip(), fg=COLOURS["amber"])


def _axis(t0, t1, room):
    marks, labels = ["─"] * room, [" "] * (room + 8)
    for t in ticks(t0, t1, room // 8):
        at = min(_column(t, t0, t1, room), room - 1)
        marks[at] = "┴"
        for i, ch in enumerate(seconds(t)):
            labels[at + i] = ch
    text = "".join(labels).rstrip()
    return ["".join(marks), text + " s"]


# --- SVG time line ---

SANS = "system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif"
PHASE_COLOURS = ("#58a6ff", "#f0b429", "#3fb950", "#bc8cff", "#f778ba", "#39c5cf")
INK, QUIET, CARD, EDGE, TRACK = "#e6edf3", "#9aa4b2", "#11161d", "#2d3540", "#05080c"
CHAR_PX = 7.2  # mean advance of 13 px sans text: enough to decide what fits where


class _Svg:
    def __init__(self):
        self.parts = []

    def add(self, text):
        self.parts.append(text)

    def rect(self, x, y, w, h, fill, rx=0, more=""):
        self.add(f'<rect x="{x:.2f}" y="{y:.2f}" width="{w:.2f}" height="{h:.2f}" rx="{rx}" fill="{fill}"{more}/>')

    def text(self, x, y, text, fill=INK, size=13, anchor="start", more=""):
        self.add(f'<text x="{x:.2f}" y="{y:.2f}" fill="{fill}" font-size="{size}" text-anchor="{anchor}"{more}>'
                 f"{escape(text)}</text>")

    def line(self, x1, y1, x2, y2, stroke, more=""):
        self.add(f'<line x1="{x1:.2f}" y1="{y1:.2f}" x2="{x2:.2f}" y2="{y2:.2f}" stroke="{stroke}"{more}/>')


def hex_colour(rgb):
    return "#%02x%02x%02x" % tuple(rgb)


def svg_timeline(edges, t0, t1, annotations=None, presses=(), title="", lamps=None, width=960):
    """An SVG document: LED lines as lit and dark bars on a dark device, phases above, buttons and seconds below.

    Arguments as of ansi_strip. The card brings its own background, so the picture reads the same on light and dark pages.
    """
    lamps = lamps_of(edges) if lamps is None else lamps
    if annotations is None:
        annotations = known_phases(edges, lamps, t0, t1)
    names = [item.name for item in lamps] + (["button"] if presses else [])
    x0 = 28 + max([len(n) * CHAR_PX for n in names] + [40]) + 14
    x1 = width - 28

    def at(t):
        return x0 + (min(max(t, t0), t1) - t0) / (t1 - t0) * (x1 - x0)

    svg = _Svg()
    y = 24.0
    if title:
        svg.text(28, y + 14, title, size=17, more=' font-weight="600"')
        y += 34
    y, phase_lines = _svg_phases(svg, annotations, at, x0, x1, y)
    rows_top = y
    for item in lamps:
        svg.text(x0 - 14, y + 19, item.name, anchor="end")
        svg.rect(x0, y, x1 - x0, 28, TRACK, 4, f' stroke="{EDGE}" class="track"')
        svg.add('<g class="lit" filter="url(#glow)">')
        for t_a, t_b, rgb in segments(edges, item, t0, t1):
            svg.rect(at(t_a), y + 4, max(at(t_b) - at(t_a), 0.6), 20, hex_colour(rgb), 1)
        svg.add("</g>")
        y += 38
    for x, colour in phase_lines:
        svg.line(x, rows_top - 10, x, y - 8, colour, ' stroke-opacity="0.55" stroke-dasharray="2 3"')
    if presses:
        y = _svg_presses(svg, presses, at, x0, x1, rows_top, y)
    y = _svg_axis(svg, t0, t1, at, x0, x1, y)
    return _svg_document(svg, width, y + 18, title)


def _svg_phases(svg, annotations, at, x0, x1, y):
    """Bars with the phases' names; a name wider than its bar goes above, on a line of its own."""
    if not annotations:
        return y, []
    inside, outside = [], []
    colours = {}
    for start, end, text in sorted(annotations):
        colour = colours.setdefault(text, PHASE_COLOURS[len(colours) % len(PHASE_COLOURS)])
        a, b = at(start), at(end)
        need = len(text) * CHAR_PX + 12
        (inside if need <= b - a else outside).append((a, b, text, colour, need))
    levels = []
    placed = []
    for a, b, text, colour, need in outside:
        x = min(max(a, x0), x1 - need)
        level = next((n for n, used in enumerate(levels) if used <= x), len(levels))
        if level == len(levels):
            levels.append(0)
        levels[level] = x + need + 8
        placed.append((level, x, a, b, text, colour))
    for level, x, a, b, text, colour in placed:
        row = y + (len(levels) - 1 - level) * 20
        svg.text(x, row + 13, text, colour)
        svg.line(a + 0.5, row + 17, a + 0.5, y + len(levels) * 20, colour)
    y += len(levels) * 20
    for a, b, text, colour, _ in inside:
        svg.text((a + b) / 2, y + 16, text, colour, anchor="middle", more=' font-weight="500"')
    for a, b, _, colour, _ in inside + [(p[2], p[3], p[4], p[5], 0) for p in placed]:
        svg.rect(a, y, max(b - a, 2), 22, colour, 4, ' fill-opacity="0.16" class="phase"')
        svg.rect(a, y + 22, max(b - a, 2), 2, colour, 1)
    return y + 34, [(item[0], item[3]) for item in inside] + [(p[2], p[5]) for p in placed]


def _svg_presses(svg, presses, at, x0, x1, rows_top, y):
    svg.text(x0 - 14, y + 13, "button", QUIET, anchor="end")
    for down, up, name in sorted(presses):
        a, b = at(down), at(up)
        w = max(b - a, 5)
        svg.rect(a, rows_top - 4, w, y - rows_top - 2, "#ffffff", 2, ' fill-opacity="0.13"')
        svg.rect(a, y, w, 18, "#ffffff", 4, ' class="press"')
        text = f"{name} pressed {up - down:.1f} s"
        right = a + w + 8 + len(text) * CHAR_PX < x1
        svg.text(a + w + 8 if right else a - 8, y + 13, text, INK, anchor="start" if right else "end")
    return y + 28


def _svg_axis(svg, t0, t1, at, x0, x1, y):
    svg.line(x0, y, x1, y, "#4a5462")
    for t in ticks(t0, t1, (x1 - x0) // 64):
        svg.line(at(t), y, at(t), y + 5, "#4a5462")
        svg.text(at(t), y + 20, seconds(t), QUIET, 12, "middle")
    svg.text((x0 + x1) / 2, y + 39, "seconds since power-on", QUIET, 12, "middle")
    return y + 40


def _svg_document(svg, width, height, title):
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" width="{width}" '
            f'height="{height:.0f}" role="img" font-family="{SANS}">\n'
            f"<title>{escape(title or 'LED time line')}</title>\n"
            '<defs><filter id="glow" x="-2%" y="-60%" width="104%" height="220%"><feGaussianBlur stdDeviation="2.6" '
            'result="b"/><feMerge><feMergeNode in="b"/><feMergeNode in="SourceGraphic"/></feMerge></filter></defs>\n')
    card = (f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1:.0f}" rx="12" fill="{CARD}" '
            f'stroke="{EDGE}"/>\n')
    return head + card + "\n".join(svg.parts) + "\n</svg>\n"
