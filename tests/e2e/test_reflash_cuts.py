"""The plug is pulled at a random moment of rescue mode 4: the next power-on carries it out by itself, from the stick, and the new
system boots; or the power went before the old one did, and that boots.

One run is recorded, sector by sector; each cut starts from the card as it was at one of them. Only with LIFEBOAT_LONG=1 in the
environment (test_reflash.py has one cut); the seed is in the name of the test."""

import random
import shutil
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from lab import LONG, Bench, board_file
from test_reflash import NAME, PATIENT, conf, is_new
from vrouter import build_medkit, make_stick
from vrouter.powercut import Recording

pytestmark = pytest.mark.skipif(not LONG, reason="LIFEBOAT_LONG is not set: tests/powercut cuts it at every operation")
CUTS = 100
WORK_S = 900  # of a machine that has more to do
outcomes = Counter()


class Prepared:
    """A router, the stick with its medkit, and what its card was written from the first step of mode 4 to the last."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="cuts-"))
        medkit = build_medkit("virt-sd", version="2.0", board_conf=conf(PATIENT), extra={"etc/new-system": "full\n"})
        self.stick = make_stick(self.folder / "stick", {NAME: medkit})
        self.router = router = Bench(conf=board_file(PATIENT, board="virt-sd"), board="virt-sd", recorder=True, network=False)
        router.power_on("force_mode=4")
        router.usb_plug(self.stick)
        router.says("formatting: 0 %", WORK_S)
        self.first = len(router.recording().steps)
        router.says(r"rescue mode 4 \(reflash\) is done", WORK_S)
        self.last = len(router.recording().steps)
        router.power_cut("kill")
        for name in ("disk.base", "disk.log"):
            shutil.move(router.run_dir / name, self.folder / name)
        self.recording = Recording(self.folder / "disk.base", self.folder / "disk.log", write_through=True)

    def close(self):
        self.router.close()
        shutil.rmtree(self.folder)


@pytest.fixture(scope="module")
def prepared():
    made = Prepared()
    yield made
    made.close()


@pytest.mark.parametrize("seed", range(CUTS))
def test_cut__in_mode_4__the_next_power_on_goes_on_by_itself(request, prepared, seed):
    dice = random.Random(f"mode 4 {seed}")
    router = prepared.router
    request.node.benches = [router]
    policy, cut = dice.choice(("kill", "torn")), dice.randrange(prepared.first, prepared.last)
    if router.powered:  # the test before this one was ended in its middle
        router.power_cut("kill")
    prepared.recording.build(router.disk, policy, cut, seed)
    try:
        router.power_on()
        router.usb_plug(prepared.stick)
        first = router.says("rescue mode 4 goes on|^router: up", WORK_S).group(0)
        if "goes on" in first:
            router.says(r"rescue mode 4 \(reflash\) is done", WORK_S)
            router.wait_reset(WORK_S)
            router.wait_up(WORK_S)
        router.serial.login(timeout=WORK_S)
        went = "goes on" in first
        assert is_new(router) or not went
        router.sh("dmesg -n 1; ! dmesg | grep -i 'btrfs.*error'")
        outcomes[went] += 1
        print(f"{seed}: {policy} at {cut - prepared.first} of {prepared.last - prepared.first} writes: {'went on' if went else 'whole'}")
    finally:
        if router.powered:
            router.power_cut("kill")


def test_cuts__of_mode_4__were_gone_on_with():
    print(f"{sum(outcomes.values())} cuts: {outcomes[True]} gone on with, {outcomes[False]} whole")
    assert outcomes[True] > CUTS / 2, f"the moments are not well spread: {outcomes}"
