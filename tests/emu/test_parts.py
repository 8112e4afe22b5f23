"""Parts of the image builder that read files of others: ELF programs, kernel modules, busybox, applets.def."""

import subprocess
import sys

import pytest

from vrouter.errors import EmuError
from vrouter.images import elf, kmods
from vrouter.images.guest import aliases
from vrouter.images.packages import busybox_applets


def test_needed__a_program_of_this_machine__as_readelf_says():
    data = open(sys.executable, "rb").read()
    interpreter, names = elf.needed(data)
    shown = subprocess.run(["readelf", "-dl", sys.executable], stdout=subprocess.PIPE, text=True, check=True).stdout
    assert names and all(f"[{name}]" in shown for name in names)
    assert shown.count("(NEEDED)") == len(names)
    assert f"interpreter: {interpreter}]" in shown


def test_needed__no_elf__none():
    assert elf.needed(b"#!/bin/sh\n") is None


def module(folder, name, needs=""):
    path = folder / "kernel" / f"{name}.ko"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x7fELF...\0license=GPL\0depends=" + needs.encode() + b"\0name=x\0")


def test_load_order__dependencies__stand_before_what_needs_them(tmp_path):
    module(tmp_path, "a-disk", "scsi_core,b")
    module(tmp_path, "scsi-core")
    module(tmp_path, "b", "inside")
    module(tmp_path, "soft")
    (tmp_path / "modules.builtin").write_text("kernel/inside.ko\n")
    order = kmods.load_order(tmp_path, ["a_disk", "inside"], {"a-disk": ["soft"]})
    assert [path.stem for path in order] == ["scsi-core", "b", "soft", "a-disk"]


def test_load_order__modules_built_here__join_those_of_the_package(tmp_path):
    module(tmp_path, "mtd")
    (tmp_path / "modules.builtin").write_text("")
    own = tmp_path / "own"
    module(own, "gen-probe", "mtd")
    own = own / "kernel"
    assert [path.stem for path in kmods.load_order(tmp_path, ["gen_probe"], {}, own)] == ["mtd", "gen-probe"]


def test_load_order__unknown_module__one_sentence(tmp_path):
    module(tmp_path, "a")
    (tmp_path / "modules.builtin").write_text("")
    with pytest.raises(EmuError, match="no module nix"):
        kmods.load_order(tmp_path, ["nix"], {})


def test_busybox_applets__list_in_the_binary__all_names():
    assert busybox_applets(b"xx\0[\0[[\0acpid\0zcat\0\0yy") == ["[", "[[", "acpid", "zcat"]


def test_busybox_applets__other_program__one_sentence():
    with pytest.raises(EmuError, match="names no applets"):
        busybox_applets(b"\x7fELF nothing")


def test_aliases__lines_of_applets_def__only_the_names_that_are_there():
    text = 'APPLET(log, "log", "", "", "show")\nAPPLET(mount, "mount-root",\n\t"mount_root", "", "x")\n/* APPLET(id, name, alias) */\n'
    assert aliases(text) == ["mount_root"]
