"""The front panel as a whole, on a router that only remembers what was asked."""

import threading
import time

from screen import find, lamp_cell
from vrouter import panel, panel_app, panel_canvas
from vrouter.board import load_board
from vrouter.errors import EmuError
from vrouter.panel_terminal import TRUE, Painter


class FakeButton:
    def __init__(self, router, name):
        self.router, self.name, self.held = router, name, False

    def hold(self):
        self.set(True)

    def release(self):
        self.set(False)

    def set(self, held):
        self.held = held
        self.router.emit("button", t=self.router.now(), button=self.name, held=held)


class FakeRouter:
    """What App uses of vrouter.Router. Power takes no time; its clock is the test's."""

    def __init__(self):
        self.board = load_board("virt-disk")
        self.net = None
        self.powered = False
        self.did = []
        self.sent = b""
        self.time = 0.0
        self.broken = ""
        self.listeners = []
        self.buttons = {name: FakeButton(self, name) for name in self.board.buttons}
        self.serial = self.leds = self

    def now(self):
        return self.time

    def button(self, name):
        return self.buttons[name]

    def state(self):
        return {}

    def subscribe(self, listener):
        self.listeners.append(listener)

    def unsubscribe(self, listener):
        self.listeners.remove(listener)

    def emit(self, kind, **values):
        for listener in self.listeners[:1]:
            listener({"event": kind, **values})

    def _power(self, deed, on):
        if self.broken:
            raise EmuError(self.broken)
        self.did.append(deed)
        self.powered = on
        self.emit("power", on=on)

    def power_on(self, append=""):
        self._power(f"on {append}".strip(), True)

    def power_off(self):
        self._power("off", False)

    def power_cut(self):
        self._power("cut", False)

    def send(self, raw):
        self.sent += raw


class FakeTerminal:
    depth = TRUE

    def __init__(self, script):
        self.script = script  # of bytes to read and functions to call
        self.screens = []
        self.painter = Painter(TRUE)

    def size(self):
        return 100, 30

    def wake(self):
        pass

    def draw(self, rows, cursor):
        self.screens.append(rows)

    def read(self, timeout_s):
        time.sleep(0.002)
        if not self.script:
            return None
        step = self.script[0]
        if callable(step):
            if step() is not False:
                self.script.pop(0)
            return b""
        return self.script.pop(0)


def play(*script, router=None, clock=time.monotonic):
    router = router or FakeRouter()
    terminal = FakeTerminal(list(script))
    app = panel_app.App(router, terminal, append="x=1", clock=clock)
    deadline = time.monotonic() + 10

    def step(function):
        def run():
            assert time.monotonic() < deadline, "the panel did not get there"
            return function(app)

        return run

    terminal.script = [step(item) if callable(item) else item for item in terminal.script]
    app.run()
    return app, router, terminal


def idle(app):
    return not app.front.busy


def test_app__power_cut_and_quit__in_the_order_of_the_keys():
    app, router, _ = play(b"p", lambda a: a.front.powered and idle(a), b"c", lambda a: not a.front.powered and idle(a),
                          b"p", lambda a: a.front.powered and idle(a), b"p", lambda a: not a.front.powered and idle(a), b"q", b"p")
    assert router.did == ["on x=1", "cut", "on x=1", "off"]
    assert router.listeners == []


def test_app__cut_during_a_slow_shutdown__does_not_wait_for_it():
    router = FakeRouter()
    gone = threading.Event()
    router.power_off = lambda: gone.wait(10) and None
    cut = router.power_cut

    def power_cut():
        cut()
        gone.set()

    router.power_cut = power_cut
    app, _, _ = play(b"p", lambda a: a.front.powered and idle(a), b"p", lambda a: a.front.busy == "shutting down",
                     b"c", lambda a: not a.front.powered and idle(a), router=router)
    assert router.did == ["on x=1", "cut"]


def test_app__tap__is_released_by_itself_and_hold_is_not():
    app, router, _ = play(b"r", lambda a: a.front.buttons[0].down, lambda a: not a.front.buttons[0].down,
                          b"W", lambda a: a.front.buttons[1].held)
    assert not router.buttons["reset"].held and router.buttons["wps"].held
    app, router, _ = play(b"W", b"W")
    assert not router.buttons["wps"].held


def presses_of(gap_s, count):
    """What the router sees of a key that comes so often, so far apart: was the button down before each press?"""
    router, now = FakeRouter(), [0.0]
    pressed = []
    hold = router.buttons["reset"].hold
    router.buttons["reset"].hold = lambda: (pressed.append(router.buttons["reset"].held), hold())

    def later(_):
        now[0] += gap_s

    def long_after(app):
        now[0] += 0.05
        return now[0] > 10 and not app.front.buttons[0].down

    play(*[b"r", later] * count, long_after, router=router, clock=lambda: now[0])
    return pressed


def test_app__taps_in_quick_succession__are_as_many_presses():
    assert presses_of(0.1, 3) == [False, False, False]


def test_app__finger_that_stays_on_the_key__is_one_press():
    assert presses_of(0.03, 20) == [False]


def test_app__console_focus__keys_go_to_the_router_until_the_way_out():
    _, router, _ = play(b"\tpq\r\x1b[A", b"\x1d", b"q", b"p")
    assert router.sent == b"pq\r\x1b[A" and router.did == []


def test_app__error_of_the_router__is_shown_not_raised():
    router = FakeRouter()
    router.broken = "qemu is not there: install it"
    app, _, terminal = play(b"p", lambda a: bool(a.front.notice), lambda a: None, router=router)
    assert app.front.notice == router.broken
    find(terminal.screens[-1], "qemu is not there")


def test_app__fault_in_a_deed__is_shown_and_ends_the_waiting():
    router = FakeRouter()
    router.power_on = lambda append: 1 / 0
    app, _, _ = play(b"p", lambda a: bool(a.front.notice) and idle(a), router=router)
    assert "switching on: ZeroDivisionError" in app.front.notice


def test_app__led_and_serial_events__reach_the_screen():
    def light(app):
        app.router.time = 3.0
        app.router.emit("led", t=1.0, led="green:status", on=True)
        app._on_serial(1.0, "hello from the router\r\n")

    _, _, terminal = play(b"p", lambda a: a.front.powered, light, lambda a: None, lambda a: None)
    find(terminal.screens[-1], "hello from the router")
    assert lamp_cell(terminal.screens[-1], "status")[1][0] != panel_canvas.GLASS


def test_app__question_of_the_guest__is_answered():
    _, router, _ = play(b"p", lambda a: a.front.powered, lambda a: a._on_serial(1.0, "\x1b[6n"), lambda a: None)
    assert router.sent.endswith(b"R")
