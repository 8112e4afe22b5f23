"""Start programs so that none of them, and nothing that they start, outlives this script.

Every program gets a process group of its own, and this process adopts what its descendants leave
behind (a "subreaper"): even a daemon that left its group is found and ended.
"""

import ctypes
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
GRACE_S = 5  # after SIGTERM: time for QEMU and pytest to clean up behind themselves

_stopping = threading.Event()


class Stopped(Exception):
    """A signal asked this script to end."""


def prepare():
    """Call once, in the main thread, before anything is started."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")

    def stop(number, frame):
        if not _stopping.is_set():
            _stopping.set()
            raise Stopped(number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def run(argv, log, env=None, cwd=None, limit_s=600):
    """Run to the end, output to the file `log`. Returns the exit code, or None when it took too long."""
    if _stopping.is_set():
        raise Stopped(0)
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab") as out:
        child = subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                 env=env, cwd=cwd, start_new_session=True)
    try:
        if _stopping.is_set():  # the signal came while the child was being started
            raise Stopped(0)
        return child.wait(timeout=limit_s)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if child.poll() is None:
            _signal(child.pid, signal.SIGTERM, group=True)
            try:
                child.wait(timeout=GRACE_S)
            except subprocess.TimeoutExpired:
                _signal(child.pid, signal.SIGKILL, group=True)
                child.wait()


def _signal(pid, number, group=False):
    try:
        (os.killpg if group else os.kill)(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def _stat(pid):
    """(parent, state, name) or None when the process is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    name = text[text.index("(") + 1:text.rindex(")")]
    state, parent = text[text.rindex(")") + 2:].split()[:2]
    return int(parent), state, name


def descendants():
    """{pid: name} of all that runs below this process, zombies left out."""
    parents, names = {}, {}
    for pid in (int(entry) for entry in os.listdir("/proc") if entry.isdigit()):
        found = _stat(pid)
        if found:
            parents[pid], names[pid] = found[0], None if found[1] in "ZX" else found[2]

    def is_below(pid):
        while pid in parents:
            pid = parents[pid]
            if pid == os.getpid():
                return True
        return False

    return {pid: name for pid, name in names.items() if name and is_below(pid)}


def leftovers(wait_s=2):
    """What still runs after a suite, once it had a moment to end."""
    end = time.monotonic() + wait_s
    while (found := descendants()) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def end_all():
    """End everything below this process: politely first."""
    for number, wait_s in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, GRACE_S)):
        for pid in descendants():
            _signal(pid, number)
        if not leftovers(wait_s):
            break
