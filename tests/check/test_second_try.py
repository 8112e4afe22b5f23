"""A test of the emulator that fails is run once more, alone, and the report says so; how long a program may take: scripts/lib/suites.py."""

import os
import sys

from tree import ROOT

sys.path.insert(0, str(ROOT / "scripts/lib"))

import run_tests  # noqa: E402
import suites  # noqa: E402
from results import FAILED, PASSED  # noqa: E402

TESTS = """
import pathlib
import pytest

SEEN = pathlib.Path(__file__).with_suffix(".seen")


def test_shaky():
    first = not SEEN.exists()
    SEEN.touch()
    assert not first, "missed a deadline"


@pytest.mark.parametrize("word", ["bad word", "good"])
def test_word(word):
    assert word == "good"
"""

MARK = """
import pathlib
import time

BUSY = pathlib.Path(__file__).with_name("busy")

"""
SHY = MARK + """
def test_shy():
    for _ in range(100):
        assert not BUSY.exists(), "not alone"
        time.sleep(0.02)
"""
BUSY = MARK + """
def test_busy():
    BUSY.touch()
    time.sleep(5)
    BUSY.unlink()
"""


def outcomes(tmp_path, monkeypatch, tries, **files):
    (tmp_path / "tests/some").mkdir(parents=True)
    for name, text in (files or {"it": TESTS}).items():
        (tmp_path / f"tests/some/test_{name}.py").write_text(text)
    monkeypatch.setattr(suites, "ROOT", tmp_path)
    monkeypatch.setattr(suites, "OUT", tmp_path / "out")
    (tmp_path / "out/some").mkdir(parents=True)
    context = suites.Context(False)
    context.env = dict(os.environ)
    cases = suites.run_pytest(suites.Suite("some", "pytest", tries=tries), context)
    return {case.name.removeprefix("some/test_it.py: "): case for case in cases}


def test_failed_case__two_tries__passes_only_if_it_passes_then(tmp_path, monkeypatch):
    cases = outcomes(tmp_path, monkeypatch, tries=2)
    assert {name: case.outcome for name, case in cases.items()} == {
        "test_shaky": PASSED, "test_word[bad word]": FAILED, "test_word[good]": PASSED}
    said = run_tests.describe(cases["test_shaky"])
    assert said.startswith("passed when run again: some/test_it.py: test_shaky: ") and "missed a deadline" in said


def test_second_try__something_ran_beside_the_first__comes_when_that_has_ended(tmp_path, monkeypatch):
    cases = outcomes(tmp_path, monkeypatch, tries=2, busy=BUSY, shy=SHY)
    assert [(case.outcome, case.shaky) for case in cases.values()] == [(PASSED, False), (PASSED, True)]


def test_failed_case__one_try__has_failed(tmp_path, monkeypatch):
    cases = outcomes(tmp_path, monkeypatch, tries=1)
    assert cases["test_shaky"].outcome == FAILED and not cases["test_shaky"].shaky


def test_limit_of_a_program__long_run__has_room_for_hundreds_of_cuts():
    suite = suites.Suite("some", "pytest", limit_s=1800)
    assert suites.Context(False).limit_s(suite) == 1800 and suites.Context(True).limit_s(suite) >= 300 * 60
