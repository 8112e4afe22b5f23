"""What lamps showed: LED lines mixed into dots, lit stretches, rates and known patterns of blinking.

Pure: recorded edges in, numbers out.  Times are seconds since power-on.  An edge is (t_s, line, on): an
LED line is dark until its first edge says otherwise.
"""

from __future__ import annotations

import re
from collections import namedtuple
from dataclasses import dataclass
from math import ceil
from pathlib import Path

COLOURS = {
    "red": (255, 69, 58),
    "green": (52, 224, 110),
    "blue": (64, 130, 255),
    "white": (240, 244, 255),
    "amber": (255, 176, 46),
    "yellow": (255, 214, 51),
    "orange": (255, 146, 48),
}
RATE_PERIODS = 12


@dataclass(frozen=True)
class Lamp:
    """One dot on the router's front: one LED line, or the lines of one RGB LED."""

    name: str
    parts: tuple  # of (line, (r, g, b))

    def colour(self):
        """The colour with all its lines lit."""
        return mix([rgb for _, rgb in self.parts])


def lamp(line):
    """The lamp of a single LED line, by the kernel's convention for its name: colour:function."""
    colour, _, function = line.rpartition(":")
    return Lamp(function, ((line, COLOURS.get(colour, COLOURS["green"])),))


def mix(colours):
    """Light adds up: the sum of `colours`, scaled back to 255 without changing the hue; () is black."""
    r = sum(c[0] for c in colours)
    g = sum(c[1] for c in colours)
    b = sum(c[2] for c in colours)
    top = max(r, g, b, 255)
    return (r * 255 // top, g * 255 // top, b * 255 // top)


def blend(dark, lit, share):
    """The colour `share` (0..1) of the way from dark to lit."""
    return tuple(round(d + (l - d) * share) for d, l in zip(dark, lit))


def lamps_of(edges):
    """A lamp for each line that occurs in `edges`, in the order of their names."""
    return [lamp(name) for name in sorted({name for _, name, _ in edges})]


def board_lamps(lines):
    """The lamps of a board's LEDs in their order: those that name the same lamp share one dot."""
    parts = {}
    for led in lines:
        name = led.lamp or led.name.rpartition(":")[2]
        parts.setdefault(name, []).append((led.name, COLOURS.get(led.colour, COLOURS["white"])))
    return [Lamp(name, tuple(of)) for name, of in parts.items()]


def segments(edges, lit_lamp, t0, t1):
    """What the lamp showed from t0 to t1: [(t_a, t_b, colour)], without the dark stretches."""
    rgb = dict(lit_lamp.parts)
    on = set()
    out = []
    since = t0
    # A reset of the machine may be recorded out of step with the last blink: order by time first.
    for t, name, level in sorted((e for e in edges if e[1] in rgb), key=lambda e: e[0]):
        if t >= t1:
            break
        if level == (name in on):
            continue
        if t > since and on:
            _append(out, since, t, mix([rgb[n] for n in rgb if n in on]))
        since = max(since, t)
        (on.add if level else on.discard)(name)
    if on and t1 > since:
        _append(out, since, t1, mix([rgb[n] for n in rgb if n in on]))
    return out


def _append(out, t_a, t_b, colour):
    if out and out[-1][1] == t_a and out[-1][2] == colour:
        out[-1] = (out[-1][0], t_b, colour)
    else:
        out.append((t_a, t_b, colour))


def blinks_per_s(segs, now):
    """The rate at which a lamp blinks now, or None when it does not blink.

    Measured over the last periods that are alike (at most RATE_PERIODS): a change of rate shows after two
    periods and is never mixed with the old one.  A single flash has no rate.
    """
    starts, end = [], None
    for t_a, t_b, _ in segs:
        if t_a != end:
            starts.append(t_a)
        end = t_b
    periods = [b - a for a, b in zip(starts, starts[1:])]
    alike = []
    for period in reversed(periods[-RATE_PERIODS:]):
        if abs(period - periods[-1]) > 0.25 * periods[-1]:
            break
        alike.append(period)
    # A lamp that has stopped blinking is no longer blinking at its old rate.
    if len(alike) < 2 or now - starts[-1] > 2.2 * periods[-1]:
        return None
    return len(alike) / sum(alike)


class Bins:
    """What a lamp did in each of `count` equal slices of time: its lit share, its colour (None: dark) and its
    edges.

    A slice is lit as it was in its middle: shares alone would turn blinks as long as a slice into an even
    grey.  A flash shorter than a slice still lights one.
    """

    def __init__(self, segs, t0, t1, count):
        self.share = [0.0] * count
        self.colour = [None] * count
        self.edges = [0] * count
        width = (t1 - t0) / count
        for t_a, t_b, rgb in segs:
            a, b = (max(t_a, t0) - t0) / width, (min(t_b, t1) - t0) / width
            if b <= a:
                continue
            first, last = min(int(a), count - 1), min(int(b), count - 1)
            for i in range(first, last + 1):
                self.share[i] += max(0.0, min(b, i + 1) - max(a, i))
            middles = range(ceil(a - 0.5), min(ceil(b - 0.5), count)) or [min(int((a + b) / 2), count - 1)]
            for i in middles:
                self.colour[i] = rgb
            self.edges[first] += 1
            self.edges[last] += 1


# --- what a way of blinking means

Pattern = namedtuple("Pattern", "name on_ms off_ms meaning")

LEDS_DEF = Path(__file__).resolve().parents[2] / "src/tables/leds.def"
ODD_S = 1.0
STEADY_S = 1.2  # lit for longer than any blink of the table: steady
_LED_ROW = re.compile(r'^LED\((\w+),\s*(\d+),\s*(\d+),\s*"([^"]*)"\)', re.M)


def led_patterns(path=LEDS_DEF):
    """The rows of the table that the router's program is built from; [] without it."""
    try:
        rows = _LED_ROW.findall(path.read_text())
    except OSError:
        return []
    return [Pattern(name.lower(), int(on), int(off), text) for name, on, off, text in rows]


def phases(segs, t1, patterns):
    """What the lamp said up to t1, by its patterns: [(t_start, t_end, "name rate/s")].

    A blink belongs to the pattern whose lit time it has; two such blinks in a row are a phase.
    """
    found = []  # of [start, end of the last lit time, pattern, blinks]
    for t_a, t_b, _ in segs:
        pattern = _pattern_of(t_b - t_a, patterns)
        if not pattern:
            continue
        if found and found[-1][2] is pattern and t_a - found[-1][1] < _dark_s(pattern):
            found[-1][1] = t_b
            found[-1][3] += 1
        else:
            found.append([t_a, t_b, pattern, 1])
    found = _joined(item for item in found if item[3] > 1 or not item[2].off_ms)
    out = []
    for (start, end, pattern, _), next_start in zip(found, [item[0] for item in found[1:]] + [t1]):
        rate = f" {1000 / (pattern.on_ms + pattern.off_ms):g}/s" if pattern.off_ms else ""
        # The dark half of the last blink is part of the phase; a longer dark time is none.
        end = next_start if next_start - end < _dark_s(pattern) else end
        out.append((start, end, pattern.name + rate))
    return out


def _joined(found):
    """Odd blinks in the midst of a pattern, as a busy machine makes them, are no end of it."""
    out = []
    for item in found:
        if out and out[-1][2] is item[2] and item[0] - out[-1][1] < ODD_S:
            out[-1] = [out[-1][0], item[1], item[2], out[-1][3] + item[3]]
        else:
            out.append(item)
    return out


def _dark_s(pattern):
    """Dark for longer than this: the pattern has ended. A change of pattern stretches one dark time."""
    return 2.5 * pattern.off_ms / 1000


def _pattern_of(lit_s, patterns):
    for pattern in patterns:
        if pattern.off_ms and abs(lit_s * 1000 / pattern.on_ms - 1) < 0.2:
            return pattern
    if lit_s >= STEADY_S:
        return next((p for p in patterns if p.on_ms and not p.off_ms), None)
    return None
