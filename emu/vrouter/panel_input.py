"""From the bytes of a terminal to what the person wants: pure, so that tests can type.

`Keys` cuts the byte stream into keys, also when an escape sequence or a UTF-8 character comes in
pieces.  `action_for` gives a key its meaning.
"""

from __future__ import annotations

from dataclasses import dataclass

ESC_WAIT_S = 0.05  # a lone Esc and the start of an arrow key differ only in what follows at once

_CSI_NAMES = {
    "A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end", "Z": "backtab",
    "1~": "home", "7~": "home", "4~": "end", "8~": "end", "5~": "page-up", "6~": "page-down",
    "2~": "insert", "3~": "delete",
}
_CONTROL_NAMES = {0x0D: "enter", 0x0A: "enter", 0x09: "tab", 0x7F: "backspace", 0x08: "backspace", 0x1B: "esc"}
_SEQUENCE_MAX = 32


@dataclass(frozen=True)
class Key:
    name: str  # a printable character, "ctrl-x", or a name such as "page-up"
    raw: bytes  # as typed, for the router's console


@dataclass(frozen=True)
class Action:
    kind: str
    value: object = None


class Keys:
    def __init__(self):
        self._rest = b""
        self._since = 0.0

    def feed(self, data, now):
        """The keys that are complete; an unfinished one waits for more bytes."""
        if not self._rest:
            self._since = now
        self._rest += data
        found = []
        while self._rest:
            size, name = _cut(self._rest)
            if not size:
                break
            found.append(Key(name, self._rest[:size]))
            self._rest = self._rest[size:]
            self._since = now
        return found

    def wait_s(self, now):
        """How long to wait before `timed_out`, or None when nothing is unfinished."""
        return max(0.0, self._since + ESC_WAIT_S - now) if self._rest else None

    def timed_out(self, now):
        """What was left unfinished for too long: a lone Esc, or bytes that mean nothing."""
        if not self._rest or now < self._since + ESC_WAIT_S:
            return []
        raw, self._rest = self._rest, b""
        if raw == b"\x1b":
            return [Key("esc", raw)]
        return [Key("unknown", raw)]


def _cut(data):
    """(bytes used, key name) of the first key in data; (0, "") when it is not complete."""
    first = data[0]
    if first == 0x1B:
        return _cut_escape(data)
    if first in _CONTROL_NAMES:
        return 1, _CONTROL_NAMES[first]
    if first < 0x20:
        return 1, "ctrl-" + chr(first + 0x40).lower()
    if first < 0x80:
        return 1, chr(first)
    size = 2 if first < 0xE0 else 3 if first < 0xF0 else 4
    if len(data) < size:
        return 0, ""
    try:
        return size, data[:size].decode()
    except UnicodeDecodeError:
        return 1, "unknown"


def _cut_escape(data):
    if len(data) == 1:
        return 0, ""
    if data[1:2] not in (b"[", b"O"):
        # Esc before another key is what terminals send for Alt: two keys would leave the console by accident
        if data[1] == 0x1B:
            return 1, "esc"
        size, name = _cut(data[1:])
        return (size + 1, "alt-" + name) if size else (0, "")
    for at in range(2, len(data)):
        if 0x40 <= data[at] <= 0x7E:
            tail = data[2 : at + 1].decode("ascii", "replace")
            name = _CSI_NAMES.get(tail) or _CSI_NAMES.get(tail[-1] if tail[-1] != "~" else tail)
            return at + 1, name or "unknown"
        if data[at] < 0x20 or at > _SEQUENCE_MAX:
            return at, "unknown"
    return 0, ""


_RESERVED = set("pcuq?")


def button_keys(names):
    """A letter for each button: its first letter that is still free. Small taps, capital holds."""
    taken, keys = set(_RESERVED), {}
    for name in names:
        letters = name.lower() + "abdefghijklmnorstvwxyz"
        key = next((ch for ch in letters if ch.isascii() and ch.isalpha() and ch not in taken), None)
        if key:
            taken.add(key)
            keys[key] = name
    return keys


_PANEL_KEYS = {
    "p": Action("power"),
    "c": Action("cut"),
    "u": Action("stick"),
    "q": Action("quit"),
    "ctrl-c": Action("quit"),
    "ctrl-d": Action("quit"),
    "tab": Action("focus", "console"),
    "enter": Action("focus", "console"),
    "ctrl-l": Action("redraw"),
    "up": Action("scroll", 1),
    "down": Action("scroll", -1),
    "page-up": Action("scroll-page", 1),
    "page-down": Action("scroll-page", -1),
    "home": Action("scroll", 1 << 30),
    "end": Action("scroll", -(1 << 30)),
}


def action_for(key, focus, buttons):
    """The Action of a key, or None. `focus` is "panel" or "console"; `buttons` as of button_keys()."""
    if focus == "console":
        # Ctrl-] as telnet has it; Esc as people try it. Arrow keys begin with Esc but are keys of their own.
        if key.name in ("ctrl-]", "esc"):
            return Action("focus", "panel")
        return Action("type", b"\r" if key.name == "enter" else key.raw)
    if key.name in _PANEL_KEYS:
        return _PANEL_KEYS[key.name]
    if len(key.name) == 1 and key.name in "123456789":
        return Action("cable", int(key.name) - 1)
    if key.name in buttons:
        return Action("tap", buttons[key.name])
    if len(key.name) == 1 and key.name.lower() in buttons and key.name.isupper():
        return Action("hold", buttons[key.name.lower()])
    return None
