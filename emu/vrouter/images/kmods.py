"""Kernel modules in an order in which insmod can load them, without depmod."""

from pathlib import Path

from ..errors import EmuError


def _plain(name):
    return name.replace("-", "_")


def depends(data):
    """The hard dependencies that a .ko names in its .modinfo section."""
    at = data.find(b"\0depends=")
    if at < 0:
        return []
    text = data[at + 9 : data.index(b"\0", at + 9)].decode()
    return [name for name in text.split(",") if name]


def load_order(folder, names, soft, own=None):
    """Paths of .ko files below lib/modules/VERSION: `names` and all that they need, needed ones first.

    What is built into the kernel is left out. `soft` adds dependencies that only show at run time, the folder
    `own` modules that the kernel's package does not have."""
    folder = Path(folder)
    files = {_plain(path.stem): path for path in (folder / "kernel").rglob("*.ko")}
    files |= {_plain(path.stem): path for path in own.glob("*.ko")} if own else {}
    builtin = {_plain(Path(line).stem) for line in (folder / "modules.builtin").read_text().split()}
    soft = {_plain(name): wanted for name, wanted in soft.items()}
    order = []

    def add(name):
        name = _plain(name)
        if name in builtin:
            return
        if name not in files:
            raise EmuError(f"this kernel has no module {name}: correct the board's list of modules")
        if files[name] in order:
            return
        for other in [*depends(files[name].read_bytes()), *soft.get(name, ())]:
            add(other)
        order.append(files[name])

    for name in names:
        add(name)
    return order
