"""The plug is pulled at a random moment of a rollback: the next boot has a whole root, of the state before or of the one
that was asked for, and nothing else is lost.

One rollback is recorded, sector by sector; each cut starts from the card as it was at one of them. Only with LIFEBOAT_LONG=1
in the environment; the seed is in the name of the test."""

import json
import random
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from lab import LONG, NO_WINDOW, Bench
from vrouter.powercut import Recording

pytestmark = pytest.mark.skipif(not LONG, reason="LIFEBOAT_LONG is not set: tests/powercut cuts it at every operation")
CUTS = 100
FILES = 200
MAKE = (f"mkdir -p /opt/many /srv; i=0; while [ $i -lt {FILES} ]; do echo $i >/opt/many/f$i; i=$((i+1)); done; "
        "btrfs subvolume create /srv/box; echo mine >/srv/box/data; schnapps create before; "
        "rm -r /opt/many; mkdir -p /opt; echo new >/opt/new; sync")
SEEN = "cd /; ls -d opt/many opt/new 2>/dev/null; find opt/many -type f 2>/dev/null | sort | xargs cat | md5sum; cat srv/box/data"
outcomes = Counter()


class Prepared:
    """A router whose rollback was recorded, and how its two states look."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="cuts-"))
        self.router = router = Bench(NO_WINDOW, board="virt-sd", recorder=True, network=False)
        router.to_up(login=True)
        router.sh(MAKE, timeout=120)
        self.before = router.sh(SEEN)
        self.first = len(router.recording().steps)
        router.sh("schnapps rollback 1")
        self.last = len(router.recording().steps)
        router.power_cut("kill")
        for name in ("disk.base", "disk.log"):
            shutil.move(router.run_dir / name, self.folder / name)
        self.recording = Recording(self.folder / "disk.base", self.folder / "disk.log", write_through=True)
        router.to_up(login=True)
        self.after = router.sh(SEEN)
        assert self.before != self.after and "opt/many" in self.after and "opt/new" in self.before
        router.power_cut("kill")

    def close(self):
        self.router.close()
        shutil.rmtree(self.folder)


@pytest.fixture(scope="module")
def prepared():
    made = Prepared()
    yield made
    made.close()


@pytest.mark.parametrize("seed", range(CUTS))
def test_cut__in_a_rollback__there_is_a_root_and_nothing_is_lost(request, prepared, seed):
    dice = random.Random(f"rollback {seed}")
    router = prepared.router
    request.node.benches = [router]
    policy, cut = dice.choice(("kill", "torn")), dice.randrange(prepared.first, prepared.last)
    if router.powered:  # the test before this one was ended in its middle
        router.power_cut("kill")
    prepared.recording.build(router.disk, policy, cut, seed)
    try:
        router.to_up(login=True)
        seen = router.sh(SEEN)
        assert seen in (prepared.before, prepared.after), f"a third state after {cut - prepared.first} writes, {policy}:\n{seen}"
        went = seen == prepared.after
        numbers = [(s["number"], s["type"]) for s in json.loads(router.sh("schnapps list -j"))["snapshots"]]
        assert numbers == ([(1, "single"), (2, "rollback")] if went else [(1, "single")])
        top = router.sh("mount -t btrfs -o subvolid=5 /dev/mmcblk0p2 /mnt && cd /mnt && ls -A; cd /; umount /mnt").split()
        assert set(top) == {"@", "@1", "@factory", "1.info"} | ({"@2", "2.info"} if went else set())
        if went:
            router.sh("schnapps mount 2")
            assert router.sh("cat /mnt/snapshot-@2/opt/new") == "new"
        outcomes[went] += 1
        print(f"{seed}: {policy} at {cut - prepared.first} of {prepared.last - prepared.first} writes: {'done' if went else 'not done'}")
    finally:
        if router.powered:
            router.power_cut("kill")


def test_cuts__of_a_rollback__hit_before_and_after_the_exchange():
    print(f"{sum(outcomes.values())} cuts: {outcomes[False]} not done, {outcomes[True]} done")
    assert outcomes[True] and outcomes[False], f"the moments are not well spread: {outcomes}"
