"""A file tree in memory: root owns everything in it. Written out as an initramfs or a tar."""

import io
import stat
import tarfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    mode: int  # type and permission bits, as st_mode
    data: bytes = b""
    target: str = ""
    device: tuple = (0, 0)


class Tree:
    """Paths are relative to the root of the tree; directories above a path come by themselves."""

    def __init__(self):
        self.entries = {}

    def __contains__(self, path):
        return path.strip("/") in self.entries

    def _put(self, path, entry):
        path = path.strip("/")
        parent = path.rpartition("/")[0]
        if parent and parent not in self.entries:
            self.dir(parent)
        self.entries[path] = entry

    def dir(self, path, mode=0o755):
        self._put(path, Entry(stat.S_IFDIR | mode))

    def file(self, path, data, mode=0o644):
        self._put(path, Entry(stat.S_IFREG | mode, data=data.encode() if isinstance(data, str) else data))

    def link(self, path, target):
        self._put(path, Entry(stat.S_IFLNK | 0o777, target=target))

    def chardev(self, path, major, minor, mode=0o600):
        self._put(path, Entry(stat.S_IFCHR | mode, device=(major, minor)))

    def chmod(self, path, mode):
        path = path.strip("/")
        old = self.entries[path]
        self.entries[path] = Entry(stat.S_IFMT(old.mode) | mode, old.data, old.target, old.device)

    def add_folder(self, folder, below=""):
        """Copy what is below a real folder; only the executable bit of a file's mode is kept."""
        folder = Path(folder)
        for path in sorted(folder.rglob("*")):
            name = "/".join(part for part in (below, path.relative_to(folder).as_posix()) if part)
            if path.is_symlink():
                self.link(name, str(path.readlink()))
            elif path.is_dir():
                if name not in self:
                    self.dir(name)
            else:
                self.file(name, path.read_bytes(), 0o755 if path.stat().st_mode & 0o100 else 0o644)

    def add_extra(self, extra):
        """What a caller puts in: {path: bytes | str | Path}; a file that starts with #! is executable."""
        for name, content in extra.items():
            data = content.read_bytes() if isinstance(content, Path) else content
            data = data.encode() if isinstance(data, str) else data
            runs = data[:2] == b"#!" or data[:4] == b"\x7fELF"
            self.file(name, data, 0o755 if runs else 0o644)

    def sorted(self):
        """Parents before their children."""
        return sorted(self.entries.items(), key=lambda item: item[0].split("/"))

    def cpio(self):
        """The tree as an uncompressed newc archive."""
        out = io.BytesIO()
        for inode, (path, entry) in enumerate(self.sorted(), start=1):
            body = entry.target.encode() if stat.S_ISLNK(entry.mode) else entry.data
            _newc(out, inode, path, entry.mode, body, entry.device)
        _newc(out, 0, "TRAILER!!!", 0, b"", (0, 0))
        return out.getvalue()

    def tar(self):
        out = io.BytesIO()
        kinds = {stat.S_IFDIR: tarfile.DIRTYPE, stat.S_IFLNK: tarfile.SYMTYPE, stat.S_IFCHR: tarfile.CHRTYPE}
        with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
            for path, entry in self.sorted():
                info = tarfile.TarInfo(path)
                info.mode = stat.S_IMODE(entry.mode)
                info.type = kinds.get(stat.S_IFMT(entry.mode), tarfile.REGTYPE)
                info.size = len(entry.data)
                info.linkname = entry.target
                info.devmajor, info.devminor = entry.device
                archive.addfile(info, io.BytesIO(entry.data))
        return out.getvalue()


def _newc(out, inode, path, mode, body, device):
    name = path.encode() + b"\0"
    links = 2 if stat.S_ISDIR(mode) else 1
    fields = (inode, mode, 0, 0, links, 0, len(body), 0, 0, *device, len(name), 0)
    out.write(b"070701" + b"".join(b"%08X" % value for value in fields) + name)
    out.write(b"\0" * (-out.tell() % 4))
    out.write(body)
    out.write(b"\0" * (-out.tell() % 4))
