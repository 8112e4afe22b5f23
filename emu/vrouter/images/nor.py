"""The content of a NOR flash chip with the partitions of the board file."""

import binascii
import hashlib

from ..errors import EmuError

ERASED = b"\xff"


def build(board, root_image, out, _guest):
    """An image as large as the chip: erased where nothing is. No holes: they would read as 0."""
    storage = board.storage
    contents = {
        "root": root_image.read_bytes,
        "uboot-env": lambda: uboot_env(storage["uboot_env"], storage["block_bytes"]),
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


def uboot_env(variables, size):
    """U-Boot's environment: CRC-32 of the rest, then NAME=VALUE strings, an empty one at their end."""
    text = b"".join(f"{name}={value}".encode() + b"\0" for name, value in variables.items()) + b"\0"
    rest = text.ljust(size - 4, ERASED)
    return binascii.crc32(rest).to_bytes(4, "little") + rest


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
