"""The suites of scripts/test as data, and how each kind of suite is run."""

import concurrent.futures
import dataclasses
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import fuzz
import processes
from common import JOBS, PYTHON, ROOT
from results import FAILED, PASSED, SKIPPED, Case, from_xml, shorten, with_exit_code

OUT = ROOT / "build-test"
PYTEST_SOME_FAILED = 1  # its exit code, as pytest's documentation has it: the run itself went to its end

EMULATORS = JOBS + 1  # at once: they wait for windows and blinks a third of their time

LONG_FACTOR = 12  # hundreds of power cuts in one file: e2e/test_factoryreset_cuts.py has three hundred, of 10 to 40 s

# name of a build : the words for scripts/build
BUILDS = {
    "gcc": [],
    "clang": ["--cc", "clang"],
    "sanitize": ["--sanitize"],
    "static-amd64": ["--arch", "amd64"],
    "static-arm64": ["--arch", "arm64"],
    "fuzz": ["--fuzz"],
}


@dataclasses.dataclass(frozen=True)
class Suite:
    name: str
    kind: str
    needs: tuple = ()
    limit_s: int = 300  # of one program of the suite; a long run takes LONG_FACTOR times that
    about: str = ""
    at_once: int = JOBS
    tries: int = 1  # 2: what failed is run once more by itself, and the report says so


SUITES = [
    Suite("build", "build", tuple(BUILDS), 900, "every compiler and target"),
    Suite("check", "pytest", ("gcc",), 300, "architecture, layout, man pages, tables"),
    Suite("unit", "meson", ("sanitize",), 120, "one part at a time"),
    Suite("trace", "meson", ("sanitize",), 300, "whole dialogues on a virtual clock"),
    Suite("powercut", "meson", ("sanitize",), 600, "a cut at every write, flush and rename"),
    Suite("fuzz", "fuzz", ("fuzz",), 600, "every parser for some seconds"),
    Suite("cli", "pytest", ("sanitize", "static-amd64"), 600, "the programs as a user calls them"),
    Suite("emu", "pytest", ("static-arm64", "static-amd64"), 900, "the virtual router itself", EMULATORS, tries=2),
    Suite("e2e", "pytest", ("static-arm64", "gcc"), 1800, "a router, its button, LED, console and network",
          EMULATORS, tries=2),
]


class Context:
    def __init__(self, long_run):
        self.long_run = long_run
        self.builds = {}  # name: "" or why it does not exist
        self.env = {
            **os.environ,
            **fuzz.SANITIZER_ENV,
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(ROOT),
            "LIFEBOAT_SANITIZED": str(ROOT / "build-sanitize"),
        }
        self.env.pop("LIFEBOAT_LONG", None)
        if long_run:
            self.env["LIFEBOAT_LONG"] = "1"

    def limit_s(self, suite):
        return suite.limit_s * (LONG_FACTOR if self.long_run else 1)


def in_parallel(function, items, at_once=JOBS):
    """Results in the order of the items. Stops handing out work when one raises."""
    pool = concurrent.futures.ThreadPoolExecutor(at_once)
    try:
        return list(pool.map(function, items))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def run_build(suite, context, wanted):
    cases = []
    for name in wanted:
        log = OUT / f"build/{name}.log"
        code = processes.run([ROOT / "scripts/build", *BUILDS[name]], log, env=context.env, limit_s=context.limit_s(suite))
        cases += with_exit_code([Case(name, PASSED)] if code == 0 else [], name, code, log)
        context.builds[name] = "" if code == 0 else f"the build '{name}' failed"
        for line in log.read_text(errors="replace").splitlines():
            if ": warning:" in line or line.endswith((", amd64", ", arm64")):
                print(f"    {name}: {line}", flush=True)
    return cases


def meson_tests(suite):
    argv = ["meson", "introspect", "--tests", str(ROOT / "build-sanitize")]
    found = json.loads(subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return [test for test in found if suite.name in (name.split(":")[-1] for name in test["suite"])]


def run_meson(suite, context):
    def one(test):
        folder = OUT / suite.name / test["name"]
        folder.mkdir(parents=True)
        env = {**context.env, **test["env"], "CMOCKA_MESSAGE_OUTPUT": "xml", "CMOCKA_XML_FILE": f"{folder}/%g.xml"}
        log = folder / "log"
        code = processes.run(test["cmd"], log, env=env, cwd=test["workdir"], limit_s=context.limit_s(suite))
        cases = [case for report in sorted(folder.glob("*.xml")) for case in from_xml(report, test["name"])]
        if not cases and code in (0, 77):  # a test that is not cmocka's; 77: it says that it was skipped
            cases = [Case(test["name"], *((PASSED,) if code == 0 else (SKIPPED, shorten(log.read_text()))))]
        return with_exit_code(cases, test["name"], 0 if code == 77 else code, log)

    return [case for cases in in_parallel(one, meson_tests(suite)) for case in cases]


def run_fuzz(suite, context):
    seconds = 120 if context.long_run else 6

    def one(item):
        name, program = item
        log = OUT / "fuzz" / f"{name}.log"
        with tempfile.TemporaryDirectory() as corpus:
            argv = fuzz.command(name, program, seconds, Path(corpus), OUT / "fuzz/found")
            code = processes.run(argv, log, env=context.env, limit_s=context.limit_s(suite))
        return with_exit_code([Case(name, PASSED)] if code == 0 else [], name, code, log)

    return [case for cases in in_parallel(one, fuzz.fuzzers(ROOT / "build-fuzz").items()) for case in cases]


def pytest_cases(suite, context, stem, words):
    name = f"{suite.name}/{stem}.py"
    log, report = OUT / suite.name / f"{stem}.log", OUT / suite.name / f"{stem}.xml"
    report.unlink(missing_ok=True)
    argv = [PYTHON, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", f"--rootdir={ROOT}",
            f"--junitxml={report}", *words]
    code = processes.run(argv, log, env=context.env, cwd=ROOT, limit_s=context.limit_s(suite))
    cases = from_xml(report, name) if report.exists() else []
    return code, with_exit_code(cases, name, code, log)


def second_try(suite, context, path, cases):
    """An emulator on a busy machine misses a deadline now and then. What passes when it is run alone counts as passed,
    and the report names it with what went wrong: nobody has to guess which test is shaky."""
    prefix = f"{suite.name}/{path.name}: "
    failed = [case for case in cases if case.outcome == FAILED]
    words = [f"{path}::{case.name.removeprefix(prefix)}" for case in failed]
    _, again = pytest_cases(suite, context, path.stem, words)
    by_name = {case.name: case for case in again}

    def settled(case):
        second = by_name.get(case.name)
        return dataclasses.replace(case, outcome=PASSED, shaky=True) if second and second.outcome == PASSED else case

    return [settled(case) if case.outcome == FAILED else case for case in cases]


def run_pytest(suite, context):
    """Each file is a process of its own, some at once: a crash or a hang costs one file. Second tries come last, with
    nothing beside them."""

    def one(path):
        return path, *pytest_cases(suite, context, path.stem, [path])

    found, files = [], sorted((ROOT / "tests" / suite.name).glob("test_*.py"))
    for path, code, cases in in_parallel(one, files, suite.at_once):
        again = suite.tries > 1 and code == PYTEST_SOME_FAILED
        found += second_try(suite, context, path, cases) if again else cases
    return found


KINDS = {"meson": run_meson, "fuzz": run_fuzz, "pytest": run_pytest}


def run_suite(suite, context, wanted_builds):
    """All cases of one suite; a suite that ran nothing, or left programs running, failed."""
    shutil.rmtree(OUT / suite.name, ignore_errors=True)
    (OUT / suite.name).mkdir(parents=True)
    missing = [context.builds[name] for name in suite.needs if context.builds.get(name)]
    if suite.kind == "build":
        cases = run_build(suite, context, wanted_builds)
    elif missing:
        return [Case(suite.name, FAILED, f"not run: {missing[0]}")]
    else:
        cases = KINDS[suite.kind](suite, context)
    if not cases:
        cases = [Case(suite.name, FAILED, "the suite ran no test")]
    left = processes.leftovers()
    if left:
        names = ", ".join(f"{name} ({pid})" for pid, name in left.items())
        cases.append(Case(suite.name, FAILED, f"left running: {names}"))
        processes.end_all()
    return cases
