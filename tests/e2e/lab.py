"""A router on the bench: a Router with what a person does to it in words, and variants of its board."""

import functools
import hashlib
import json
import os
import subprocess
import time
from pathlib import Path

from vrouter import Blink, Router, Steady, Timeout, build_images, load_board
from vrouter.images import disk as disk_image

ROOT = Path(__file__).resolve().parents[2]
LONG = bool(os.environ.get("LIFEBOAT_LONG"))

ADDRESS = "192.168.1.1"
ROM_PASSWORD = "lifeboat"  # of root, in the squashfs of emu/guest
STATUS_LED = "green:status"
WINDOW = Blink(STATUS_LED, 100, 100)
FAILSAFE = Blink(STATUS_LED, 50, 50)
BOOTING = Blink(STATUS_LED, 200, 200)
RESCUE = Blink(STATUS_LED, 1000, 1000)
LIT = Steady(STATUS_LED, True)

ASKS_F = "Press the [f] key and hit [enter] to enter failsafe mode"
ASKS_LEVEL = "Press the [1], [2], [3] or [4] key and hit [enter] to select the debug level"

# Changes of the board file: what stands there, and what a test wants instead
FAST = {"seconds = 4": "seconds = 1"}
NO_WINDOW = {"seconds = 4": "seconds = 0"}
LOCKED = {'failsafe = "open"': 'failsafe = "locked"'}
OFF = {'failsafe = "open"': 'failsafe = "off"'}
DHCP = {"dhcp_server = false": "dhcp_server = true"}

SSH_OPTIONS = [
    "-F", "none", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=5", "-o", "GlobalKnownHostsFile=/dev/null",
    "-o", "IdentityAgent=none", "-o", "IdentitiesOnly=yes",
]
ANY_HOST = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
NO_QUESTIONS = ["-o", "BatchMode=yes", "-o", "IdentityFile=none"]
BY_PASSWORD = ["-o", "PreferredAuthentications=password", "-o", "NumberOfPasswordPrompts=1", "-o", "IdentityFile=none"]
READY_S = 40  # patience for what takes seconds: the machine may be busy with other tests


def board_file(*changes, board="virt-disk"):
    """The text of a board's file with these changes."""
    text = load_board(board).board_conf.read_text()
    for old, new in (pair for change in changes for pair in change.items()):
        assert text.count(old) == 1, f"{old!r} is not once in the board file"
        text = text.replace(old, new)
    return text


@functools.cache
def images(conf, board="virt-disk", **options):
    extra = {name: dict(value) for name, value in options.items() if name.endswith("_extra")}
    return build_images(board, board_conf=conf, **{**options, **extra})


class Bench(Router):
    """A router, and the person in front of it."""

    def __init__(self, *changes, board="virt-disk", conf=None, recorder=False, network=True, squashfs_extra=(), **image_options):
        conf = conf or board_file(*changes, board=board)
        options = {"squashfs_extra": squashfs_extra, **image_options}
        made = images(conf, board, **{name: tuple(dict(value).items()) if name.endswith("_extra") else value
                                      for name, value in options.items()})
        super().__init__(board, images=made, recorder=recorder, network=network)

    # --- console

    def says(self, pattern, timeout=READY_S):
        return self.serial.expect(pattern, timeout)

    def said(self, text):
        """Did the console show this since the last power-on?"""
        return text in self.console

    @property
    def console(self):
        return self.serial.text[self._began:].replace("\r", "")

    def power_on(self, append="", hold=(), moment=None):
        self._began = len(self.serial.text)
        super().power_on(append, hold, moment)

    def shell(self):
        """Take the shell that failsafe has on the serial console; returns a function that runs commands."""
        self.serial.send("\n")
        self.says(r"# (\x1b\[6n)?$")
        self.serial.run("stty -echo cols 999; dmesg -n 1")
        return self.sh

    def sh(self, command, timeout=READY_S):
        """Output of a command on the serial console, which must succeed."""
        code, text = self.serial.run(command, timeout)
        assert code == 0, f"{command!r} ends with {code}: {text}"
        return text

    # --- ways of booting

    def wait_window(self):
        """The window is open: returns when its last prompt came."""
        return self.says("select the debug level").t

    def wait_window_end(self, opened):
        """The window that opened then was missed: returns when the LED first was lit for longer than in a window."""
        return self.leds.wait_for(Steady(STATUS_LED, True, for_ms=150), READY_S, after=opened)

    def wait_failsafe(self):
        return self.says(r"^- failsafe -\r?$").t

    def to_failsafe(self, append=""):
        """Power on, straight into failsafe, where the way in is not what is tested."""
        self.power_on(f"failsafe=1 {append}")
        self.wait_failsafe()

    def to_up(self, login=False, append=""):
        self.power_on(append)
        self.wait_up(60)
        if login:
            self.serial.login(timeout=READY_S)

    def go_on(self):
        """Leave failsafe. The session ends with it, but not before ssh has its exit code."""
        self.ssh("lifeboat continue")
        return self.says(r"- continuing the normal boot -\r?$").t

    def off(self):
        """Switch off in an orderly way."""
        assert self.power_off(30), f"the system did not shut down:\n{self.serial.tail()}"

    # --- SSH

    def ssh_once(self, *words, options=(), address=ADDRESS, password=None, known_hosts=None):
        """One attempt: CompletedProcess."""
        how = BY_PASSWORD if password is not None else NO_QUESTIONS
        hosts = ["-o", "StrictHostKeyChecking=yes", "-o", f"UserKnownHostsFile={known_hosts}"] if known_hosts else ANY_HOST
        prefix = ["sshpass", "-p", password] if password is not None else []
        return self.pc([*prefix, "ssh", *options, *SSH_OPTIONS, *how, *hosts, f"root@{address}", *words])

    def ssh(self, *words, timeout=READY_S, **how):
        """Output of a command over SSH. Tries again as long as nobody listens yet."""
        done = self.ssh_answer(*words, timeout=timeout, **how)
        assert done.returncode == 0, f"ssh {words} ends with {done.returncode}: {done.stderr or done.stdout}"
        return done.stdout.rstrip("\n")

    def ssh_answer(self, *words, timeout=READY_S, **how):
        """The first attempt that meets a server: what the server thought of it."""
        end = time.monotonic() + timeout
        while True:
            done = self.ssh_once(*words, **how)
            silent = any(text in done.stderr for text in
                         ("Connection refused", "No route to host", "timed out", "Network is unreachable"))
            if done.returncode != 255 or not silent or time.monotonic() > end:
                return done
            time.sleep(0.2)

    def scp(self, *words, options=()):
        done = self.pc(["scp", *options, *SSH_OPTIONS, *NO_QUESTIONS, *ANY_HOST, *words])
        assert done.returncode == 0, f"scp {words}: {done.stderr}"

    def host_keys(self, to):
        """Write what ssh-keyscan sees to a known_hosts file; returns the fingerprint."""
        end = time.monotonic() + READY_S
        while not (keys := self.pc(["ssh-keyscan", "-T", "5", ADDRESS]).stdout) and time.monotonic() < end:
            time.sleep(0.2)
        Path(to).write_text(keys)
        shown = subprocess.run(["ssh-keygen", "-l", "-f", str(to)], stdout=subprocess.PIPE, text=True, check=True).stdout
        return shown.split()[1]

    def status(self):
        """`lifeboat status --json` over SSH, in failsafe."""
        return json.loads(self.ssh("lifeboat status --json"))

    # --- the rescue page

    def page(self, path="/", *words):
        """What a browser gets, header and all. Asks again as long as nobody answers yet."""
        done = self.pc(["curl", "-sS", "-i", "--max-time", str(READY_S), "--retry", "1000", "--retry-all-errors", "--retry-delay", "1",
                        "--retry-max-time", str(READY_S), *words, f"http://{ADDRESS}{path}"])
        assert done.returncode == 0, done.stderr
        return done.stdout.replace("\r", "")

    # --- disk

    def overlay_hash(self):
        off_bytes, size_bytes = self.overlay_area()
        with open(self.disk, "rb") as disk:
            disk.seek(off_bytes)
            return hashlib.sha256(disk.read(size_bytes)).hexdigest()

    def overlay_bytes(self, at, count):
        with open(self.disk, "rb") as disk:
            disk.seek(self.overlay_area()[0] + at)
            return disk.read(count)

    def damage(self, at, data, area=None):
        """Write into the disk while the power is off; `at` counts from the start of the overlay."""
        assert not self.powered
        start = self.overlay_area()[0] if area is None else area
        with open(self.disk, "r+b") as disk:
            disk.seek(start + at)
            disk.write(data)

    def keep_disk(self):
        """A copy of the disk as it is now, for put_disk()."""
        kept = self.run_dir / "disk.kept"
        disk_image.copy(self.disk, kept)
        return kept

    def put_disk(self, kept):
        disk_image.copy(kept, self.disk)

    # --- LEDs

    def led_rate(self, seconds, after):
        """Blinks per second of the status LED in this many seconds from `after`; waits until they are over."""
        while (left := after + seconds - self.now()) > 0:
            time.sleep(left)
        return self.leds.blink_hz(STATUS_LED, after, after + seconds)


def wait_until(condition, timeout=READY_S, what="it"):
    """Poll something that has no event of its own."""
    end = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > end:
            raise Timeout(f"{what} did not happen within {timeout} s")
        time.sleep(0.1)
    return value


def lifeline():
    """The PC tool, built for this machine."""
    path = ROOT / "build/src/lifeline/lifeline"
    assert path.is_file(), "lifeline is not built: scripts/build"
    return str(path)
