"""The plug is pulled at a random moment of a factory reset, or of the boot that finishes it: the next boot has the
overlay as its owner left it, or a new one, and nothing in between.

A router is prepared once per kind of overlay and stopped right before each command; every cut goes on from there. Four
cuts per kind, with LIFEBOAT_LONG=1 in the environment a hundred; the seed is in the name of the test."""

import random
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path

import pytest

from lab import LONG, NO_WINDOW, Bench

CROSS = pytest.mark.skipif(not shutil.which("aarch64-linux-gnu-gcc"), reason="gcc-aarch64-linux-gnu is not installed")
# Overlay: board, its cuts, and what becomes of writes that were not flushed. A flash chip has no cache: there the write
# under way is torn, or all is as the chip said
DISK, CHIP = ("kill", "lose", "random", "torn"), ("kill", "torn")
KINDS = {
    "f2fs": ("virt-disk", 50 if LONG else 2, DISK),
    "ext4": ("virt-disk", 50 if LONG else 2, DISK),
    "jffs2": ("virt-nor", 100 if LONG else 4, CHIP),
    "ubifs": ("virt-nand", 100 if LONG else 4, CHIP),
}
MOUNTED, UNMOUNTED, PENDING = "mounted", "failsafe", "pending"
# Where the router stands, what is typed, and what it says when that is over
RESET = (MOUNTED, "factoryreset -y; echo end''ed", "^ended")
MARK = (UNMOUNTED, "factoryreset -y; echo end''ed", "^ended")
ERASE = (UNMOUNTED, "factoryreset -y --erase; echo end''ed", "^ended")
FINISH = (PENDING, "lifeboat continue", "^router: up")
WAYS = [RESET, FINISH, RESET, MARK, RESET, ERASE, RESET, FINISH, RESET, MARK]
OVER = 1.1  # times the duration that was measured: the last cuts come after the end

FILES = 300
MAKE = (f"mkdir -p /opt/.many/sub; i=0; while [ $i -lt {FILES} ]; do echo $i >/opt/.many/f$i; i=$((i+1)); done; "
        "dd if=/dev/urandom of=/opt/.many/sub/large bs=64k count=16; rm /etc/banner /www/index.html; echo x >/www/.mine; sync")
LOOK = "cd /; ls -d /opt/.many /etc/banner /www/index.html /www/.mine 2>/dev/null; find opt/.many -type f 2>/dev/null | sort | xargs cat | md5sum"
SAVED = "echo saved >/etc/config/saved && sync && echo 3 >/proc/sys/vm/drop_caches && cat /etc/config/saved"
outcomes = {kind: Counter() for kind in KINDS}


class Prepared:
    """A router of one kind, the moments at which its resets begin, and how long they take."""

    def __init__(self, kind, folder):
        self.board, _, self.policies = KINDS[kind]
        self.kind, self.folder = kind, Path(folder)
        where = {"overlay": kind} if self.board == "virt-disk" else {}
        self.router = Bench(NO_WINDOW, board=self.board, recorder=True, network=False, **where)
        router = self.router
        router.to_up(login=True)
        self.new = look(router)
        router.sh(MAKE, timeout=120)
        self.owned = look(router)
        assert self.owned != self.new
        self.moments, self.durations = {}, {}
        self.suspend(MOUNTED)
        router.to_failsafe()
        router.shell()
        self.suspend(UNMOUNTED)
        router.power_on(moment=self.moments[UNMOUNTED])
        router.sh("factoryreset -y")
        self.suspend(PENDING)

    def suspend(self, name):
        # QEMU does not keep that a NOR chip shows its status in place of its content: reading ends that
        self.router.sh("sync; [ ! -e /dev/mtd6 ] || head -c 4096 /dev/mtd6 >/dev/null")
        self.moments[name] = self.router.suspend(self.folder / name)

    def begin(self, way):
        where, typed, _ = way
        if self.router.powered:  # the test before this one was ended in its middle
            self.router.power_cut("kill")
        self.router.power_on(moment=self.moments[where])
        self.router.serial.skip()
        self.router.serial.send(f"{typed}\n")

    def duration(self, way):
        if way not in self.durations:
            self.begin(way)
            began = time.monotonic()
            self.router.says(way[2])
            self.durations[way] = time.monotonic() - began
            self.router.power_cut("kill")
        return self.durations[way]

    def pull_the_plug(self, policy, seed):
        router = self.router
        if self.policies is DISK:
            router.power_cut(policy, seed=seed)
            return
        router.power_cut("kill")
        recording, chip_bytes = router.recording(), router.disk.stat().st_size
        # When it goes on, QEMU writes the whole NOR chip once: that is no write of the router
        writes = [index for index in recording.writes() if recording.steps[index].length < chip_bytes]
        if policy == "torn" and writes:
            recording.build(router.disk, "torn", cut=writes[-1], seed=seed)


def look(router):
    return router.sh(LOOK)


@pytest.fixture(scope="module")
def kinds():
    """kinds(name): the prepared router of this kind; one of them at a time."""
    made = []

    def close():
        for one in made:
            one.router.close()
            shutil.rmtree(one.folder)
        made.clear()

    def get(kind):
        if not made or made[0].kind != kind:
            close()
            made.append(Prepared(kind, tempfile.mkdtemp(prefix="cuts-")))
        return made[0]

    yield get
    close()


@pytest.mark.parametrize("kind, seed", [pytest.param(kind, seed, marks=() if kind in ("f2fs", "ext4") else CROSS)
                                        for kind, (_, cuts, _) in KINDS.items() for seed in range(cuts)])
def test_cut__in_a_reset__the_overlay_is_as_it_was_or_new(request, kinds, kind, seed):
    dice = random.Random(f"reset {kind} {seed}")
    way = WAYS[seed % len(WAYS)]
    prepared = kinds(kind)
    router = prepared.router
    request.node.benches = [router]
    wait_s = dice.random() * OVER * prepared.duration(way)
    prepared.begin(way)
    time.sleep(wait_s)
    policy = dice.choice(prepared.policies)
    prepared.pull_the_plug(policy, seed)

    def state():
        assert f" /overlay {kind} rw" in router.sh("cat /proc/mounts"), f"not on the device:\n{router.sh('dmesg | grep lifeboat')}"
        seen = look(router)
        assert seen in (prepared.owned, prepared.new), f"a third state after {wait_s:.3f} s of {way[:2]}, {policy}:\n{seen}"
        return "untouched" if seen == prepared.owned else "reset"

    try:
        router.to_up(login=True)
        outcome = state()
        assert way[0] != PENDING or outcome == "reset"
        assert router.sh(SAVED) == "saved"
        if seed % 4 == 0:  # a boot later nothing is reset or formatted once more
            router.power_cut("kill")
            router.to_up(login=True)
            assert (router.sh("cat /etc/config/saved"), state()) == ("saved", outcome)
        outcomes[kind][outcome, way[0]] += 1
        print(f"{kind} {seed}: cut by {policy} after {wait_s:.3f} s of {way[1]!r}, {way[0]}: {outcome}")
    finally:
        if router.powered:
            router.power_cut("kill")


@pytest.mark.skipif(not LONG, reason="LIFEBOAT_LONG is not set: too few cuts for it")
@pytest.mark.parametrize("kind", KINDS)
def test_cuts__of_a_kind__hit_before_and_after_the_commit(kind):
    seen = outcomes[kind]
    print(f"{kind}: {sum(seen.values())} cuts: {dict(seen)}")
    for where in (MOUNTED, UNMOUNTED):
        assert seen["untouched", where] and seen["reset", where], f"{kind}, {where}: the moments are not well spread: {seen}"
