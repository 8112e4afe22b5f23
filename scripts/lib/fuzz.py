"""Run the fuzzers, each for some seconds, from the seeds in tests/fuzz/corpus/NAME.

The seeds are copied first: a run never changes the tree. What makes a fuzzer fail is kept and said.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import build
from common import ROOT, Failure, run_main

SEED = 1  # the same inputs in every run, as far as the time goes
SANITIZER_ENV = {"ASAN_OPTIONS": "detect_leaks=1", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}


def fuzzers(folder):
    """{name: program}"""
    found = sorted(path for path in (folder / "tests/fuzz").glob("fuzz_*") if path.is_file() and os.access(path, os.X_OK))
    return {path.name.removeprefix("fuzz_"): path for path in found}


def command(name, program, seconds, corpus, keep):
    """The words of one run; `corpus` is a fresh folder for what is found, `keep` for what breaks."""
    seeds = ROOT / "tests/fuzz/corpus" / name
    if seeds.is_dir():
        shutil.copytree(seeds, corpus, dirs_exist_ok=True)
    keep.mkdir(parents=True, exist_ok=True)
    return [program, f"-max_total_time={seconds}", f"-seed={SEED}", "-timeout=5", "-rss_limit_mb=1024",
            "-print_final_stats=1", f"-artifact_prefix={keep}/{name}-", corpus]


def main():
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60, help="how long each fuzzer runs (60)")
    parser.add_argument("name", nargs="*", help="fuzzers (all)")
    args = parser.parse_args()
    available = fuzzers(build.build(["--fuzz"]))
    unknown = [name for name in args.name if name not in available]
    if unknown:
        raise Failure(f"there is no fuzzer '{unknown[0]}': choose from {' '.join(available)}")
    keep = ROOT / "build-fuzz/found"
    failed = []
    for name in args.name or available:
        print(f"== {name}", flush=True)
        with tempfile.TemporaryDirectory() as corpus:
            argv = command(name, available[name], args.seconds, Path(corpus), keep)
            if subprocess.run(argv, env={**os.environ, **SANITIZER_ENV}).returncode:
                failed.append(name)
    if failed:
        raise Failure(f"failed: {' '.join(failed)}; run build-fuzz/tests/fuzz/fuzz_NAME FILE with the file from {keep}")
    return 0


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    run_main("fuzz", main)
