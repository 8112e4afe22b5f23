"""The content of a NAND flash with UBI on it: formatted once by the guest's own kernel, which knows its ECC."""

import tempfile
import time
from pathlib import Path

from ..errors import EmuError, Timeout
from ..qemu import Qemu
from ..serial import Serial
from .dtb import machine_args

FORMAT_S = 120  # patience: 5 s on an idle machine
CHUNK = 1 << 20


def build(board, root_image, out, guest):
    """An erased flash with a page's spare bytes behind each page, then UBI with the board's volumes."""
    storage = board.storage
    left = storage["pages"] * (storage["page_bytes"] + storage["spare_bytes"])
    with open(out, "wb") as flash:
        while left:
            left -= flash.write(b"\xff" * min(left, CHUNK))
    with tempfile.TemporaryDirectory() as folder:
        initramfs = Path(folder) / "format.cpio"
        initramfs.write_bytes(guest.formatter({"rootfs.img": root_image}, volumes_script(storage["volume"])).cpio())
        _format(board, guest.kernel, initramfs, out, Path(folder))


def volumes_script(volumes):
    """Shell commands that make the volumes on /dev/ubi0, in the order of the board file."""
    lines = []
    for number, volume in enumerate(volumes):
        size = f"-s {volume['kib']}KiB" if "kib" in volume else "-m"
        lines.append(f"ubimkvol /dev/ubi0 -n {number} -N {volume['name']} -t {volume.get('type', 'dynamic')} {size}")
        if volume.get("holds") == "root":
            lines.append(f"ubiupdatevol /dev/ubi0_{number} /rootfs.img")
    return "\n".join(lines) + "\n"


def _format(board, kernel, initramfs, flash, run_dir):
    args = [*machine_args(board), "-kernel", str(kernel), "-initrd", str(initramfs),
            "-append", board.kernel["cmdline"],
            "-blockdev", f"driver=raw,node-name=disk,file.driver=file,file.filename={flash},file.cache.no-flush=on",
            "-device", f"virtio-blk-pci,drive=disk,addr={board.storage['addr']}"]
    began = time.monotonic()
    serial = Serial(run_dir / "serial.log", lambda: time.monotonic() - began)
    qemu = Qemu(board.machine["qemu"], board.machine["qemu_package"], args, run_dir, lambda *_: None, lambda _: None,
                "pl061_set_output")
    try:
        reader = serial.attach(qemu.serial_socket)
        qemu.go()
        done = serial.expect(r"^format: (done|failed)\r?$", FORMAT_S).group(1) == "done"
    except Timeout:
        done = False
    finally:
        qemu.kill()
        reader.join(5)
        serial.close()
    if not done:
        raise EmuError(f"the NAND flash of {board.name} cannot be formatted; the console ends with:\n{serial.tail()}")


def partitions(board, _image):
    """{name: (offset_bytes, size_bytes)} of the MTD partitions, spare bytes included. Where UBI keeps a volume
    only UBI knows."""
    storage = board.storage
    page = storage["page_bytes"] + storage["spare_bytes"]
    boot = storage["boot_pages"] * page
    return {"boot": (0, boot), "ubi": (boot, storage["pages"] * page - boot)}
