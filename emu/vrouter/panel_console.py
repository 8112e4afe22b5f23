"""What came out of the serial console, as lines of coloured characters.

Lines are kept as they were sent and are wrapped only when they are shown, so the pane can change its
size at any time.  Programs that move the cursor find a screen as large as the pane at the end of the
lines; whatever else stands in an escape sequence is swallowed and never reaches the user's terminal.
"""

from __future__ import annotations

import re

LINES_MAX = 4000
LINE_CHARS_MAX = 4000
TAB = 8
PLAIN = (None, None, False)  # foreground index, background index, bold

_TOKEN = re.compile(
    r"\x1b\[(?P<params>[0-?]*)[ -/]*(?P<final>[@-~])"
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # window titles
    r"|\x1b[PX^_][^\x1b]*\x1b\\"
    r"|\x1b[ -/]*[0-OQ-WYZ\\`-~]"
    r"|(?P<control>[\x00-\x1a\x1c-\x1f\x7f])"
    r"|(?P<text>[^\x00-\x1f\x7f]+)"
)
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]{0,200}\x1b?|[PX^_][^\x1b]{0,200}\x1b?|[ -/]*)?\Z")


class Console:
    def __init__(self):
        self.lines = [[]]  # of lists of (character, look)
        self.row, self.col = 0, 0
        self.look = PLAIN
        self.replies = ""  # answers to questions about the cursor, to be sent back
        self.columns, self.rows = 80, 24  # of the pane, as last shown
        self._rest = ""
        self._saved = (0, 0)
        self._top = 0  # the line at which the last cleared screen begins

    def feed(self, text):
        text, self._rest = self._rest + text, ""
        at = 0
        while at < len(text):
            match = _TOKEN.match(text, at)
            if not match:
                if _UNFINISHED.match(text, at):
                    self._rest = text[at:]
                    return
                at += 1  # an escape that begins nothing known
                continue
            at = match.end()
            if match["text"]:
                self._write(match["text"])
            elif match["control"]:
                self._control(match["control"])
            elif match["final"]:
                self._sequence(match["params"], match["final"])
            else:
                self._short(match[0])

    def note(self, text):
        """A line of the emulator's own, apart from what the router said."""
        if self.lines[-1]:
            self.lines.append([])
        self.row = len(self.lines) - 1
        self.lines[-1] = [(ch, ("note", None, False)) for ch in text]
        self.lines.append([])
        self.row, self.col, self.look = len(self.lines) - 1, 0, PLAIN
        self._trim()

    def _home(self):
        return max(0, len(self.lines) - self.rows)

    def _trim(self):
        extra = len(self.lines) - LINES_MAX
        if extra > 0:
            del self.lines[:extra]
            self.row = max(0, self.row - extra)
            self._top = max(0, self._top - extra)

    def _line(self):
        return self.lines[self.row]

    def _write(self, text):
        line = self._line()
        if len(line) < self.col:
            line.extend([(" ", PLAIN)] * (self.col - len(line)))
        cells = [(ch if ch.isprintable() else "?", self.look) for ch in text[: max(0, LINE_CHARS_MAX - self.col)]]
        line[self.col : self.col + len(cells)] = cells
        self.col += len(cells)

    def _control(self, ch):
        if ch in "\n\x0b\x0c":
            self.row += 1
            if self.row == len(self.lines):
                self.lines.append([])
                self._trim()
        elif ch == "\r":
            self.col = 0
        elif ch == "\b":
            self.col = max(0, self.col - 1)
        elif ch == "\t":
            self.col = min((self.col // TAB + 1) * TAB, LINE_CHARS_MAX)

    def _short(self, sequence):
        kind = sequence[1]
        if kind == "7":
            self._saved = (self.row - self._home(), self.col)
        elif kind == "8":
            self._goto(*self._saved)
        elif kind == "M":
            self.row = max(self._home(), self.row - 1)
        elif kind == "c":
            self._clear_screen()

    def _goto(self, row, col):
        self.row = self._home() + min(max(row, 0), self.rows - 1)
        while len(self.lines) <= self.row:
            self.lines.append([])
        self.col = min(max(col, 0), LINE_CHARS_MAX)

    def _clear_screen(self):
        """What was on the screen stays readable above it."""
        while self.lines and not self.lines[-1]:
            self.lines.pop()
        self.lines.extend([] for _ in range(self.rows))
        self._trim()
        self.row, self.col = len(self.lines) - self.rows, 0
        self._top = self.row

    def _sequence(self, params, final):
        if final == "m":
            self._colours(params)
            return
        if params[:1] in ("?", ">", "<", "="):
            return
        numbers = [int(p) if p.isdigit() else 0 for p in params.split(";")]
        # Bounded: a number from outside decides how much work is done here
        n = min(max(numbers[0], 1), LINE_CHARS_MAX)
        if final in "Hf":
            column = numbers[1] if len(numbers) > 1 else 1
            self._goto(n - 1, min(max(column, 1), self.columns) - 1)
        elif final in "ABCD":
            self._move(final, n)
        elif final in "G`":
            self.col = n - 1
        elif final in "JKP@X":
            self._erase(final, numbers[0], n)
        elif final == "s":
            self._saved = (self.row - self._home(), self.col)
        elif final == "u":
            self._goto(*self._saved)
        elif final == "n" and numbers[0] == 6:
            self.replies += f"\x1b[{self.row - self._home() + 1};{min(self.col, self.columns - 1) + 1}R"

    def _move(self, final, n):
        if final == "A":
            self.row = max(self._home(), self.row - n)
        elif final == "B":
            self.row = min(len(self.lines) - 1, self.row + n)
        elif final == "C":
            self.col = min(self.col + n, max(self.columns - 1, self.col))
        else:
            self.col = max(0, self.col - n)

    def _erase(self, final, mode, n):
        line = self._line()
        if final == "J" and mode >= 2:
            self._clear_screen()
        elif final == "J" and mode == 0:
            if self.col == 0 and self.row == self._home():
                self._top = self.row
            del line[self.col :]
            for later in self.lines[self.row + 1 :]:
                later.clear()
        elif final == "K" and mode == 0:
            del line[self.col :]
        elif final == "K":
            upto = len(line) if mode == 2 else self.col + 1
            line[:upto] = [(" ", PLAIN)] * len(line[:upto])
        elif final == "P":
            del line[self.col : self.col + n]
        elif final == "@":
            line[self.col : self.col] = [(" ", PLAIN)] * n
            del line[LINE_CHARS_MAX:]
        elif final == "X":
            gap = len(line[self.col : self.col + n])
            line[self.col : self.col + gap] = [(" ", PLAIN)] * gap

    def _colours(self, params):
        fg, bg, bold = self.look
        codes = [int(p) if p.isdigit() else 0 for p in re.split("[;:]", params)]
        at = 0
        while at < len(codes):
            code = codes[at]
            if code == 0:
                fg, bg, bold = PLAIN
            elif code in (1, 22):
                bold = code == 1
            elif code in (38, 48):
                # 256 colours keep only the 16 that the pane shows; others become the default
                wide = codes[at + 1 : at + 3]
                colour = wide[1] if len(wide) == 2 and wide[0] == 5 and wide[1] < 16 else None
                fg, bg = (colour, bg) if code == 38 else (fg, colour)
                at += 2 if wide[:1] == [5] else 4
            elif 30 <= code <= 37 or 90 <= code <= 97:
                fg = code - 30 if code < 90 else code - 82
            elif 40 <= code <= 47 or 100 <= code <= 107:
                bg = code - 40 if code < 100 else code - 92
            elif code in (39, 49):
                fg, bg = (None, bg) if code == 39 else (fg, None)
            at += 1
        self.look = (fg, bg, bold)

    def view(self, columns, rows, back=0):
        """The last `rows` wrapped rows, `back` rows before the end: (rows, cursor or None, back in range)."""
        wrapped, cursor_from_end = [], None
        last = len(self.lines) - 1
        self.columns, self.rows = columns, rows
        # Blank rows below the cursor are the rest of the screen: the pane has better use for the room.
        while last > self.row and not self.lines[last]:
            last -= 1
        need = rows + back
        for index in range(last, -1, -1):
            line = self.lines[index]
            pieces = [line[i : i + columns] for i in range(0, len(line), columns)] or [[]]
            if index == self.row:
                while len(pieces) <= self.col // columns:
                    pieces.append([])
                cursor_from_end = len(wrapped) + len(pieces) - 1 - self.col // columns
            wrapped.extend(reversed(pieces))
            if len(wrapped) >= need and index <= self.row:
                break
            if index == self._top > 0 and not back:
                # A cleared screen stays clear: what was there before comes back by scrolling.
                blank = rows - len(wrapped)
                wrapped = [[] for _ in range(blank)] + wrapped
                cursor_from_end += blank
                break
        back = max(0, min(back, len(wrapped) - rows))
        shown = wrapped[back : back + rows][::-1]
        cursor = None
        if cursor_from_end is not None and 0 <= cursor_from_end - back < len(shown):
            cursor = (len(shown) - 1 - (cursor_from_end - back), self.col % columns)
        return shown, cursor, back
