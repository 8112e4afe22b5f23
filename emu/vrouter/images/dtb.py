"""The machine's own device tree with the board's buttons and LEDs in it."""

import re
import subprocess
import tempfile
from pathlib import Path

from ..errors import EmuError

DEBOUNCE_MS = 5  # OpenWrt's gpio-button-hotplug default: chatter is left to who reads the events
KEY_POWER = 116


def machine_args(board):
    return [*board.machine["args"], "-m", str(board.machine["memory_mib"])]


def build(board, out, more=""):
    """Write the device tree blob for exactly the machine that the board describes; `more` is further source."""
    with tempfile.TemporaryDirectory() as folder:
        dump = Path(folder) / "machine.dtb"
        args = machine_args(board)
        args[args.index("-M") + 1] += f",dumpdtb={dump}"
        _run([board.machine["qemu"], *args, "-nodefaults", "-display", "none"], board.machine["qemu_package"])
        text = _run(["dtc", "-q", "-I", "dtb", "-O", "dts", str(dump)], "device-tree-compiler")
        source = Path(folder) / "board.dts"
        source.write_text(edited(text, board) + more)
        _run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", str(out), str(source)], "device-tree-compiler")


def edited(text, board):
    """The decompiled tree `text` with the board's nodes. Raises EmuError if it has no GPIO controller."""
    found = re.search(rf'pl061@{board.gpio["base"]:x} \{{.*?\bphandle = <(0x[0-9a-f]+)>', text, re.S)
    if not found:
        raise EmuError(f"the machine of board {board.name} has no pl061 at {board.gpio['base']:#x}")
    text = re.sub(r"\n\tgpio-keys \{.*?\n\t\};\n", "\n", text, flags=re.S)
    # These differ from dump to dump. QEMU fills in a new rng-seed at every reset.
    text = re.sub(r"\t\tkaslr-seed = <[^>]*>;\n", "", text)
    text = re.sub(r"(\t\trng-seed = )<[^>]*>;", r"\1<0 0 0 0 0 0 0 0>;", text)
    return text + nodes(board, found.group(1))


def nodes(board, gpio):
    keys = [_key(b.name, gpio, b.line, b.active == "low", b.code) for b in board.buttons.values()]
    keys.append(_key("power", gpio, board.gpio["power_line"], False, KEY_POWER))
    leds = [_led(index, led, gpio) for index, led in enumerate(board.leds.values())]
    compatible = ", ".join(f'"{name}"' for name in board.compatible)
    return f"""
/ {{
	model = "{board.title}";
	compatible = {compatible};
	gpio-keys {{
		compatible = "gpio-keys";
{"".join(keys)}	}};
	leds {{
		compatible = "gpio-leds";
{"".join(leds)}	}};
}};
"""


def _key(name, gpio, line, active_low, code):
    return (
        f'\t\tkey-{name} {{ label = "{name}"; gpios = <{gpio} {line} {int(active_low)}>; '
        f"linux,code = <{code}>; debounce-interval = <{DEBOUNCE_MS}>; }};\n"
    )


def _led(index, led, gpio):
    flag = int(led.active == "low")
    return f'\t\tled-{index} {{ label = "{led.name}"; gpios = <{gpio} {led.line} {flag}>; default-state = "off"; }};\n'


def _run(argv, package):
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    except FileNotFoundError:
        raise EmuError(f"{argv[0]} is not installed: apt-get install {package}") from None
    if done.returncode:
        raise EmuError(f"{argv[0]} failed: {done.stderr.strip()}")
    return done.stdout
