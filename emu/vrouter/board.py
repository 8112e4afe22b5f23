"""A board is data: emu/boards/NAME.toml read into plain objects."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from .errors import EmuError

EMU = Path(__file__).resolve().parent.parent
ROOT = EMU.parent
BOARDS = EMU / "boards"
LISTS = ("button", "led", "nic")


@dataclass(frozen=True)
class Line:
    """A button or an LED on a line of the board's pins (pins.py). `active` is the level at which it is pressed or
    lit; `qcode` is QEMU's name of the key, where the button is a key."""

    name: str
    line: int
    active: str
    key: str = ""
    code: int = 0
    colour: str = ""
    lamp: str = ""
    qcode: str = ""

    def level(self, active):
        return int(active) if self.active == "high" else int(not active)


@dataclass(frozen=True)
class Nic:
    name: str
    side: str  # namespace it is plugged into: "pc" or "wan"
    guest: str
    addr: str
    mac: str


@dataclass(frozen=True, eq=False)
class Board:
    """dataclasses.replace() makes a variant of it for a test."""

    name: str
    title: str
    arch: str
    compatible: tuple
    board_conf: Path
    machine: dict
    kernel: dict
    gpio: dict
    storage: dict
    usb: dict
    guest: dict
    firmware: dict = field(default_factory=dict)  # what runs before the kernel, if anything does
    buttons: dict = field(default_factory=dict)
    leds: dict = field(default_factory=dict)
    nics: tuple = ()


def board_names():
    return sorted(path.stem for path in BOARDS.glob("*.toml"))


def load_board(name):
    if isinstance(name, Board):
        return name
    path = BOARDS / f"{name}.toml"
    if not path.is_file():
        raise EmuError(f"there is no board {name!r}: choose one of {', '.join(board_names())}")
    return parse_board(path.read_text(), str(path))


def parse_board(text, where):
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as wrong:
        raise EmuError(f"{where}: {wrong}") from None
    if "like" in data:
        data = _merged(tomllib.loads((BOARDS / f"{data['like']}.toml").read_text()), data)
    try:
        return Board(
            name=data["name"],
            title=data["title"],
            arch=data["arch"],
            compatible=tuple(data["compatible"]),
            board_conf=ROOT / data["board_conf"],
            machine=data["machine"],
            kernel=data["kernel"],
            gpio=data["gpio"],
            storage=data["storage"],
            usb=data.get("usb", {}),
            guest=data.get("guest", {}),
            firmware=data.get("firmware", {}),
            buttons=_lines(data, "button", where),
            leds=_lines(data, "led", where),
            nics=tuple(Nic(**nic) for nic in data.get("nic", ())),
        )
    except KeyError as missing:
        raise EmuError(f"{where}: {missing.args[0]} is missing") from None
    except TypeError as unknown:
        raise EmuError(f"{where}: {unknown}") from None


def _merged(base, own):
    """A board that is like another one: its file has only what differs, table by table; buttons, LEDs and ports are added."""
    both = {**base, **own}
    for name, value in own.items():
        if isinstance(value, dict) and name in base:
            both[name] = {**base[name], **value}
        elif name in LISTS:
            both[name] = [*base.get(name, ()), *value]
    return both


def _lines(data, kind, where):
    lines = {}
    for entry in data.get(kind, ()):
        if entry.get("active") not in ("low", "high"):
            raise EmuError(f'{where}: {kind} {entry.get("name")}: active must be "low" or "high"')
        lines[entry["name"]] = Line(**entry)
    return lines
