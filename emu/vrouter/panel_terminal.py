"""The user's terminal: raw keys in, frames out, and back to what it was on every way out."""

from __future__ import annotations

import os
import select
import signal
import termios
import tty

from .errors import EmuError

TRUE, C256, C16, NONE = 1 << 24, 256, 16, 0
DEPTHS = {"true": TRUE, "256": C256, "16": C16, "none": NONE}

# Alternate screen, no cursor, no wrapping: the last cell of the last row must not scroll the picture.
_ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J"
_LEAVE = "\x1b[0m\x1b[?2026l\x1b[?7h\x1b[?25h\x1b[?1049l"
# Terminals that know it show the frame at once; others ignore it.
_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"

_ASCII = str.maketrans({
    "▗": "+", "▖": "+", "▝": "+", "▘": "+", "▄": "=", "▀": "=", "▐": "|", "▌": "|", "█": "#", "▒": "%",
    "╭": "+", "╮": "+", "╰": "+", "╯": "+", "─": "-", "│": "|", "●": "*", "○": "o", "◌": "~", "▲": "^",
    "▼": "v", "…": "~",
})

_BASE16 = (
    (0, 0, 0), (170, 0, 0), (0, 170, 0), (170, 85, 0), (0, 0, 170), (170, 0, 170), (0, 170, 170), (170, 170, 170),
    (85, 85, 85), (255, 85, 85), (85, 255, 85), (255, 255, 85), (85, 85, 255), (255, 85, 255), (85, 255, 255),
    (255, 255, 255),
)


class Stopped(Exception):
    """A signal asked the program to end."""

    def __init__(self, number):
        super().__init__(signal.Signals(number).name)
        self.number = number


def colour_depth(environ):
    """How many colours the terminal has, by what it says of itself."""
    term = environ.get("TERM", "dumb")
    if environ.get("NO_COLOR") or term in ("dumb", "vt100", "vt102", "vt220"):
        return NONE
    if environ.get("COLORTERM", "") in ("truecolor", "24bit") or term.endswith("-direct"):
        return TRUE
    return C256 if "256color" in term else C16


def speaks_utf8(environ):
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    return "utf-8" in locale.lower() or "utf8" in locale.lower()


def _near256(rgb):
    r, g, b = rgb
    if max(rgb) - min(rgb) < 12:
        grey = (r + g + b) // 3
        return 16 if grey < 5 else 231 if grey > 246 else 232 + max(0, min(23, round((grey - 8) / 10)))
    steps = [0 if v < 48 else 1 if v < 115 else (v - 35) // 40 for v in rgb]
    return 16 + 36 * steps[0] + 6 * steps[1] + steps[2]


def _near16(rgb):
    return min(range(16), key=lambda i: sum((a - b) ** 2 for a, b in zip(_BASE16[i], rgb)))


class Painter:
    """From frames to bytes: only what changed since the last frame, in one string."""

    def __init__(self, depth, utf8=True):
        self.depth, self.utf8 = depth, utf8
        self._shown = []
        self._size = None
        self._codes = {}
        self._cursor = None

    def forget(self):
        """The next frame is drawn as a whole."""
        self._size = None

    def _code(self, look):
        code = self._codes.get(look)
        if code is None:
            fg, bg, bold = look
            code = "\x1b[0" + (";1" if bold else "") + self._colour(fg, 38, 30) + self._colour(bg, 48, 40) + "m"
            self._codes[look] = code
        return code

    def _colour(self, rgb, wide, base):
        if self.depth == TRUE:
            return ";%d;2;%d;%d;%d" % (wide, *rgb)
        if self.depth == C256:
            return f";{wide};5;{_near256(rgb)}"
        if self.depth == C16:
            near = _near16(rgb)
            return f";{base + near if near < 8 else base + 52 + near}"
        return ""

    def paint(self, rows, cursor=None):
        """The bytes that bring the terminal from the last frame to this one; b"" when nothing changed."""
        size = (len(rows), len(rows[0]) if rows else 0)
        out = []
        if size != self._size:
            out.append("\x1b[0m\x1b[2J")
            self._shown = [None] * len(rows)
            self._size = size
            self._cursor = None
        for y, row in enumerate(rows):
            if row != self._shown[y]:
                self._row(out, y, row, self._shown[y])
                self._shown[y] = row
        if not out and cursor == self._cursor:
            return b""
        self._cursor = cursor
        out.append(f"\x1b[{cursor[1] + 1};{cursor[0] + 1}H\x1b[?25h" if cursor else "\x1b[?25l")
        return (_BEGIN + "\x1b[?25l" + "".join(out) + _END).encode()

    def _row(self, out, y, row, old):
        look, at = None, -1
        for x, cell in enumerate(row):
            if old is not None and old[x] == cell:
                continue
            if at != x:
                out.append(f"\x1b[{y + 1};{x + 1}H")
            if cell[1] != look:
                look = cell[1]
                out.append(self._code(look))
            ch = cell[0] if self.utf8 else cell[0].translate(_ASCII)
            out.append(ch if self.utf8 or ch.isascii() else "?")
            at = x + 1


class Terminal:
    """`with Terminal() as t`: the terminal is ours inside, and as it was outside, however we leave.

    SIGTERM, SIGHUP and SIGINT become the exception Stopped in the main thread.
    """

    def __init__(self, fd_in=0, fd_out=1, environ=os.environ, depth=None):
        if not (os.isatty(fd_in) and os.isatty(fd_out)):
            raise EmuError("the front panel needs a terminal: start it in one, or use --headless")
        self.fd_in, self.fd_out = fd_in, fd_out
        self.depth = colour_depth(environ) if depth is None else depth
        self.painter = Painter(self.depth, speaks_utf8(environ))
        self._signals = {}
        self._saved = None
        self._wake = None

    def __enter__(self):
        self._saved = termios.tcgetattr(self.fd_in)
        try:
            self._wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                self._signals[number] = signal.signal(number, self._stop)
            for number in (signal.SIGWINCH, signal.SIGCONT):
                self._signals[number] = signal.signal(number, self._redraw)
            # A stopped panel would leave the terminal raw and the LEDs unrecorded.
            self._signals[signal.SIGTSTP] = signal.signal(signal.SIGTSTP, signal.SIG_IGN)
            tty.setraw(self.fd_in, termios.TCSADRAIN)
            self._write(_ENTER.encode())
        except BaseException:
            self._restore()
            raise
        return self

    def __exit__(self, *_):
        self._restore()

    def _restore(self):
        if self._saved is None:
            return
        saved, self._saved = self._saved, None
        try:
            self._write(_LEAVE.encode())
        except OSError:
            pass  # the terminal is gone: nobody is left to see it
        try:
            termios.tcsetattr(self.fd_in, termios.TCSAFLUSH, saved)
        except termios.error:
            pass
        for number, handler in self._signals.items():
            signal.signal(number, handler)
        for fd in self._wake or ():
            os.close(fd)
        self._wake = None

    def _stop(self, number, _frame):
        raise Stopped(number)

    def _redraw(self, _number, _frame):
        self.painter.forget()
        self.wake()

    def wake(self):
        """End a read() early; any thread may call it."""
        wake = self._wake
        if wake:
            try:
                os.write(wake[1], b".")
            except OSError:
                pass  # full: it wakes anyway

    def size(self):
        size = os.get_terminal_size(self.fd_out)
        return size.columns, size.lines

    def draw(self, rows, cursor=None):
        data = self.painter.paint(rows, cursor)
        if data:
            self._write(data)

    def _write(self, data):
        while data:
            data = data[os.write(self.fd_out, data) :]

    def read(self, timeout_s):
        """Typed bytes; b"" after the time or a wake(); None when the terminal is gone."""
        ready, _, _ = select.select([self.fd_in, self._wake[0]], [], [], max(0.0, timeout_s))
        if self._wake[0] in ready:
            os.read(self._wake[0], 4096)
        if self.fd_in not in ready:
            return b""
        try:
            return os.read(self.fd_in, 4096) or None
        except OSError:
            return None
