"""The two file trees of the guest: what is in the initramfs, and what is in the root file system."""

import re
import tomllib

from ..board import EMU, ROOT
from ..errors import EmuError
from . import kbuild, kmods, packages
from .tree import Tree

GUEST = EMU / "guest"
MODULE_FOLDER = "lib/modules/lifeboat"
MODULE_LIST = "etc/lifeboat/modules"
BOARD_FILE = "etc/lifeboat/board.conf"
MODES = ("initramfs", "init", "plain")
# What a kernel with built-in drivers would bring: enough to mount the squashfs and exec from it
BUILTIN_MODULES = ["virtio_pci", "virtio_blk", "squashfs"]


class Guest:
    """Everything that the trees are made of; `packages_folder` holds the unpacked Debian packages."""

    def __init__(self, board, lifeboat, board_conf, root="squashfs"):
        self.board = board
        self.root_modules = board.kernel.get("modules_of", {}).get(root, [])
        self.modules = [*board.kernel["modules"], *self.root_modules]
        self.data = tomllib.loads((GUEST / "guest.toml").read_text())
        wanted = [board.kernel["package"], *self.data["packages"], *board.guest.get("packages", ())]
        self.folder = packages.unpacked(board.arch, wanted)
        self.programs = packages.Programs(self.folder)
        self.lifeboat = lifeboat
        self.board_conf = board_conf
        self.kernel = self._one("boot/vmlinuz-*")
        self.modules_folder = self._one("lib/modules/*")
        self.own_modules = kbuild.modules(board, self.modules_folder.name)

    def _one(self, pattern):
        found = sorted(self.folder.glob(pattern))
        if not found:
            raise EmuError(f"the kernel package holds no {pattern}: correct kernel.package of the board")
        return found[-1]

    def initramfs(self, mode, extra):
        tree = _tree(["dev", "proc", "sys", "tmp", "run", "rom", "overlay", "mnt"])
        tree.chardev("dev/console", 5, 1)
        if mode == "initramfs":
            self._put_rescue(tree)
            for source, target in self.board.guest.get("rescue_programs", {}).items():
                self.programs.put(tree, source, target)
            self._put_lifeboat(tree)
            tree.link("init", "sbin/lifeboat")
            self._put_modules(tree, self.modules)
        else:
            self._put_busybox(tree)
            kernel = self.board.kernel
            names = self.modules if mode == "plain" else [*kernel.get("builtin", BUILTIN_MODULES), *self.root_modules]
            self._put_modules(tree, names)
            self._put_storage(tree)
            tree.file("init", (GUEST / "boot" / f"{mode}.sh").read_bytes(), 0o755)
            if mode == "plain":
                self._put_programs(tree)
        tree.add_extra(extra)
        return tree

    def formatter(self, files, volumes, script="format.sh"):
        """The initramfs of the run that fills a storage device; `volumes` are shell commands for the script, which is one
        of boot/."""
        tree = _tree(["dev", "proc", "sys", "tmp", "mnt"])
        tree.chardev("dev/console", 5, 1)
        self._put_programs(tree)
        self._put_busybox(tree)
        # ubi's own parameters say what to attach: there is nothing yet
        kernel = self.board.kernel
        params = {name: value for name, value in kernel.get("params", {}).items() if name != "ubi"}
        self._put_modules(tree, kernel["builtin"], params)
        tree.add_extra({"etc/volumes.sh": volumes, **files})
        tree.file("etc/begin.sh", (GUEST / "boot/begin.sh").read_bytes())
        tree.file("init", (GUEST / "boot" / script).read_bytes(), 0o755)
        return tree

    def root(self, mode, extra):
        tree = _tree(["dev", "proc", "sys", "tmp", "run", "rom", "overlay", "mnt", "var"])
        tree.chardev("dev/console", 5, 1)
        tree.chardev("dev/null", 1, 3, 0o666)
        self._put_rescue(tree, "rootfs")
        self._put_modules(tree, self.modules)
        if mode != "plain":
            self._put_lifeboat(tree)
        tree.add_extra(extra)
        return tree

    def _put_rescue(self, tree, files="rescue"):
        for name in ("bin", "sbin", "lib"):
            tree.dir(name)
            tree.link(f"usr/{name}", f"../{name}")
        self._put_programs(tree)
        self._put_busybox(tree)
        tree.add_folder(GUEST / files)
        for path, mode in self.data["folders"].items():
            tree.dir(path, mode)
        for path, mode in self.data["modes"].items():
            tree.chmod(path, mode)

    def _put_programs(self, tree):
        for source, target in {**self.data["programs"], **self.board.guest.get("programs", {})}.items():
            self.programs.put(tree, source, target)
        for path, target in self.data["links"].items():
            tree.link(path, target)

    def _put_busybox(self, tree):
        busybox = (self.folder / self.data["busybox"].lstrip("/")).read_bytes()
        tree.file("bin/busybox", busybox, 0o755)
        for applet in packages.busybox_applets(busybox):
            if f"bin/{applet}" not in tree and f"sbin/{applet}" not in tree:
                tree.link(f"bin/{applet}", "busybox")
        for applet in self.data["sbin_links"]:
            tree.link(f"sbin/{applet}", "../bin/busybox")

    def _put_storage(self, tree):
        script = GUEST / "boot/storage" / f"{self.board.storage['kind']}.sh"
        tree.file("etc/storage.sh", script.read_bytes())

    def _put_modules(self, tree, names, params=None):
        kernel = self.board.kernel
        params = kernel.get("params", {}) if params is None else params
        order = kmods.load_order(self.modules_folder, names, kernel.get("soft", {}), self.own_modules)
        for path in order:
            tree.file(f"{MODULE_FOLDER}/{path.name}", path.read_bytes())
        lines = [f"/{MODULE_FOLDER}/{path.name} {params.get(path.stem, '')}".rstrip() for path in order]
        tree.file(MODULE_LIST, "# kernel modules in the order in which they are loaded\n" + "\n".join(lines) + "\n")

    def _put_lifeboat(self, tree):
        tree.file("sbin/lifeboat", self.lifeboat, 0o755)
        for alias in aliases((ROOT / "src/tables/applets.def").read_text()):
            tree.link(f"sbin/{alias}", "lifeboat")
        tree.file(BOARD_FILE, self.board_conf)


def aliases(applets_def):
    """Names under which users already know an applet: the words of the third value of each APPLET line."""
    words = re.findall(r'^\s*APPLET\(\s*\w+\s*,\s*"[^"]*"\s*,\s*"([^"]*)"', applets_def, re.M)
    return [alias for names in words for alias in names.split()]


def _tree(folders):
    tree = Tree()
    for name in folders:
        tree.dir(name)
    return tree
