"""What the LEDs did: edges with the time at which QEMU's GPIO controller made them."""

import json
import threading
import time
from collections import namedtuple

from .errors import Timeout
from .pins import Pl061

Blink = namedtuple("Blink", "led on_ms off_ms")
Steady = namedtuple("Steady", "led on for_ms", defaults=(600,))
Phase = namedtuple("Phase", "on start length")  # seconds

BLINK_CYCLES = 3
TOLERANCE = 0.15  # of a phase; the kernel's timer trigger adds up to one 4 ms tick to each


class LedTrace:
    """The LEDs from one power-on to the loss of power. Times are seconds since power-on.

    edges: [(t, led name, on)], only changes; all LEDs are off before the first."""

    def __init__(self, leds, origin, levels=Pl061.levels):
        self.origin = origin  # wall clock at power-on
        self.edges = []
        self.ended = None
        self._levels = levels  # of a line of QEMU's trace
        self._leds = {led.line: led for led in leds.values()}
        self._state = {name: False for name in leds}
        self._changed = threading.Condition()
        self._listeners = []

    @classmethod
    def from_edges(cls, edges, names, ended=None):
        """A trace of edges that were recorded earlier."""
        trace = cls({}, 0.0)
        trace._state = {name: False for name in names}
        for edge in edges:
            trace._add(*edge)
        trace.ended = ended
        return trace

    def subscribe(self, listener):
        """Call `listener(t, led, on)` for every edge, in the recorder's thread."""
        self._listeners.append(listener)

    def feed(self, line):
        """One line of QEMU's trace log."""
        for t, number, level in self._levels(line):
            if led := self._leds.get(number):
                # Levels from the machine's reset come before the first instruction runs
                self._add(max(t - self.origin, 0.0), led.name, level == led.level(True))

    def end(self, t):
        """Power is gone: no LED is lit."""
        for name, on in list(self._state.items()):
            if on:
                self._add(t, name, False)
        with self._changed:
            self.ended = t
            self._changed.notify_all()

    def _add(self, t, name, on):
        with self._changed:
            if self._state.get(name) == on:
                return
            self._state[name] = on
            self.edges.append((t, name, on))
            self._changed.notify_all()
        for listener in list(self._listeners):
            listener(t, name, on)

    def state(self):
        """{led name: lit now}"""
        with self._changed:
            return dict(self._state)

    def now(self):
        return self.ended if self.ended is not None else time.time() - self.origin

    def phases(self, led, t0=0.0, t1=None):
        """[Phase] of one LED that overlap t0..t1, whole ones: the first may start before t0, the last may
        not have ended yet (its length is that up to now)."""
        with self._changed:
            edges = [(t, on) for t, name, on in self.edges if name == led]
        end = self.now()
        t1 = end if t1 is None else t1
        bounds = [(0.0, False), *edges, (end, None)]
        found = [Phase(on, t, u - t) for (t, on), (u, _) in zip(bounds, bounds[1:])]
        return [p for p in found if p.length > 0 and p.start < t1 and p.start + p.length > t0]

    def lengths_ms(self, led, on, t0=0.0, t1=None):
        """Lengths of the complete on (or off) phases that lie within t0..t1."""
        t1 = self.now() if t1 is None else t1
        inside = self.phases(led, t0, t1)
        complete = [p for p in inside if p.start > 0 and p.start >= t0 and p.start + p.length <= t1]
        if complete and complete[-1].start + complete[-1].length >= self.now():
            complete.pop()
        return [p.length * 1000 for p in complete if p.on == on]

    def blink_hz(self, led, t0=0.0, t1=None):
        """Blinks per second from the first to the last time that the LED went on within t0..t1; 0 for
        fewer than two."""
        t1 = self.now() if t1 is None else t1
        rises = [t for t, name, on in self.edges if name == led and on and t0 <= t <= t1]
        return (len(rises) - 1) / (rises[-1] - rises[0]) if len(rises) > 1 else 0.0

    def wait_for(self, pattern, timeout=10, after=0.0):
        """Wait until an LED shows a Blink or Steady pattern later than `after`; returns when that began."""
        end = time.monotonic() + timeout
        with self._changed:
            while True:
                if (began := self.find(pattern, after)) is not None:
                    return began
                left = end - time.monotonic()
                if left <= 0 or self.ended is not None:
                    last = [f"{t:.3f} {'on' if on else 'off'}" for t, name, on in self.edges if name == pattern.led]
                    raise Timeout(f"{pattern} not seen within {timeout:g} s; the LED's last edges: {', '.join(last[-8:])}")
                # A steady LED makes no edge: look again at a time of our own
                self._changed.wait(min(left, 0.05))

    def find(self, pattern, after=0.0):
        """When the pattern first began after `after`, or None."""
        if isinstance(pattern, Steady):
            for phase in self.phases(pattern.led, after):
                begin = max(phase.start, after)
                if phase.on == pattern.on and (phase.start + phase.length - begin) * 1000 >= pattern.for_ms:
                    return begin
            return None
        phases = [p for p in self.phases(pattern.led, after)[:-1] if p.start >= after]
        run = 0
        for index, phase in enumerate(phases):
            wanted = pattern.on_ms if phase.on else pattern.off_ms
            fits = abs(phase.length * 1000 - wanted) <= wanted * TOLERANCE + 2
            run = run + 1 if fits else 0
            if run >= 2 * BLINK_CYCLES:
                return phases[index - run + 1].start
        return None

    def record(self):
        """The trace as JSON text, for pictures and reports."""
        return json.dumps({"ended": self.ended, "leds": list(self._state), "edges": self.edges})
