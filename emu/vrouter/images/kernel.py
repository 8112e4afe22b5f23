"""A PC's kernel without its own unpacking: QEMU starts the ELF file inside a bzImage through its PVH entry."""

import lzma
import struct

from ..errors import EmuError

# Linux' boot protocol (Documentation/x86/boot.rst)
SETUP_SECTORS_AT, MAGIC_AT, PAYLOAD_AT = 0x1F1, 0x202, 0x248
SECTOR = 512


def unpack(packed, out):
    """Write the ELF kernel in the bzImage `packed` to `out`."""
    image = packed.read_bytes()
    if image[MAGIC_AT : MAGIC_AT + 4] != b"HdrS":
        raise EmuError(f"{packed} is no bzImage: take kernel.boot out of the board file")
    start, length = struct.unpack_from("<II", image, PAYLOAD_AT)
    start += ((image[SETUP_SECTORS_AT] or 4) + 1) * SECTOR
    try:
        elf = lzma.LZMADecompressor().decompress(image[start : start + length])
    except lzma.LZMAError:
        raise EmuError(f"{packed} is not packed with xz: take kernel.boot out of the board file") from None
    out.write_bytes(elf)
