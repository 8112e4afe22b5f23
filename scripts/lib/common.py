"""What the scripts of this folder share: where things are, and how a failure is said."""

import contextlib
import fcntl
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = "/usr/bin/python3"  # Debian's: the one that has Debian's pytest, whatever PATH says
JOBS = 2  # the smallest machine that the time limits are promised for


class Failure(Exception):
    """One sentence for the person at the terminal."""


def packages(group):
    rows = [line.split() for line in (ROOT / "scripts/packages").read_text().splitlines()]
    return [row[1] for row in rows if row[:1] == [group]]


@contextlib.contextmanager
def locked(name):
    """Two scripts at once must not write to one build directory."""
    folder = ROOT / ".cache"
    folder.mkdir(exist_ok=True)
    with open(folder / f"{name}.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"waiting for another run that uses '{name}'", file=sys.stderr, flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def run_main(name, main):
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit(f"{name}: {failure}")
    except KeyboardInterrupt:
        sys.exit(130)
