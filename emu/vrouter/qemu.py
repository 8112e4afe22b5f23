"""A QEMU process and the channels to it: serial console, QMP (control), qtest (pins), trace log (LEDs)."""

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .errors import EmuError

# setpriv --pdeathsig ends QEMU with the *thread* that started it: one thread that lives as long as Python.
_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="qemu-starter")


class Qmp:
    """QEMU's control channel. `on_event(name, data)` is called in the reader's thread."""

    def __init__(self, sock, on_event):
        self._socket = sock
        self._lines = sock.makefile("rb")
        self._on_event = on_event
        self._lock = threading.Lock()
        self._answered = threading.Condition()
        self._answer = None
        self._closed = False
        threading.Thread(target=self._read, daemon=True, name="qmp").start()
        self("qmp_capabilities")

    def _read(self):
        while True:
            try:
                line = self._lines.readline()
            except OSError:
                line = b""
            message = json.loads(line) if line else {}
            if "event" in message:
                self._on_event(message["event"], message.get("data", {}))
            elif "QMP" not in message:
                with self._answered:
                    self._answer = message
                    self._closed = not line
                    self._answered.notify_all()
            if not line:
                return

    def __call__(self, command, **arguments):
        with self._lock, self._answered:
            self._answer = None
            message = {"execute": command, **({"arguments": arguments} if arguments else {})}
            try:
                self._socket.sendall(json.dumps(message).encode() + b"\n")
            except OSError:
                self._closed = True
            self._answered.wait_for(lambda: self._answer is not None or self._closed)
            if self._closed:
                raise EmuError("QEMU has ended: the router has no power")
            answer = self._answer
        if "error" in answer:
            raise EmuError(f"QEMU refuses {command}: {answer['error']['desc']}")
        return answer["return"]

    def monitor(self, line):
        return self("human-monitor-command", **{"command-line": line})


class Qtest:
    """QEMU's test channel beside the emulated CPU: sets the level of an input pin at any moment."""

    def __init__(self, sock):
        self._socket = sock
        self._lines = sock.makefile("rb")
        self._lock = threading.Lock()

    def command(self, line):
        with self._lock:
            try:
                self._socket.sendall(line.encode() + b"\n")
                answer = self._lines.readline().decode().strip()
            except OSError:
                answer = ""
        if not answer:
            raise EmuError("QEMU has ended: the router has no power")
        if not answer.startswith("OK"):
            raise EmuError(f"QEMU refuses {line!r}: {answer}")
        return answer[3:]

    def set_pin(self, device, line, level):
        # "unnamed-gpio-in" is how the protocol spells a device's default list of inputs
        self.command(f"set_irq_in {device} unnamed-gpio-in {line} {int(level)}")


class Qemu:
    """One power-on, started stopped: nothing runs before `go()`."""

    def __init__(self, program, package, args, run_dir, on_event, on_trace, trace, fds=()):
        if not shutil.which(program):
            raise EmuError(f"{program} is not installed: apt-get install {package}")
        self.run_dir = Path(run_dir)
        channels = {name: socket.socketpair() for name in ("serial", "qmp", "qtest")}
        theirs = {name: pair[1] for name, pair in channels.items()}
        fifo = self._fifo()
        trace_reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        argv = [program, *args, "-S", "-nodefaults", "-no-user-config", "-display", "none"]
        for name, sock in theirs.items():
            argv += ["-chardev", f"socket,id={name},fd={sock.fileno()}"]
        argv += ["-serial", "chardev:serial", "-mon", "chardev=qmp,mode=control"]
        argv += ["-qtest", "chardev:qtest", "-qtest-log", "/dev/null"]
        argv += ["-trace", trace, "-D", str(fifo), "-msg", "timestamp=on"]
        (self.run_dir / "qemu.cmdline").write_text("\n".join(argv) + "\n")
        pass_fds = [sock.fileno() for sock in theirs.values()] + list(fds)
        self.process = _starter.submit(self._start, argv, pass_fds).result()
        for sock in theirs.values():
            sock.close()
        self.serial_socket = channels["serial"][0]
        self._sockets = [pair[0] for pair in channels.values()]
        try:
            self.qmp = Qmp(channels["qmp"][0], on_event)
        except EmuError:
            os.close(trace_reader)
            raise EmuError(f"QEMU does not start: {self._last_words()}") from None
        self.qtest = Qtest(channels["qtest"][0])
        # Not before QEMU answers: a FIFO that nobody has opened for writing reads as ended
        self._trace_thread = threading.Thread(
            target=self._read_trace, args=(trace_reader, on_trace), daemon=True, name="trace"
        )
        self._trace_thread.start()

    def _fifo(self):
        path = self.run_dir / "trace"
        path.unlink(missing_ok=True)
        os.mkfifo(path)
        return path

    def _start(self, argv, pass_fds):
        with open(self.run_dir / "qemu.stderr", "wb") as errors:
            return subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *argv], stdin=subprocess.DEVNULL, stdout=errors,
                stderr=errors, pass_fds=pass_fds, start_new_session=True,
            )

    def _read_trace(self, fd, on_trace):
        os.set_blocking(fd, True)
        with open(fd, errors="replace") as lines:
            for line in lines:
                on_trace(line)

    def _last_words(self):
        self.process.wait()
        text = (self.run_dir / "qemu.stderr").read_text(errors="replace").strip()
        return text.splitlines()[-1] if text else f"exit code {self.process.returncode}"

    def go(self):
        while self.qmp("query-status")["status"] == "inmigrate":  # what save() wrote is still being read
            time.sleep(0.02)
        self.qmp("cont")

    def save(self, path):
        """Stop, and write memory and devices to a file, for the option -incoming."""
        self.qmp("stop")
        self.qmp("migrate", uri=f"exec:cat >'{path}'")
        while (state := self.qmp("query-migrate"))["status"] not in ("completed", "failed"):
            time.sleep(0.02)
        if state["status"] == "failed":
            raise EmuError(f"QEMU cannot keep this moment: {state.get('error-desc', 'it does not say why')}")

    def kill(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.reap()

    def reap(self, timeout=None):
        """Wait for the end of the process and of its trace, then let go of the channels."""
        self.process.wait(timeout)
        self._trace_thread.join(5)
        for sock in self._sockets:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()
        (self.run_dir / "trace").unlink(missing_ok=True)
