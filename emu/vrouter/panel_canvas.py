"""Cells to draw on, and the colours of the front panel."""

from __future__ import annotations

from .lamps import blend

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
            self.cells[y][x] = (ch, (fg, blend(bg, rgb, share), bold))


def clip(text, width):
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"
