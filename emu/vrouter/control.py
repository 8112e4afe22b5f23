"""The control socket of a running router: JSON lines over a Unix socket, for emu/ctl, scripts and tests.

A request is one line {"do": NAME, ...}; the answer is one line {"ok": true, ...} or {"ok": false, "error":
SENTENCE}. After {"do": "events"} the server sends a line per event until the client hangs up.
"""

import json
import os
import queue
import socket
import threading
from pathlib import Path

from .board import ROOT
from .errors import EmuError, Timeout

SOCKET = "control"
SUN_PATH_MAX = 107  # bytes that Linux takes for the path of a Unix socket


def default_run_dir(board="virt-disk"):
    return Path(os.environ.get("VROUTER_RUN") or ROOT / "build-images/run" / board)


def _press(router, request):
    router.button(request["button"]).press(request.get("ms", 200) / 1000)


def _hold(router, request):
    router.button(request["button"]).hold()


def _release(router, request):
    router.button(request["button"]).release()


def _bounce(router, request):
    router.button(request["button"]).bounce(request.get("ms", 10))


def _power(router, request):
    state = request["state"]
    if state == "on":
        router.power_on(request.get("append", ""), request.get("hold", ()))
    elif state == "off":
        return {"by_itself": router.power_off(request.get("timeout", 20))}
    elif state == "cut":
        router.power_cut(request.get("policy", "lose"), request.get("seed", 0))
    else:
        raise EmuError(f"power cannot be {state!r}: choose on, off or cut")


def _leds(router, _):
    return {"t": router.now(), "leds": router.leds.state()}


def _led_record(router, _):
    trace = router.leds
    return {"edges": list(trace.edges), "leds": list(trace.state()), "ended": trace.ended, "origin": trace.origin}


def _blink(router, request):
    t1 = router.leds.now()
    seconds = request.get("seconds", 3)
    return {"hz": {led: router.leds.blink_hz(led, t1 - seconds, t1) for led in router.board.leds}}


def _serial_in(router, request):
    router.serial.send(request["text"])


def _serial_tail(router, request):
    return {"text": router.serial.tail(request.get("chars", 2000))}


def _usb(router, request):
    if request.get("image"):
        router.usb_plug(request["image"])
    else:
        router.usb_pull()


def _cable(router, request):
    router.cable(request["port"], bool(request["plugged"]))


def _move_cable(router, request):
    router.move_cable(request["port"])


def _status(router, _):
    net = router.net
    return {
        "board": router.board.name,
        "powered": router.powered,
        "t": router.now() if router.powered else None,
        "resets": list(router.resets),
        "buttons": {name: button.held for name, button in router.buttons.items()},
        "leds": router.leds.state(),
        "stick": str(router.stick) if router.stick else None,
        "cables": {nic.name: net.plugged(nic.name) for nic in router.board.nics} if net else {},
        "namespaces": {nic.side: net.namespace(nic.side) for nic in router.board.nics} if net else {},
        "run_dir": str(router.run_dir),
    }


COMMANDS = {
    "press": _press, "hold": _hold, "release": _release, "bounce": _bounce, "power": _power, "leds": _leds,
    "led-record": _led_record, "blink": _blink, "serial-in": _serial_in, "serial-tail": _serial_tail, "usb": _usb,
    "cable": _cable, "move-cable": _move_cable, "status": _status,
}


class ControlServer:
    """Serves a router on RUN_DIR/control from the moment it is made until close()."""

    def __init__(self, router):
        self.router = router
        self.path = router.run_dir / SOCKET
        check_path(self.path)
        self.path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(self.path))
        os.chmod(self.path, 0o600)
        self._socket.listen()
        self._clients = set()
        threading.Thread(target=self._accept, daemon=True, name="control").start()

    def close(self):
        for sock in [self._socket, *self._clients]:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self._socket.close()
        self.path.unlink(missing_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            self._clients.add(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True, name="control-client").start()

    def _serve(self, client):
        try:
            with client, client.makefile("rb") as lines:
                for line in lines:
                    request, answer = self._answer(line)
                    _send(client, answer)
                    if answer["ok"] and request["do"] == "events":
                        self._send_events(client, request.get("kinds"))
        except OSError:
            pass  # the client hung up
        finally:
            self._clients.discard(client)

    def _answer(self, line):
        try:
            request = json.loads(line)
            name = request["do"]
            if name == "events":
                return request, {"ok": True}
            if name not in COMMANDS:
                raise EmuError(f"there is no command {name!r}: choose one of {', '.join(COMMANDS)}, events")
            return request, {"ok": True, **(COMMANDS[name](self.router, request) or {})}
        except EmuError as error:
            return {}, {"ok": False, "error": str(error)}
        except KeyError as missing:
            return {}, {"ok": False, "error": f"the request has no {missing.args[0]!r}"}
        except (ValueError, TypeError) as wrong:
            return {}, {"ok": False, "error": f"the request cannot be understood: {wrong}"}

    def _send_events(self, client, kinds):
        events = queue.SimpleQueue()

        def on_serial(t, text):
            events.put({"event": "serial", "t": t, "text": text})

        self.router.subscribe(events.put)
        self.router.serial.subscribe(on_serial)
        try:
            while client in self._clients:
                event = events.get()
                if kinds is None or event["event"] in kinds:
                    _send(client, event)
        finally:
            self.router.unsubscribe(events.put)
            self.router.serial.unsubscribe(on_serial)


class Client:
    """The other end, for Python programs: call(do=..., ...) returns the answer or raises EmuError.

    timeout: seconds to wait for an answer or an event; default: for ever."""

    def __init__(self, run_dir=None, timeout=None):
        self.path = Path(run_dir or default_run_dir()) / SOCKET
        check_path(self.path)
        self._socket = socket.socket(socket.AF_UNIX)
        try:
            self._socket.connect(str(self.path))
        except OSError:
            self._socket.close()
            raise EmuError(f"no router runs in {self.path.parent}: start one with emu/run or emu/headless") from None
        self._socket.settimeout(timeout)
        self._lines = self._socket.makefile("rb")

    def call(self, do, **values):
        _send(self._socket, {"do": do, **values})
        answer = self._receive()
        if not answer.pop("ok"):
            raise EmuError(answer["error"])
        return answer

    def events(self, kinds=None):
        """Iterate over events until the router goes away."""
        self.call("events", **({"kinds": kinds} if kinds else {}))
        while True:
            try:
                event = self._receive()
            except Timeout:
                raise
            except EmuError:
                return
            yield event

    def _receive(self):
        try:
            line = self._lines.readline()
        except TimeoutError:
            raise Timeout("the emulator does not answer") from None
        if not line:
            raise EmuError("the emulator has ended")
        return json.loads(line)

    def close(self):
        self._lines.close()
        self._socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def check_path(path):
    if len(os.fsencode(path)) > SUN_PATH_MAX:
        raise EmuError(f"{path} is too long for a socket: choose a run directory with a shorter path")


def _send(sock, message):
    sock.sendall(json.dumps(message).encode() + b"\n")
