"""Which shared libraries an ELF program needs: its interpreter and the DT_NEEDED entries."""

import struct

PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
DT_NULL, DT_NEEDED, DT_STRTAB = 0, 1, 5


def needed(data):
    """(interpreter or "", [library names]) of a 64- or 32-bit little-endian ELF file; None for others."""
    if data[:4] != b"\x7fELF" or data[5] != 1:
        return None
    wide = data[4] == 2
    word = "<Q" if wide else "<I"
    head = struct.unpack_from("<QQQ" if wide else "<III", data, 24)
    size, count = struct.unpack_from("<HH", data, 54 if wide else 42)
    loads, dynamic, interpreter = [], None, ""
    for index in range(count):
        at = head[1] + index * size
        if wide:
            kind, _, offset, address, _, length = struct.unpack_from("<IIQQQQ", data, at)
        else:
            kind, offset, address, _, length = struct.unpack_from("<IIIII", data, at)
        if kind == PT_LOAD:
            loads.append((address, offset, length))
        elif kind == PT_DYNAMIC:
            dynamic = (offset, length)
        elif kind == PT_INTERP:
            interpreter = _string(data, offset)
    if dynamic is None:
        return interpreter, []
    step = struct.calcsize(word)
    names, strings = [], None
    for at in range(dynamic[0], sum(dynamic), 2 * step):
        tag, value = struct.unpack_from(word, data, at)[0], struct.unpack_from(word, data, at + step)[0]
        if tag == DT_NULL:
            break
        if tag == DT_NEEDED:
            names.append(value)
        elif tag == DT_STRTAB:
            strings = next(value - a + o for a, o, n in loads if a <= value < a + n)
    return interpreter, [_string(data, strings + name) for name in names]


def _string(data, at):
    return data[at : data.index(b"\0", at)].decode()
