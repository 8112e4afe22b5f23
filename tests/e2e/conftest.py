import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "emu"))

from lab import FAST, Bench  # noqa: E402  needs the path


def children():
    """{pid: name} of what this process has started and what still runs."""
    found = {}
    for task in Path("/proc/self/task").iterdir():
        try:
            pids = (task / "children").read_text().split()
        except OSError:
            continue  # the thread has ended meanwhile
        for pid in pids:
            try:
                state = Path(f"/proc/{pid}/stat").read_text()
            except OSError:
                continue
            if state.rpartition(")")[2].split()[0] != "Z":
                found[pid] = state[state.index("(") + 1 : state.rindex(")")]
    return found


def namespaces():
    folder = Path("/run/netns")
    return [path.name for path in folder.iterdir() if path.name.startswith(f"lb{os.getpid()}n")] if folder.exists() else []


@pytest.fixture
def bench(request):
    """bench(*changes of the board file, **options of the images): a router on the bench. Default: FAST."""
    made = request.node.benches = []

    def make(*changes, **options):
        made.append(Bench(*(changes or (() if "conf" in options else (FAST,))), **options))
        return made[-1]

    yield make
    for router in made:
        router.close()
    assert not children(), "left running"
    assert not namespaces(), "left behind"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failed test shows the end of the console."""
    report = (yield).get_result()
    if report.when == "call" and report.failed:
        for router in getattr(item, "benches", []):
            report.sections.append(("serial console", router.serial.tail(3000)))
