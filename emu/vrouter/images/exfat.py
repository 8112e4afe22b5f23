"""Files into the top folder of an exFAT that mkfs.exfat has made: nothing of Debian copies them there without mounting it.

Microsoft's exFAT specification, sections 3.1 (boot sector), 6 and 7 (entries of folders)."""

ENTRY = 32
IN_ROW = 0x02 | 0x01  # "NoFatChain": the clusters follow each other, no table says so


class _Volume:
    def __init__(self, data):
        def number(at, size):
            return int.from_bytes(data[at : at + size], "little")

        self.data = data
        sector, per_cluster = 1 << data[108], 1 << data[109]
        self.cluster_bytes = sector * per_cluster
        self.fat_at, self.heap_at = number(80, 4) * sector, number(88, 4) * sector
        self.cluster_count, self.root = number(92, 4), number(96, 4)
        self.bitmap = self.at(self._bitmap_cluster())
        self.used = next(n for n in range(self.cluster_count - 1, -1, -1) if self.data[self.bitmap + n // 8] >> n % 8 & 1) + 1

    def at(self, cluster):
        return self.heap_at + (cluster - 2) * self.cluster_bytes

    def _bitmap_cluster(self):
        root = self.at(self.root)
        for at in range(root, root + self.cluster_bytes, ENTRY):
            if self.data[at] == 0x81:
                return int.from_bytes(self.data[at + 20 : at + 24], "little")
        raise AssertionError("this exFAT has no bitmap of its clusters")

    def take(self, size):
        """The first of as many free clusters in a row as that takes."""
        first, count = self.used, -(-size // self.cluster_bytes)
        assert first + count <= self.cluster_count, "the stick is too small"
        for n in range(first, first + count):
            self.data[self.bitmap + n // 8] |= 1 << n % 8
        self.used += count
        return first + 2


def _checksum(entries):
    total = 0
    for i, byte in enumerate(entries):
        if i not in (2, 3):
            total = ((total << 15 | total >> 1) + byte) & 0xFFFF
    return total


def _name_hash(name):
    total = 0
    for byte in name.upper().encode("utf-16-le"):
        total = ((total << 15 | total >> 1) + byte) & 0xFFFF
    return total


def _entries(name, size, cluster):
    pieces = [name[i : i + 15] for i in range(0, len(name), 15)]
    date = ((2026 - 1980) << 9 | 1 << 5 | 1) << 16
    file = bytearray(ENTRY)
    file[0], file[1], file[4] = 0x85, 1 + len(pieces), 0x20
    for at in (8, 12, 16):
        file[at : at + 4] = date.to_bytes(4, "little")
    stream = bytearray(ENTRY)
    stream[0], stream[1], stream[3] = 0xC0, IN_ROW, len(name)
    stream[4:6] = _name_hash(name).to_bytes(2, "little")
    stream[8:16] = stream[24:32] = size.to_bytes(8, "little")
    stream[20:24] = cluster.to_bytes(4, "little")
    names = b"".join(b"\xc1\0" + piece.encode("utf-16-le").ljust(30, b"\0") for piece in pieces)
    whole = bytearray(file + stream + names)
    whole[2:4] = _checksum(whole).to_bytes(2, "little")
    return whole


def add_files(image, paths):
    """`image`: the path of the file system. Names are ASCII; no file is empty."""
    data = bytearray(image.read_bytes())
    volume = _Volume(data)
    root = volume.at(volume.root)
    at = next(at for at in range(root, root + volume.cluster_bytes, ENTRY) if data[at] == 0)
    for path in paths:
        content = path.read_bytes()
        cluster = volume.take(len(content))
        data[volume.at(cluster) : volume.at(cluster) + len(content)] = content
        entries = _entries(path.name, len(content), cluster)
        assert at + len(entries) <= root + volume.cluster_bytes, "too many files"
        data[at : at + len(entries)] = entries
        at += len(entries)
    image.write_bytes(data)
