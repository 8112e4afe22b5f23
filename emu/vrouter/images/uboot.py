"""U-Boot before the kernel: its program in the first flash bank, its environment, and the state that its scripts keep."""

import binascii
import re
import struct

from ..errors import EmuError
from . import packages

ERASED = b"\xff"
MAGIC = 0x20110811  # of an entry of a Linksys boot counter


def firmware(board, out):
    """The first flash bank, which QEMU wants to be full: Debian's U-Boot, then nothing."""
    wanted = board.firmware
    program = packages.unpacked(board.arch, [wanted["package"]]) / wanted["file"]
    if not program.exists():
        raise EmuError(f"the package {wanted['package']} holds no {wanted['file']}: correct firmware of {board.name}")
    with open(out, "wb") as bank:
        bank.write(program.read_bytes())
        bank.truncate(wanted["size_bytes"])


def parse(text, where):
    """{name: value} of a file in which indented lines go on with the variable above them."""
    variables, name = {}, None
    for number, line in enumerate(text.splitlines(), 1):
        words = line.strip()
        if not words or words.startswith("#"):
            continue
        found = re.match(r"([A-Za-z]\w*)=(.*)", line)
        if found:
            name = found.group(1)
            variables[name] = found.group(2).strip()
        elif line[0].isspace() and name:
            variables[name] = f"{variables[name]} {words}".strip()
        else:
            raise EmuError(f"{where}:{number}: this is neither NAME=VALUE nor an indented line after one")
    return variables


def environment(variables, size):
    """One environment: CRC-32 of the rest, then NAME=VALUE strings, an empty one at their end."""
    rest = _text(variables, size - 4)
    return _crc(rest) + rest


def copy(variables, size, flags):
    """One copy of a redundant environment; `flags`: 1 in use, 0 the older one. The CRC does not cover them."""
    rest = _text(variables, size - 5)
    return _crc(rest) + bytes([flags]) + rest


def read_copy(data):
    """(flags, {name: value}) of a copy, or None if it is damaged."""
    if data[:4] != _crc(data[5:]):
        return None
    strings = data[5:].split(b"\0\0", 1)[0].decode(errors="replace").split("\0")
    return data[4], dict(string.split("=", 1) for string in strings if "=" in string)


def boot_counter(*counts):
    """The log of a Linksys boot loader: each boot that was begun, and each that was called good (0)."""
    return b"".join(struct.pack("<III", MAGIC, count, MAGIC + count) + ERASED * 4 for count in counts)


def read_boot_counter(data):
    """The counts in such a log."""
    found = []
    for at in range(0, len(data), 16):
        magic, count, checksum = struct.unpack_from("<III", data, at)
        if (magic, checksum) != (MAGIC, MAGIC + count):
            break
        found.append(count)
    return found


def _text(variables, size):
    # U-Boot has no empty variables: setting one to nothing removes it
    text = b"".join(f"{name}={value}".encode() + b"\0" for name, value in variables.items() if value) + b"\0"
    if len(text) > size:
        raise EmuError(f"the environment has {len(text)} bytes, there is room for {size}")
    return text.ljust(size, ERASED)


def _crc(data):
    return binascii.crc32(data).to_bytes(4, "little")
