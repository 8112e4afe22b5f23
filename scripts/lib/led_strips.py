"""What the LED of each rescue mode looks like: docs/led-strips.md, recorded on the emulated router virt-sd.

usage: scripts/led-strips

Installs what is missing, builds, and goes through the modes and their failures. Each time between two changes of the LED's
pin is rounded to 100 ms; a run in which the machine was too busy for that is done once more.
"""

import sys
import time
from itertools import takewhile

from common import ROOT, Failure, run_main

sys.path.insert(0, str(ROOT / "emu"))
sys.path.insert(0, str(ROOT / "tests/check"))

from tables import rows  # noqa: E402 (found by the lines above)
from vrouter import EmuError, Router, build_images, load_board  # noqa: E402
from vrouter.errors import Timeout  # noqa: E402

BOARD = "virt-sd"
LED = "green:status"
DOCUMENT = ROOT / "docs/led-strips.md"
UNIT_MS = 100  # a character
LATE_MS = 40
WORKS_MS = 3000  # of the light of a mode at work, which takes as long as it takes
PATIENCE_S = 240
TRIES = 8
MODES = {int(number): (name, text) for _, number, _, name, text in rows((ROOT / "src/tables/modes.def").read_text(), "MODE")}
FAILURES = {int(code): text for _, code, _, text in rows((ROOT / "src/tables/failures.def").read_text(), "FAILURE")}

HEAD = """# What the LED shows

Recorded by `scripts/led-strips` on the emulated router `virt-sd`: the pin of its LED, times rounded to 100 ms. A character is 100 ms:
`#` lit, `.` dark; `~` goes on like that, as long as it takes. The dialogue: [rescue-modes.md](rescue-modes.md).

## From power-on

```
{start}
```

The button is held: lit. Held for a second: dark, let go now. Lit: announcements follow.
"""


class Jitter(Exception):
    """The machine was too busy to keep the LED's time."""


def rounded(seconds):
    ms = round(seconds * 1000 / UNIT_MS) * UNIT_MS
    if abs(ms - seconds * 1000) > LATE_MS:
        raise Jitter(f"{seconds * 1000:.0f} ms")
    return ms


def phases(router, t0):
    """[(on, ms)] of the LED from the first time that it was lit after t0."""
    found = [phase for phase in router.leds.phases(LED, t0)]
    while found and not found[0].on:
        found.pop(0)
    return found


def text(parts):
    return "".join(("#" if on else ".") * (ms // UNIT_MS) for on, ms in parts)


def take(found, until_ms):
    """The phases of so many ms from the front of `found`, which loses them; the last is cut."""
    got, left = [], until_ms
    while left > 0:
        if not found:
            raise Jitter("the LED changed too little")
        phase = found.pop(0)
        ms = min(rounded(min(phase.length, left / 1000)), left)
        got.append((phase.on, ms))
        if phase.length * 1000 > left + LATE_MS:
            found.insert(0, phase._replace(start=phase.start + left / 1000, length=phase.length - left / 1000))
        left -= ms
    return got


def announcement_ms(number):
    return 1000 + 400 * number


def dialogue(router, number):
    """The lines from the light before the first announcement to the mode at work."""
    found = phases(router, 0)
    lead = found.pop(0)
    if not lead.on or abs(lead.length - 1) > 0.2:
        raise Jitter(f"lit for {lead.length:.2f} s before the announcement")
    lines = []
    for word in ("announced", "once more"):
        lines += [(word, text(take(found, announcement_ms(number)))), ("object?", text(take(found, 3000)))]
    return lines, found


def working(found, end_s):
    """Whole phases only: the end of the work cuts one, and the console lags, which says it."""
    at_work = takewhile(lambda phase: phase.start + phase.length < end_s and abs(phase.length - 0.5) * 1000 < LATE_MS, found)
    whole = text((phase.on, rounded(phase.length)) for phase in at_work)[: WORKS_MS // UNIT_MS]
    return whole and whole + "~"


def beat(router, code, failed):
    """One beat of a cause: dark, blinks, dark. It begins with the end of the mode's light."""
    whole = 800 + 400 * code + 1500
    lit = [p for p in router.leds.phases(LED, failed) if p.on and p.start > failed]
    if len(lit) < 2 * code + 1:
        return None
    # Between the first blinks of two beats: what is dark is shared
    first = [p for i, p in enumerate(lit) if i and p.start - (lit[i - 1].start + lit[i - 1].length) > 2]
    if len(first) < 2:
        return None
    begin, end = first[0].start - 1.0, first[0].start - 1.0 + whole / 1000
    found = [p._replace(start=max(p.start, begin), length=min(p.start + p.length, end) - max(p.start, begin))
             for p in router.leds.phases(LED, begin, end)]
    return text((p.on, rounded(p.length)) for p in found)


def wait(condition, what):
    end = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        if time.monotonic() > end:
            raise Failure(f"{what}: this did not come; see the router's console")
        time.sleep(0.2)
    return value


def steady(record):
    """Record until the machine was quiet enough."""
    for left in reversed(range(TRIES)):
        try:
            return record()
        except Jitter as late:
            print(f"  once more: {late}", flush=True)
            if not left:
                raise Failure("this machine is too busy to record an LED: try again when it is quiet") from None


def on(router, append, hold=()):
    if router.powered:
        router.power_cut("kill")
    router.power_on(append, hold)


def record_start(router):
    on(router, "", ["reset"])
    router.serial.expect("^- rescue modes -", PATIENCE_S)
    router.button("reset").release()
    wait(lambda: len(phases(router, 0)) > 3, "the first announcement")
    return text((phase.on, rounded(phase.length)) for phase in phases(router, 0)[:3])


def record_mode(router, number, append="", act=None):
    """(lines, outcome): outcome is None when it went well, else (code, strip, why)."""
    on(router, f"rescue_mode={number - 1} {append}")
    router.serial.expect(f"rescue mode {number} is carried out now", PATIENCE_S)
    if act:
        act(router)
    said = router.serial.expect(rf"rescue mode {number} \(\w+\) (is done|failed): ([^\r\n]+)\r?\n", PATIENCE_S)
    lines, found = dialogue(router, number)
    if strip := working(found, said.t):
        lines.append(("works", strip))
    if said.group(1) == "is done":
        return lines, None
    code = int(router.serial.expect(r"the LED blinks (\d+) times?,", PATIENCE_S).group(1))
    strip = wait(lambda: beat(router, code, said.t), "the cause")
    return lines, (code, strip, said.group(2))


def press(router):
    router.serial.expect("RESCUE MODE active", PATIENCE_S)
    router.button("reset").press(0.2)


def reboot(router):
    router.serial.send("\n")
    router.serial.expect("RESCUE MODE active", PATIENCE_S)
    router.serial.expect("# ", PATIENCE_S)
    router.serial.send("reboot\n")


def forget(router):
    """In mode 7: nothing to go back to."""
    router.serial.send("\n")
    router.serial.expect("# ", PATIENCE_S)
    code, out = router.serial.run("mount -t btrfs -o subvolid=5 /dev/mmcblk0p2 /mnt && btrfs subvolume delete /mnt/@factory /mnt/@[0-9]* "
                                  "&& umount /mnt && sync", PATIENCE_S)
    if code:
        raise Failure(f"the snapshots cannot be deleted: {out}")
    router.button("reset").press(0.2)


# mode, what is different, words for the kernel, what the person does
RUNS = [
    (1, None, "", None),
    (3, None, "", None),
    (2, None, "", None),
    (5, None, "", reboot),
    (7, None, "", press),
    (2, "without its card", "module_blacklist=sdhci_pci", None),
    (4, "without a stick", "", None),
    (5, "without a LAN port", "module_blacklist=virtio_net", None),
    (6, "without a network", "module_blacklist=virtio_net", None),
    (7, "nothing to go back to is left", "", forget),
    (3, "without a factory snapshot", "", None),
    (2, "without any snapshot", "", None),
]
# The same with an initramfs that has a hook that hangs, and no SSH server
BROKEN = {"etc/lifeboat/rollback.d/10-hang": "#!/bin/sh\nsleep 1000\n", "sbin/dropbear": ""}
BROKEN_RUNS = [(3, "when a program of `rollback.d` hangs", "", None), (5, "without an SSH server", "", None)]


def run_all(router, runs, had, good, bad):
    for number, what, append, act in runs:
        if MODES[number][0] not in had:
            continue
        print(f"mode {number}, {what or 'all well'}", flush=True)
        if act is forget:
            on(router, f"force_mode={number}")
            act(router)
            router.serial.expect("is done: a button was pressed", PATIENCE_S)
            continue
        lines, failure = steady(lambda: record_mode(router, number, append, act))
        if failure:
            bad.setdefault(number, []).append((what, *failure))
        else:
            good[number] = lines


def section(number, good, bad):
    name, help_text = MODES[number]
    parts = [f"### {number} `{name}`: {help_text}\n"]
    if number in good:
        parts += ["```", *(f"{word:10} {strip}" for word, strip in good[number]), "```\n"]
        parts += ["Then the router reboots.\n"]
    for what, code, strip, why in bad.get(number, []):
        parts += [f"{what[0].upper()}{what[1:]}: {code} blink{'s' * (code != 1)}, over and over. Console and record: \"{why}\".\n", "```", strip, "```\n"]
    return parts


def document(start, good, bad):
    parts = [HEAD.format(start=start), "## The modes\n"]
    for number in sorted({*good, *bad}):
        parts += section(number, good, bad)
    parts += ["## The causes of failure\n", "| blinks | cause | strip |", "|---|---|---|"]
    seen = {code: strip for failures in bad.values() for _, code, strip, _ in failures}
    for code, cause in sorted(FAILURES.items()):
        parts.append(f"| {code} | {cause} | {f'`{seen[code]}`' if code in seen else 'not recorded'} |")
    return "\n".join(parts) + "\n"


def main():
    if "--help" in sys.argv:
        print(__doc__)
        return 0
    if len(sys.argv) > 1:
        raise Failure("takes no argument")
    conf = load_board(BOARD).board_conf.read_text().replace("menu {\n", "menu {\n\thang_seconds = 20\n\tback_seconds = 60\n")
    had = conf.split("modes = {")[1].split("}")[0]
    had = [word.strip(' "') for word in had.split(",")]
    good, bad = {}, {}
    try:
        with Router(BOARD, build_images(BOARD, board_conf=conf), network=False, recorder=False) as router:
            print("power-on", flush=True)
            start = steady(lambda: record_start(router))
            run_all(router, RUNS, had, good, bad)
        with Router(BOARD, build_images(BOARD, board_conf=conf, initramfs_extra=BROKEN), network=False, recorder=False) as router:
            run_all(router, BROKEN_RUNS, had, good, bad)
    except (EmuError, Timeout) as err:
        raise Failure(str(err)) from None
    DOCUMENT.write_text(document(start, good, bad))
    print(f"{DOCUMENT.relative_to(ROOT)} is written", flush=True)
    return 0


run_main("led-strips", main)
