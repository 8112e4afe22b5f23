"""scripts/test: build, run the suites, and say in one last line how many tests passed, failed, were skipped."""

import argparse
import sys
import time

import processes
from common import Failure, locked, run_main
from results import FAILED, PASSED, SKIPPED, count
from suites import BUILDS, OUT, SUITES, Context, run_suite


def parse():
    table = "\n".join(f"  {suite.name:<9} {suite.about}" for suite in SUITES)
    parser = argparse.ArgumentParser(
        prog="scripts/test", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Build everything and run all tests, or the named suites.", epilog=f"suites:\n{table}")
    parser.add_argument("--long", action="store_true", help="also random torture tests (LIFEBOAT_LONG=1), longer fuzzing")
    parser.add_argument("suite", nargs="*", help="suites to run (all)")
    args = parser.parse_args()
    known = [suite.name for suite in SUITES]
    unknown = [name for name in args.suite if name not in known]
    if unknown:
        raise Failure(f"there is no suite '{unknown[0]}': choose from {' '.join(known)}")
    return args


def selected(names):
    """The suites, and the builds that they need: with suites named, only these builds are made."""
    chosen = [suite for suite in SUITES if not names or suite.name in names or suite.kind == "build"]
    needing = [suite for suite in chosen if not names or suite.name in names]
    needed = {build for suite in needing for build in suite.needs}
    return chosen, [name for name in BUILDS if name in needed]


def describe(case):
    first, *rest = case.reason.splitlines() or ["no reason given"]
    what = "passed when run again" if case.shaky else case.outcome
    return "\n".join([f"{what}: {case.name}: {first}", *(f"    {line}" for line in rest)])


def line(counts):
    return ", ".join(f"{counts[outcome]} {outcome}" for outcome in (PASSED, FAILED, SKIPPED))


def run(args):
    chosen, builds = selected(args.suite)
    context = Context(args.long)
    everything, started = [], time.monotonic()
    for suite in chosen:
        print(f"== {suite.name}: {suite.about}", flush=True)
        begin = time.monotonic()
        cases = run_suite(suite, context, builds)
        print(f"   {line(count(cases))} in {time.monotonic() - begin:.1f} s", flush=True)
        everything += cases
    print(f"== all suites in {time.monotonic() - started:.0f} s; logs: {OUT.name}/")
    for kind in ("skipped", "shaky", "failed"):
        for case in everything:
            if kind == ("shaky" if case.shaky else case.outcome):
                print(describe(case))
    counts = count(everything)
    print(line(counts), flush=True)
    return 1 if counts[FAILED] or not counts[PASSED] else 0


def main():
    args = parse()
    processes.prepare()
    try:
        with locked("test"):
            return run(args)
    except processes.Stopped as stopped:
        print("test: interrupted", file=sys.stderr)
        return 128 + stopped.args[0]
    finally:
        processes.end_all()


if __name__ == "__main__":
    run_main("test", main)
