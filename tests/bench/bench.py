"""Compare with a peer: both in turns on the same machine, and a ratio instead of a time."""

import resource
import statistics
import time


def seconds(function):
    """How long one call takes."""
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


def cpu_seconds(function):
    """The processor time of the programs that one call runs to their end."""
    def used():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    begin = used()
    function()
    return used() - begin


def compare(name, ours, peer, pairs=20, unit="ms", scale=1000.0):
    """`ours` and `peer` are (label, function that returns one measurement). Prints one line.

    They take turns, and who goes first changes with each pair: what else the machine does hits both.
    """
    samples = {ours[0]: [], peer[0]: []}
    for i in range(pairs):
        for label, measure in (ours, peer) if i % 2 else (peer, ours):
            samples[label].append(measure())
    ratios = sorted(a / b for a, b in zip(samples[ours[0]], samples[peer[0]]))
    low, _, high = statistics.quantiles(ratios, n=4)
    typical = {label: statistics.median(found) * scale for label, found in samples.items()}
    print(f"bench {name}: {ours[0]} {typical[ours[0]]:.3g} {unit}, {peer[0]} {typical[peer[0]]:.3g} {unit}: "
          f"ratio {statistics.median(ratios):.2f} ({low:.2f} to {high:.2f}), {pairs} pairs", flush=True)
