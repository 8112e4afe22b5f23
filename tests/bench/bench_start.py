"""What it costs to start the program: every applet pays it, and PID 1 pays it before the window opens."""

import platform
import subprocess
from pathlib import Path

from bench import compare, seconds

ARCH = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
LIFEBOAT = Path(__file__).resolve().parents[2] / f"build-{ARCH}/lifeboat"


def start(*argv):
    return lambda: seconds(lambda: subprocess.run(argv, check=True, stdout=subprocess.DEVNULL))


if __name__ == "__main__":
    compare("start", ("lifeboat --version", start(LIFEBOAT, "--version")), ("/bin/true", start("/bin/true")), pairs=200)
