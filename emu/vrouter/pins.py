"""How the host reaches a board's buttons and LEDs: one small driver per kind of controller."""

import re
import threading

from .errors import EmuError

REPEAT_S = 0.1  # of a held key: what a PC's keyboard does after its own reset


class Pl061:
    """GPIO lines of ARM's PL061: inputs are driven through qtest, outputs come from QEMU's trace."""

    trace_event = "pl061_set_output"
    _line = re.compile(r"@(\d+\.\d+):pl061_set_output \S+ setting output (\d+) to (\d)")

    def __init__(self):
        self._path = None

    def attach(self, qemu):
        found = re.search(r"/(device\[\d+\]) \(pl061\)", qemu.qmp.monitor("info qom-tree"))
        if not found:
            raise EmuError("QEMU's machine has no pl061: correct gpio.kind of the board")
        self._path = f"/machine/unattached/{found.group(1)}"

    def drive(self, qemu, line, pressed):
        qemu.qtest.set_pin(self._path, line.line, line.level(pressed))

    def after_reset(self, qemu, lines):
        """The pl061 forgets the levels of its inputs at a reset: an active-low button would look pressed."""
        for line, pressed in lines:
            self.drive(qemu, line, pressed)

    @classmethod
    def levels(cls, text):
        """[(wall clock, line, level)] of one line of the trace."""
        found = cls._line.search(text)
        return [(float(found.group(1)), int(found.group(2)), int(found.group(3)))] if found else []


class Ps2:
    """A PC's keyboard: a key is the button, and its lamps are the LEDs (line = bit of the keyboard's LED byte).

    A key that is held repeats, as on a real keyboard: only so does a kernel that starts later hear of it."""

    trace_event = "ps2_set_ledstate"
    _line = re.compile(r"@(\d+\.\d+):ps2_set_ledstate \S+ ledstate (\d+)")
    _lamps = 3  # scroll lock, num lock, caps lock

    def __init__(self):
        self._held = {}  # name of the key: (thread that repeats it, event that ends it)

    def attach(self, qemu):
        self._held.clear()

    def drive(self, qemu, line, pressed):
        if line.qcode in self._held:
            thread, released = self._held.pop(line.qcode)
            released.set()
            thread.join()
            self._send(qemu, line.qcode, False)
        if pressed:
            released = threading.Event()
            thread = threading.Thread(target=self._hold, args=(qemu, line.qcode, released), daemon=True, name="key")
            self._held[line.qcode] = thread, released
            thread.start()

    def _hold(self, qemu, qcode, released):
        while True:
            try:
                self._send(qemu, qcode, True)
            except EmuError:  # before the machine runs, and when its power is gone
                if qemu.process.poll() is not None:
                    return
            if released.wait(REPEAT_S):
                return

    @staticmethod
    def _send(qemu, qcode, down):
        key = {"type": "qcode", "data": qcode}
        qemu.qmp("input-send-event", events=[{"type": "key", "data": {"down": bool(down), "key": key}}])

    def after_reset(self, qemu, lines):
        pass

    @classmethod
    def levels(cls, text):
        found = cls._line.search(text)
        if not found:
            return []
        return [(float(found.group(1)), bit, int(found.group(2)) >> bit & 1) for bit in range(cls._lamps)]


KINDS = {"pl061": Pl061, "ps2": Ps2}


def of(board):
    kind = board.gpio["kind"]
    if kind not in KINDS:
        raise EmuError(f"board {board.name}: there is no gpio.kind {kind!r}: choose one of {', '.join(KINDS)}")
    return KINDS[kind]()
