"""A file tree as the image of a root file system: squashfs, EROFS, or ext4 and btrfs for boards without an overlay."""

import hashlib
import stat
import tempfile
from pathlib import Path

from .tools import run

EXT4_MIB = 64  # the system takes 30 of them


def squashfs(tree, out):
    # zstd at a low level: the guest decompresses in an emulated CPU, and a build should be quick
    argv = ["mksquashfs", "-", str(out), "-tar", "-comp", "zstd", "-Xcompression-level", "6", "-b", "128K",
            "-root-mode", "755", "-quiet", "-no-progress", "-all-time", "0", "-mkfs-time", "0"]
    Path(out).unlink(missing_ok=True)
    run(argv, tree.tar())


def erofs(tree, out):
    """LZ4 is what Debian's kernel has for it. mkfs.erofs 1.5 takes a folder only: devices are left out, for an ordinary
    user cannot make them, and /dev is the kernel's own devtmpfs."""
    with tempfile.TemporaryDirectory() as folder:
        _write(tree, Path(folder))
        Path(out).unlink(missing_ok=True)
        run(["mkfs.erofs", "-zlz4hc", "-T0", "-U00000000-0000-0000-0000-000000000001", "--all-root", "--quiet",
              str(out), folder])


def ext4(tree, out):
    """mkfs.ext4 fills the image from a folder; debugfs then sets what an ordinary user could not."""
    with tempfile.TemporaryDirectory() as folder:
        _write(tree, Path(folder))
        fixes = []
        for path, entry in tree.sorted():
            if stat.S_ISCHR(entry.mode):
                major, minor = entry.device
                fixes += [f"cd /{Path(path).parent}", f"mknod {Path(path).name} c {major} {minor}", "cd /"]
            fixes += [f"sif /{path} mode 0{entry.mode:o}", f"sif /{path} uid 0", f"sif /{path} gid 0"]
        Path(out).unlink(missing_ok=True)
        run(["mkfs.ext4", "-q", "-F", "-E", "root_owner=0:0", "-d", folder, str(out), f"{EXT4_MIB}M"])
        script = Path(folder) / ".debugfs"
        script.write_text("\n".join(fixes) + "\n")
        run(["debugfs", "-w", "-f", str(script), str(out)])


def image_on_ext4(image, out):
    """A file system that holds an image as /images/root.img, and its SHA-256 beside it."""
    with tempfile.TemporaryDirectory() as folder:
        inside = Path(folder) / "images"
        inside.mkdir()
        data = image.read_bytes()
        (inside / "root.img").write_bytes(data)
        (inside / "root.img.sha256").write_text(f"{hashlib.sha256(data).hexdigest()}  root.img\n")
        Path(out).unlink(missing_ok=True)
        mib = (len(data) >> 20) + 16
        run(["mkfs.ext4", "-q", "-F", "-E", "root_owner=0:0", "-d", folder, str(out), f"{mib}M"])


def archive(tree, out):
    """For a btrfs, which the guest's kernel fills (sdcard.py)."""
    out.write_bytes(tree.tar())


MAKERS = {"squashfs": squashfs, "erofs": erofs, "ext4": ext4, "btrfs": archive}


def _write(tree, folder):
    """The tree as real files, all but its devices."""
    folder.chmod(0o755)
    for path, entry in tree.sorted():
        real = folder / path
        if stat.S_ISDIR(entry.mode):
            real.mkdir(exist_ok=True)
        elif stat.S_ISLNK(entry.mode):
            real.symlink_to(entry.target)
        elif stat.S_ISREG(entry.mode):
            real.write_bytes(entry.data)
        if stat.S_ISDIR(entry.mode) or stat.S_ISREG(entry.mode):
            real.chmod(stat.S_IMODE(entry.mode))
