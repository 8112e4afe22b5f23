"""A run of the guest's own kernel that fills a storage device while images are built."""

import tempfile
import time
from pathlib import Path

from ..errors import EmuError, Timeout
from ..qemu import Qemu
from ..serial import Serial
from .dtb import machine_args

FORMAT_S = 600  # patience: 5 s on an idle machine, minutes on one that compiles


def run(board, guest, tree, image, device_args):
    """Boots `tree` with `image` behind the node "disk"; its script says "format: done", or that it failed."""
    with tempfile.TemporaryDirectory() as folder:
        run_dir = Path(folder)
        initramfs = run_dir / "format.cpio"
        initramfs.write_bytes(tree.cpio())
        args = [*machine_args(board), "-kernel", str(guest.kernel), "-initrd", str(initramfs),
                "-append", board.kernel["cmdline"],
                "-blockdev", f"driver=raw,node-name=disk,file.driver=file,file.filename={image},file.cache.no-flush=on",
                *device_args]
        if not _is_done(board, args, run_dir):
            raise EmuError(f"the storage of {board.name} cannot be formatted; the console ends with:\n"
                           f"{(run_dir / 'serial.log').read_text(errors='replace')[-2000:]}")


def _is_done(board, args, run_dir):
    began = time.monotonic()
    serial = Serial(run_dir / "serial.log", lambda: time.monotonic() - began)
    qemu = Qemu(board.machine["qemu"], board.machine["qemu_package"], args, run_dir, lambda *_: None, lambda _: None,
                "pl061_set_output")
    try:
        reader = serial.attach(qemu.serial_socket)
        qemu.go()
        return serial.expect(r"^format: (done|failed)\r?$", FORMAT_S).group(1) == "done"
    except Timeout:
        return False
    finally:
        qemu.kill()
        reader.join(5)
        serial.close()
