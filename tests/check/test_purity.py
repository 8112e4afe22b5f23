"""The pure folders call nothing that acts: proven by the undefined symbols of their objects."""

import re
import subprocess

import pytest
from objects import object_of, symbols
from rules import PURE, PURE_SYMBOLS
from tree import Tree, assert_none

PURE_TREE = Tree()


def undefined(obj):
    """Symbols that the object takes from elsewhere."""
    return sorted(symbols([obj])[str(obj)][1])


def impure(names):
    return [name for name in names if not any(re.fullmatch(pattern, name) for pattern in PURE_SYMBOLS)]


@pytest.mark.parametrize("path", PURE_TREE.files(*(f"src/{folder}/*.c" for folder in PURE)))
def test_purity__object__calls_nothing_that_acts(path):
    assert_none(impure(undefined(object_of(path))))


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
