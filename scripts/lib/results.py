"""Counts of test cases, from what the tools write: cmocka's and pytest's XML."""

import dataclasses
import xml.etree.ElementTree as ElementTree

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
REASON_LINES = 12


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    outcome: str
    reason: str = ""
    shaky: bool = False  # passed, but only when run again; `reason` is what went wrong before


def count(cases):
    return {outcome: sum(case.outcome == outcome for case in cases) for outcome in (PASSED, FAILED, SKIPPED)}


def shorten(text, headline=""):
    """One line that says what went wrong, then the end of a long message."""
    lines = [line.rstrip() for line in (text or "").strip().splitlines() if line.strip()]
    head = [line.strip() for line in (headline or "").splitlines() if line.strip()][:1]
    return "\n".join(head + lines[-REASON_LINES:])


def from_xml(path, prefix):
    """The cases of one report. A report that cannot be read is a failed case."""
    try:
        root = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError) as error:
        return [Case(prefix, FAILED, f"the report cannot be read: {error}")]
    cases = []
    for element in root.iter("testcase"):
        name = f"{prefix}: {element.get('name')}"
        bad = [child for child in element if child.tag in ("failure", "error")]
        skip = element.find("skipped")
        if bad:
            cases.append(Case(name, FAILED, shorten(bad[0].text, bad[0].get("message"))))
        elif skip is not None:
            cases.append(Case(name, SKIPPED, shorten(skip.get("message") or skip.text) or "no reason given"))
        else:
            cases.append(Case(name, PASSED))
    return cases


def with_exit_code(cases, prefix, code, log):
    """A program that failed although no case of it did (a leak found at exit, a crash) failed as a whole."""
    if code is None:
        return [*cases, Case(prefix, FAILED, f"took too long; its output: {log}")]
    if code != 0 and not any(case.outcome == FAILED for case in cases):
        tail = shorten(log.read_text(errors="replace")) if log.exists() else ""
        return [*cases, Case(prefix, FAILED, f"exit code {code}\n{tail}".strip())]
    if code == 0 and not cases:
        return [Case(prefix, FAILED, "it ran no test")]
    return cases
