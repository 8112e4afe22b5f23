"""The pure folders call nothing that acts: proven by the undefined symbols of their objects."""

import re
import subprocess

import pytest
from rules import PURE, PURE_SYMBOLS
from tree import ROOT, Tree, assert_none

BUILD = ROOT / "build"  # gcc, without sanitizers, which would add calls of their own
PURE_TREE = Tree()


def undefined(obj):
    """Symbols that the object takes from elsewhere."""
    out = subprocess.run(["nm", "-u", "--format=posix", str(obj)], check=True, stdout=subprocess.PIPE, text=True).stdout
    return [line.split()[0] for line in out.splitlines() if line.strip()]


def impure(symbols):
    return [name for name in symbols if not any(re.fullmatch(pattern, name) for pattern in PURE_SYMBOLS)]


@pytest.mark.parametrize("path", PURE_TREE.files(*(f"src/{folder}/*.c" for folder in PURE)))
def test_purity__object__calls_nothing_that_acts(path):
    folder, name = path.split("/")[1:]
    objects = list((BUILD / "src" / folder).glob(f"*.p/{name}.o"))
    assert objects, f"{path} has no object in build/: run scripts/build, and name the file in its meson.build"
    assert_none(impure(undefined(objects[0])))


@pytest.mark.parametrize("call", ["time(0)", "printf(\"x\")", "malloc(1)", "open(\"x\", 0)", "lb_log(1, \"x\")", "rand()"])
def test_purity__one_call_that_acts__is_found(tmp_path, call):
    name = call.split("(")[0]
    source = f"extern int {name}();\nvoid f(void);\nvoid f(void) {{ (void)(long){call}; }}\n"
    obj = tmp_path / "x.o"
    subprocess.run(["gcc", "-O0", "-w", "-fno-builtin", "-c", "-x", "c", "-", "-o", str(obj)], input=source, text=True,
                   check=True)
    assert impure(undefined(obj)) == [name]


def test_purity__copying_and_formatting__is_allowed():
    assert impure(["memcpy", "strlen", "snprintf", "abort", "__stack_chk_fail", "lb_crc32", "lb_strerror"]) == []
