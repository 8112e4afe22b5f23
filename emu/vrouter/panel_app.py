"""The interactive front panel: events of a router into the state that panel.py draws, keys into deeds."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from . import menu_light, panel
from .errors import EmuError
from .lamps import board_lamps, led_patterns
from .panel_input import Keys, action_for, button_keys
from .panel_terminal import NONE

TAP_S = 0.3
PAUSE_S = 0.15  # between two taps: a router tells them apart
REPEAT_S = 0.06  # a key that comes again sooner is one that a finger stays on, and so is the button
NOTICE_S = 5.0
STICK_BYTES = 64 << 20
FRAME_S = 1 / 25
IDLE_S = 1.0  # without power nothing moves

HINT = "off: p switches it on (a capital letter holds a button, also before that)"


def front_of(board):
    """The state of a board that has no power."""
    menu = menu_light.has_menu(board.board_conf.read_text())
    keys = {name: key for key, name in button_keys(list(board.buttons)).items()}
    return panel.Front(
        board=board.name,
        title=board.title,
        about=f"{board.arch}, {board.machine.get('memory_mib', '?')} MiB",
        lamps=board_lamps(board.leds.values()),
        buttons=[panel.Button(name, keys.get(name, "")) for name in board.buttons],
        ports=[panel.Port(nic.name) for nic in board.nics],
        has_usb=bool(board.usb),
        patterns=led_patterns(),
        modes=menu_light.words(menu_light.TABLES / "modes.def") if menu else {},
        failures=menu_light.words(menu_light.TABLES / "failures.def") if menu else {},
    )


def make_stick(image):
    """An empty stick with a FAT file system, made once; without mkfs.vfat it is blank."""
    if not image.exists():
        with open(image, "wb") as file:
            file.truncate(STICK_BYTES)
        mkfs = shutil.which("mkfs.vfat") or shutil.which("mkfs.vfat", path="/usr/sbin:/sbin")
        if mkfs:
            subprocess.run([mkfs, "-n", "STICK", str(image)], check=True, stdout=subprocess.DEVNULL)
    return image


@dataclass
class App:
    """`run()` shows the panel until the person quits. `stick` is the image file of the USB stick."""

    router: object
    terminal: object
    stick: Path | None = None
    append: str = ""
    front: panel.Front = None
    clock: object = time.monotonic
    _events: deque = field(default_factory=deque)
    _releases: dict = field(default_factory=dict)  # button -> when a tap ends
    _typed_at: dict = field(default_factory=dict)  # button -> when its key came last
    _taps: dict = field(default_factory=dict)  # button -> (how many more, when the next one begins)
    _notice_until: float = 0.0
    _deeds: int = 0
    _quit: bool = False

    def __post_init__(self):
        self.front = self.front or front_of(self.router.board)
        self._keys = {b.key: b.name for b in self.front.buttons if b.key}
        # Two: the plug can be pulled while a shutdown takes its time
        self._worker = ThreadPoolExecutor(2, "deeds")
        self._typed = Keys()

    # --- loop

    def run(self):
        self.router.subscribe(self._on_event)
        self.router.serial.subscribe(self._on_serial)
        try:
            self._sync_power()
            if not self.front.powered and not self.front.busy:
                self.front.console.note(HINT)
            while not self._quit:
                self._handle_events()
                self._release_taps()
                self._draw()
                self._read()
        finally:
            self.router.serial.unsubscribe(self._on_serial)
            self.router.unsubscribe(self._on_event)
            self._worker.shutdown(wait=False, cancel_futures=True)

    def _read(self):
        data = self.terminal.read(self._wait_s())
        if data is None:
            self._quit = True
            return
        now = self.clock()
        for key in self._typed.feed(data, now) + self._typed.timed_out(now):
            action = action_for(key, self.front.focus, self._keys)
            if action:
                self.do(action)

    def _wait_s(self):
        now = self.clock()
        waits = [FRAME_S if self.front.powered else IDLE_S]
        waits += [t - now for t in self._releases.values()]
        waits += [t - now for name, (_, t) in self._taps.items() if name not in self._releases]
        waits += [self._notice_until - now] if self.front.notice else []
        waits += [w for w in [self._typed.wait_s(now)] if w is not None]
        return max(0.0, min(waits))

    def _draw(self):
        front = self.front
        if self.clock() >= self._notice_until:
            front.notice = ""
        if front.powered:
            front.now_s = self.router.now()
        self._sync_ports()
        front.recent.forget(front.now_s - panel.HISTORY_S)
        columns, rows = self.terminal.size()
        self.terminal.draw(*panel.frame(front, columns, rows, self.terminal.depth != NONE))

    # --- events of the router, which come in its threads

    def _on_event(self, event):
        self._events.append(event)
        # LEDs and time are drawn anyway with the next frame
        if event["event"] != "led":
            self.terminal.wake()

    def _on_serial(self, t, text):
        self._events.append({"event": "serial", "text": text})

    def _handle_events(self):
        while self._events:
            event = self._events.popleft()
            handler = getattr(self, "_event_" + event["event"], None)
            if handler:
                handler(event)

    def _event_led(self, event):
        self.front.recent.add(event["t"], event["led"], event["on"])

    def _event_serial(self, event):
        console = self.front.console
        console.feed(event["text"])
        if console.replies:
            self._type(console.replies.encode())
            console.replies = ""

    def _event_button(self, event):
        button = next((b for b in self.front.buttons if b.name == event["button"]), None)
        if button:
            button.down = event["held"]
            button.held = button.held and button.down
            if self.front.powered:
                self.front.recent.add(event["t"], f"button:{button.name}", button.down)

    def _event_reset(self, event):
        self.front.began_s = event["t"]
        self.front.console.note(f"reset at {event['t']:.1f} s")

    def _event_usb(self, event):
        self.front.stick = event["plugged"]
        self.notice("stick plugged in" if event["plugged"] else "stick pulled")

    def _event_power(self, event):
        self.front.console.note("power on" if event["on"] else f"power off after {panel.uptime(self.router.now())}")
        self._sync_power()

    def _event_done(self, event):
        self._deeds -= 1
        if not self._deeds:
            self.front.busy = ""
        if event["error"]:
            self.notice(event["error"])

    def _sync_power(self):
        front, router = self.front, self.router
        front.powered = router.powered
        if front.powered:
            front.recent = panel.Recent()
            front.began_s = 0.0
            for name, on in router.leds.state().items():
                if on:
                    front.recent.add(0.0, name, True)
            for button in front.buttons:
                button.down = router.button(button.name).held
                if button.down:
                    front.recent.add(0.0, f"button:{button.name}", True)
        else:
            front.now_s = router.leds.now()
            front.stick = False

    def _sync_ports(self):
        net = self.router.net
        for port in self.front.ports:
            port.link = bool(self.front.powered and net and net.plugged(port.name))

    # --- deeds

    def do(self, action):
        getattr(self, "_do_" + action.kind.replace("-", "_"))(action.value)

    def notice(self, text):
        self.front.notice = text.splitlines()[0] if text else ""
        self._notice_until = self.clock() + NOTICE_S

    def _start(self, what, deed):
        """Do what takes time beside the drawing; errors are shown, not raised."""
        self.front.busy = what
        self._deeds += 1

        def run():
            error = ""
            try:
                deed()
            except EmuError as wrong:
                error = str(wrong)
            except Exception as wrong:  # a fault in a thread would show nowhere else
                error = f"{what}: {wrong!r}"
            self._on_event({"event": "done", "error": error})

        self._worker.submit(run)

    def switch_on(self):
        self._start("switching on", lambda: self.router.power_on(append=self.append))

    def _do_power(self, _):
        if self.front.busy:
            return
        if self.front.powered:
            self.notice("the power key was pressed; c pulls the plug")
            self._start("shutting down", self.router.power_off)
        else:
            self.switch_on()

    def _do_cut(self, _):
        if self.router.powered:
            self.notice("")
            self._start("power cut", self.router.power_cut)
        else:
            self.notice("there is no power to cut: p switches the router on")

    def _do_stick(self, _):
        if self.front.busy:
            return
        if not self.router.powered:
            self.notice("the stick needs a router that is on: p switches it on")
        elif self.front.stick:
            self._start("pulling the stick", self.router.usb_pull)
        elif self.stick:
            self._start("plugging in the stick", lambda: self.router.usb_plug(self.stick))
        else:
            self.notice("there is no stick to plug in: start with --stick IMAGE")

    def _do_cable(self, number):
        if self.router.net and not self.front.busy and number < len(self.front.ports):
            port = self.front.ports[number].name
            plugged = not self.router.net.plugged(port)
            self._start(f"{'plugging in' if plugged else 'pulling'} the cable of {port}",
                        lambda: self.router.cable(port, plugged))

    def _button_now(self, name):
        return next(b for b in self.front.buttons if b.name == name)

    def _do_tap(self, name):
        now = self.clock()
        repeated = now - self._typed_at.get(name, float("-inf")) < REPEAT_S
        self._typed_at[name] = now
        if name not in self._releases and name not in self._taps:
            self._tap(name)
        elif not repeated:
            more, _ = self._taps.get(name, (0, 0))
            self._taps[name] = (more + 1, self._releases.get(name, now) + PAUSE_S)
        elif name in self._releases:
            self._releases[name] = now + TAP_S

    def _tap(self, name):
        self._button_now(name).held = False
        self.router.button(name).hold()
        self._releases[name] = self.clock() + TAP_S

    def _do_hold(self, name):
        button = self._button_now(name)
        self._releases.pop(name, None)
        self._taps.pop(name, None)
        if button.held:
            button.held = False
            self.router.button(name).release()
        else:
            button.held = True
            self.router.button(name).hold()

    def _release_taps(self):
        now = self.clock()
        for name in [name for name, t in self._releases.items() if t <= now]:
            del self._releases[name]
            self.router.button(name).release()
        for name, (more, begin) in list(self._taps.items()):
            if name in self._releases or begin > now:
                continue
            del self._taps[name]
            self._tap(name)
            if more > 1:
                self._taps[name] = (more - 1, self._releases[name] + PAUSE_S)
        self._handle_events()

    def _do_type(self, raw):
        self.front.back = 0
        self._type(raw)

    def _type(self, raw):
        try:
            self.router.serial.send(raw)
        except (EmuError, OSError):
            self.notice("the router has no power: Ctrl-] and then p switches it on")

    def _do_focus(self, where):
        self.front.focus = where
        self.front.back = 0

    def _do_scroll(self, rows):
        self.front.back = max(0, self.front.back + rows)

    def _do_scroll_page(self, pages):
        self._do_scroll(pages * max(self.terminal.size()[1] // 3, 1))

    def _do_redraw(self, _):
        self.terminal.painter.forget()

    def _do_quit(self, _):
        self._quit = True
