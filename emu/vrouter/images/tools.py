"""The programs of Debian that make file systems."""

import os
import subprocess

from ..errors import EmuError

# they are in /usr/sbin, which is not on every user's path
ENV = dict(os.environ, PATH=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def run(argv, data=b""):
    try:
        done = subprocess.run(argv, input=data, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except FileNotFoundError:
        raise EmuError(f"{argv[0]} is not installed: scripts/setup emu") from None
    if done.returncode:
        raise EmuError(f"{argv[0]} failed: {done.stdout.decode(errors='replace').strip()}")
