"""What the boot gate costs: power-on to a running system, with a window of 0 s, against the same boot by a shell script.

The peer is the plain mode of emu/build: the same modules, root and overlay, set up by a busybox script. The limit that
we hold ourselves to is 50 ms more than the peer. Both disks have been booted once before, so that nothing is formatted.
"""

import statistics
import sys
from pathlib import Path

from bench import compare

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "emu"))

from vrouter import Router, build_images  # noqa: E402 (found by the line above)

BOARD = "virt-disk"
PAIRS = 15


def board_without_window():
    text = (ROOT / f"boards/{BOARD}.conf").read_text()
    changed = text.replace("seconds = 4", "seconds = 0")
    assert changed != text, "the board file has no window of 4 s any more"
    return changed


def boots(router, samples):
    def one():
        router.power_on()
        samples.append(router.wait_up())
        router.power_cut("kill")
        return samples[-1]

    return one


if __name__ == "__main__":
    gate, plain = [], []
    ours = build_images(BOARD, board_conf=board_without_window())
    peer = build_images(BOARD, mode="plain")
    with Router(BOARD, ours, recorder=False, network=False) as a, Router(BOARD, peer, recorder=False, network=False) as b:
        measure, measure_peer = boots(a, gate), boots(b, plain)
        measure(), measure_peer()
        gate.clear(), plain.clear()
        compare("boot", ("boot gate", measure), ("shell script", measure_peer), PAIRS)
    extra_ms = statistics.median(x - y for x, y in zip(gate, plain)) * 1000
    print(f"bench boot: the boot gate takes {extra_ms:+.0f} ms (median of the pairs)")
