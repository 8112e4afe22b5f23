"""The plug is pulled at a random moment of a rollback, by command or as rescue mode 2 or 3, or while the factory state is
replaced: the next boot has a whole one, as it was before or as it was asked for, and nothing else is lost.

Each is recorded once, sector by sector; each cut starts from the card as it was at one of them. Only with LIFEBOAT_LONG=1
in the environment, a hundred cuts of each; a failure tells the seed."""

import json
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest
from lab import LONG, Bench
from vrouter.powercut import Recording

CUTS = 100
WORK_S = 900  # of a machine that has more to do
FILES = 200
TOP = "mount -t btrfs -o subvolid=5 /dev/mmcblk0p2 /mnt && cd /mnt && ls -A; cd /; umount /mnt"


def up(router):
    router.power_on()
    router.wait_up(WORK_S)
    router.serial.login(timeout=WORK_S)


class Command:
    """What is recorded is a command in the running system."""

    command = ""

    @classmethod
    def record(cls, router):
        first = len(router.recording().steps)
        router.sh(cls.command, timeout=WORK_S)
        return first, len(router.recording().steps)


class Rollback(Command):
    make = (f"mkdir -p /opt/many; i=0; while [ $i -lt {FILES} ]; do echo $i >/opt/many/f$i; i=$((i+1)); done; "
            "btrfs subvolume create /etc/box; echo mine >/etc/box/data; schnapps create before; "
            "rm -r /opt/many; mkdir -p /opt; echo new >/opt/new; sync")
    command = "schnapps rollback 1"
    look = "cd /; ls -d opt/many opt/new 2>/dev/null; find opt/many -type f 2>/dev/null | sort | xargs cat | md5sum; cat etc/box/data"

    @staticmethod
    def check(router, went):
        numbers = [(s["number"], s["type"]) for s in json.loads(router.sh("schnapps list -j"))["snapshots"]]
        assert numbers == ([(1, "single"), (2, "rollback")] if went else [(1, "single")])
        assert set(router.sh(TOP).split()) == {"@", "@1", "@factory", "1.info"} | ({"@2", "2.info"} if went else set())
        if went:
            router.sh("schnapps mount 2")
            assert router.sh("cat /mnt/snapshot-@2/opt/new") == "new"


class Mode(Rollback):
    """What is recorded is a rescue mode."""

    number = 0

    @classmethod
    def record(cls, router):
        router.off()
        router.power_on(f"force_mode={cls.number}")
        router.says(f"rescue mode {cls.number} is carried out now", WORK_S)
        first = len(router.recording().steps)
        router.says(rf"rescue mode {cls.number} \(\w+\) is done", WORK_S)
        return first, len(router.recording().steps)


class Mode2(Mode):
    number = 2


class Mode3(Mode):
    number = 3


class Import(Command):
    make = ("mkdir -p /opt && echo 9.9 >/etc/turris-version && schnapps export /opt && rm /etc/turris-version && "
            "printf 'image { names = {\"schnapps\", \"virt-sd\"} }\\n' >/opt/board.conf && sync")
    command = "schnapps import -f --board /opt/board.conf /opt/*-medkit-*.tar.gz"
    look = ("schnapps factory-version; schnapps mount factory >/dev/null; cd /mnt/snapshot-@factory && "
            "find . -type f | sort | xargs cat | md5sum; cd /; umount /mnt/snapshot-@factory")

    @staticmethod
    def check(router, went):
        assert set(router.sh(TOP).split()) == {"@", "@factory"}


class Prepared:
    """A router of which one way was recorded, and how its two states look."""

    def __init__(self, way, folder):
        self.way = way
        self.router = router = Bench(board="virt-sd", recorder=True, network=False)
        up(router)
        router.sh(way.make, timeout=WORK_S)
        self.before = router.sh(way.look, timeout=WORK_S)
        self.first, self.last = way.record(router)
        router.power_cut("kill")
        for name in ("disk.base", "disk.log"):
            shutil.move(router.run_dir / name, Path(folder) / name)
        self.recording = Recording(Path(folder) / "disk.base", Path(folder) / "disk.log", write_through=True)
        up(router)
        self.after = router.sh(way.look, timeout=WORK_S)
        assert self.before != self.after
        router.power_cut("kill")

    def cut(self, seed):
        """True: what was asked for is there; False: what was before."""
        dice = random.Random(f"{self.way.__name__} {seed}")
        policy = dice.choice(("kill", "torn"))
        # An import counts with its last commit only: every other cut comes around that.
        cut = dice.randrange(max(self.first, self.last - 60) if seed % 2 else self.first, self.last)
        self.recording.build(self.router.disk, policy, cut, seed)
        up(self.router)
        seen = self.router.sh(self.way.look, timeout=WORK_S)
        assert seen in (self.before, self.after), f"a third state after {cut - self.first} writes, {policy}:\n{seen}"
        went = seen == self.after
        self.way.check(self.router, went)
        self.router.power_cut("kill")
        print(f"{seed}: {policy} at {cut - self.first} of {self.last - self.first} writes: {'done' if went else 'not done'}")
        return went


@pytest.mark.skipif(not LONG, reason="LIFEBOAT_LONG is not set: tests/powercut cuts them at every operation")
@pytest.mark.parametrize("way", (Rollback, Mode2, Mode3, Import))
def test_cut__in_a_rollback_or_an_import__one_of_two_whole_states_and_nothing_is_lost(request, tmp_path, way):
    prepared = Prepared(way, tmp_path)
    request.node.benches = [prepared.router]
    outcomes = Counter()
    try:
        for seed in range(CUTS):
            try:
                outcomes[prepared.cut(seed)] += 1
            except Exception as e:
                raise AssertionError(f"seed {seed}") from e
    finally:
        prepared.router.close()
    print(f"{CUTS} cuts: {outcomes[False]} not done, {outcomes[True]} done")
    assert outcomes[True] and outcomes[False], f"the moments are not well spread: {outcomes}"
