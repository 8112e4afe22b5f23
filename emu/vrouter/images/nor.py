"""The content of a NOR flash chip with the partitions of the board file."""

import hashlib

from ..board import ROOT
from ..errors import EmuError
from . import uboot

ERASED = b"\xff"


def build(board, root_image, out, _guest):
    """An image as large as the chip: erased where nothing is. No holes: they would read as 0."""
    storage = board.storage
    contents = {
        "root": root_image.read_bytes,
        "uboot-env": lambda: uboot.environment(uboot_env(board), storage["block_bytes"]),
        "slot-env": lambda: slot_env(storage),
        "boot-counter": lambda: uboot.boot_counter(1, 0, 1, 2),
        "calibration": lambda: calibration(storage["block_bytes"]),
    }
    chip = bytearray(ERASED * storage["size_bytes"])
    for part in storage["partition"]:
        if "holds" not in part:
            continue
        data = contents[part["holds"]]()
        room = min([part["size"], *(p["at"] - part["at"] for p in storage["partition"] if p["at"] > part["at"])])
        if len(data) > room:
            raise EmuError(f"{root_image.name} has {len(data)} bytes, its partition {part['name']} has room for {room}")
        chip[part["at"] : part["at"] + len(data)] = data
    out.write_bytes(chip)


def uboot_env(board):
    """The variables that the board file has itself, or those of the file that it names."""
    named = board.storage.get("uboot_env", {})
    return uboot.parse((ROOT / named).read_text(), named) if isinstance(named, str) else named


def slot_env(storage):
    """Two copies of a redundant environment, each at the start of an erase block; the first one is in use."""
    copies = [uboot.copy(storage["slot_env"], storage["copy_bytes"], flags) for flags in (1, 0)]
    return b"".join(copy.ljust(storage["block_bytes"], ERASED) for copy in copies)


def calibration(size):
    """What a maker measures once for each device: nothing can bring it back. The same bytes in each image."""
    return hashlib.shake_256(b"calibration").digest(size)


def partitions(board, _image):
    """{name: (offset_bytes, size_bytes)}"""
    return {part["name"]: (part["at"], part["size"]) for part in board.storage["partition"]}


def device_tree(board):
    """The chip in place of the machine's own node of both banks."""
    storage = board.storage
    base, size = storage["base"], storage["size_bytes"]
    parts = "".join(
        f'\t\t\tpartition-{index} {{ label = "{part["name"]}"; reg = <{part["at"]:#x} {part["size"]:#x}>;'
        f'{" read-only;" if part.get("read_only") else ""} }};\n'
        for index, part in enumerate(storage["partition"])
    )
    return f"""
/delete-node/ &{{/flash@0}};
/ {{
	flash@{base:x} {{
		compatible = "cfi-flash";
		reg = <0 {base:#x} 0 {size:#x}>;
		bank-width = <{storage["bank_width"]}>;
		partitions {{
			compatible = "fixed-partitions";
			#address-cells = <1>;
			#size-cells = <1>;
{parts}		}};
	}};
}};
"""
