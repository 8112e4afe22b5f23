"""The serial console: everything that came out of it, with the time at which it came."""

import bisect
import codecs
import re
import threading
import time

from .errors import EmuError, Timeout

TAIL_CHARS = 1500


class Seen:
    """What `expect` found: a match, and the time of its last character in seconds since power-on."""

    def __init__(self, match, t):
        self.match = match
        self.t = t

    def group(self, *which):
        return self.match.group(*which)


class Serial:
    """One object for all the power cycles of a router. `clock()` gives the seconds since power-on."""

    def __init__(self, log_path, clock):
        self.text = ""
        self._starts, self._times = [], []  # offset in text and time of every piece
        self._at = 0  # where the next expect starts
        self._changed = threading.Condition()
        self._listeners = []
        self._clock = clock
        self._log = open(log_path, "ab", buffering=0)
        self._socket = None
        self._open = False

    def attach(self, sock):
        """A new power-on: what was not read of the earlier ones is passed over."""
        with self._changed:
            if self.text and not self.text.endswith("\n"):  # a power cut in mid-line: the next one starts afresh
                self._starts.append(len(self.text))
                self._times.append(self._clock())
                self.text += "\n"
            self._socket, self._open, self._at = sock, True, len(self.text)
        thread = threading.Thread(target=self._read, args=(sock,), daemon=True, name="serial")
        thread.start()
        return thread

    def _read(self, sock):
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while True:
            try:
                data = sock.recv(65536)
            except OSError:
                data = b""
            t = self._clock()
            text = decoder.decode(data)
            with self._changed:
                if data:
                    self._starts.append(len(self.text))
                    self._times.append(t)
                    self.text += text
                    self._log.write(data)
                elif sock is self._socket:
                    self._open = False
                self._changed.notify_all()
            if not data:
                return
            for listener in list(self._listeners):
                listener(t, text)

    def subscribe(self, listener):
        """Call `listener(t, text)` in the reader's thread for every piece that comes in."""
        self._listeners.append(listener)

    def unsubscribe(self, listener):
        self._listeners.remove(listener)

    def send(self, text):
        if not self._open:
            raise EmuError("the router has no power: nothing listens on its serial console")
        self._socket.sendall(text.encode() if isinstance(text, str) else text)

    def expect(self, pattern, timeout=30):
        """Wait for a regular expression after the last match. Raises Timeout with the end of the console."""
        regex = re.compile(pattern, re.S | re.M)
        end = time.monotonic() + timeout
        with self._changed:
            while True:
                if match := regex.search(self.text, self._at):
                    self._at = match.end()
                    return Seen(match, self.time_of(max(match.end() - 1, match.start())))
                left = end - time.monotonic()
                if left <= 0 or not self._open:
                    why = f"not within {timeout:g} s" if self._open else "the power went off before"
                    raise Timeout(f"expected {pattern!r} on the console: {why}. It ends with:\n{self.tail()}")
                self._changed.wait(left)

    def skip(self):
        """Let the next expect start behind all that has come so far."""
        with self._changed:
            self._at = len(self.text)

    def time_of(self, offset):
        """When the character at this offset of `text` came, in seconds since its power-on."""
        return self._times[max(bisect.bisect_right(self._starts, offset) - 1, 0)]

    def tail(self, chars=TAIL_CHARS):
        return self.text[-chars:].replace("\r", "")

    def login(self, user="root", password="lifeboat", timeout=20):
        """Log in at the login prompt, which may have been printed already."""
        self.send("\n")
        self.expect(r"login: ", timeout)  # what is logged meanwhile may follow on the same line
        self.send(f"{user}\n")
        self.expect(r"Password: ", timeout)
        self.send(f"{password}\n")
        self.expect(r"[#$] (\x1b\[6n)?$", timeout)  # ash asks the terminal for its width
        self.run("stty -echo cols 999; dmesg -n 1")

    def run(self, command, timeout=30):
        """Run a command line in the shell on the console: (exit code, output).

        Start something in the background as "(job &)": busybox' shell takes the end of a job of its own for the
        end of its input, and logs out."""
        # The shell joins the marks: the echo of the line typed does not hold them.
        self.skip()
        self.send(f'echo "__""in__"; {{ {command}\n}}; echo "__""rc=$?__"\n')
        begin = self.expect(r"__in__\r?\n", timeout).match.end()
        seen = self.expect(r"__rc=(\d+)__\r?\n", timeout)
        return int(seen.group(1)), self.text[begin : seen.match.start()].replace("\r", "").rstrip("\n")

    def close(self):
        self._log.close()
