"""What the LED of each rescue mode looks like: docs/led-strips.md, recorded on the emulated router virt-sd.

usage: scripts/led-strips

Installs what is missing, builds, and goes through the modes and their failures, as root and for some ten minutes. Each time
between two changes of the LED's pin is rounded to 100 ms; a run in which the machine was too busy for that is done once more.
"""

import contextlib
import os
import sys
import tempfile
import time
from collections import namedtuple

from common import ROOT, Failure, run_main
from led_props import Props

sys.path.insert(0, str(ROOT / "emu"))
sys.path.insert(0, str(ROOT / "tests/check"))

from tables import rows  # noqa: E402 (found by the lines above)
from vrouter import EmuError, Router, build_images, load_board  # noqa: E402
from vrouter.errors import Timeout  # noqa: E402

BOARD = "virt-sd"
LED = "green:status"
HELD_LED = "green:lan"  # led.held of the board
DOCUMENT = ROOT / "docs/led-strips.md"
UNIT_MS = 100  # a character
LATE_MS = 40
WORKS_MS = 3000  # of the light of a mode at work, which takes as long as it takes
PATIENCE_S = 240
TRIES = 8
URGENT = -15  # what is recorded is the emulator's speed too
MODES = {int(number): (name, text) for _, number, _, name, text in rows((ROOT / "src/tables/modes.def").read_text(), "MODE")}
FAILURES = {int(code): text for _, code, _, text in rows((ROOT / "src/tables/failures.def").read_text(), "FAILURE")}

HEAD = """# What the LED shows

Recorded by `scripts/led-strips` on the emulated router `virt-sd`: the pin of its LED, times rounded to 100 ms. A character is 100 ms:
`#` lit, `.` dark; `~` goes on like that, as long as it takes. The dialogue: [rescue-modes.md](rescue-modes.md).

## From power-on

```
{start}
```

The button is held: lit. Held for a second: dark, let go now, and the LEDs of the Ethernet ports blink, if the board has such
(`led.held`). Lit: announcements follow.

## The modes

`works` is what there is of it until the light goes out and the router reboots, or its first three seconds. What the console says of a
failure is in the recovery record too, unless that lies on a card that cannot be written, as here in a router without its card.
"""


class Jitter(Exception):
    """The machine was too busy to keep the LED's time."""


def rounded(seconds):
    ms = round(seconds * 1000 / UNIT_MS) * UNIT_MS
    if abs(ms - seconds * 1000) > LATE_MS:
        raise Jitter(f"{seconds * 1000:.0f} ms")
    return ms


def phases(router, t0, t1=None, led=LED):
    """The LED's phases from the first time that it was lit after t0."""
    found = list(router.leds.phases(led, t0, t1))
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
    """From the first moment of the work to the last light before the reboot, which is cut anywhere; "" when there was no time."""
    found = [phase for phase in found if phase.start < end_s]
    while found and not found[-1].on:
        found.pop()
    strip = ""
    for phase in found[:-1]:
        strip += text([(phase.on, rounded(phase.length))])
        if len(strip) > WORKS_MS // UNIT_MS:
            return strip[: WORKS_MS // UNIT_MS] + "~"
    return strip + "#" * round(found[-1].length * 1000 / UNIT_MS) if found else ""


def cut(found, begin, end):
    """What of the phases lies within that time."""
    parts = [(p.on, min(p.start + p.length, end) - max(p.start, begin)) for p in found]
    return text((on, rounded(length)) for on, length in parts if length * 1000 > LATE_MS)


def beat(router, code, failed):
    """The beat of a cause, which two beats in a row have shown alike: dark, blinks, dark. It begins with the end of the light."""
    before = None
    lit = [p for p in router.leds.phases(LED, failed) if p.on and p.start > failed]
    # The first blinks of beats: between two of them what is dark is shared
    for first in (p for i, p in enumerate(lit) if i and p.start - (lit[i - 1].start + lit[i - 1].length) > 2):
        t0, t1 = first.start - 1, first.start - 1 + (800 + 400 * code + 1500) / 1000
        if t1 > router.now():
            return None
        try:
            now = cut(router.leds.phases(LED, t0, t1), t0, t1)
        except Jitter:
            now = None
        if now and now == before:
            return now
        before = now
    return None


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
    first, dark, light = phases(router, 0)[:3]
    begin, end = first.start, light.start + light.length
    return [(LED, text((phase.on, rounded(phase.length)) for phase in (first, dark, light))),
            (HELD_LED, cut(router.leds.phases(HELD_LED, begin, end), begin, end))]


def begin(router, case, props, words):
    """Power on, with all that the case wants to be there, until the mode is at work."""
    if case.shop == "provider":
        props.provide(router)
    elif case.shop:
        props.sell(router, *case.shop)
    on(router, f"{words} {case.append}")
    if case.stick:
        router.usb_plug(props.stick(case.stick))
    router.serial.expect(f"rescue mode {case.mode} is carried out now", PATIENCE_S)
    if case.person:
        case.person(router, props)


def end(router, number, patience=PATIENCE_S):
    """What the console says at the end of a mode."""
    return router.serial.expect(rf"rescue mode {number} \(\w+\) (is done|failed): ([^\r\n]+)\r?\n", patience)


def record_success(router, case, props):
    """[(word, strip)] of the whole dialogue and the work."""
    begin(router, case, props, f"rescue_mode={case.mode - 1}")
    lines, strip, said = None, "", None
    while not said:
        try:
            said = end(router, case.mode, WORKS_MS / 1000 + 1)
        except Timeout:  # a long work need not be over for a look at its beginning
            if not strip.endswith("~"):
                lines, found = dialogue(router, case.mode)
                strip = working(found, router.now())
    if said.group(1) != "is done":
        raise Failure(f"mode {case.mode} failed: {said.group(2)}")
    reset = router.wait_reset(PATIENCE_S)
    if not strip.endswith("~"):
        lines, found = dialogue(router, case.mode)
        strip = working(found, reset)
    return [*lines, ("works", strip)] if strip else lines


def record_failure(router, case, props):
    """(blinks, strip, what console and record say)"""
    begin(router, case, props, f"force_mode={case.mode}")
    said = end(router, case.mode)
    if said.group(1) != "failed":
        raise Failure(f"mode {case.mode} did not fail {case.what}: {said.group(2)}")
    code = int(router.serial.expect(r"the LED blinks (\d+) times?,", PATIENCE_S).group(1))
    return code, wait(lambda: beat(router, code, said.t), "the cause"), said.group(2)


def press(router, _):
    router.serial.expect("RESCUE MODE active", PATIENCE_S)
    router.button("reset").press(0.2)


def reboot(router, _):
    router.serial.send("\n")
    router.serial.expect("RESCUE MODE active", PATIENCE_S)
    router.serial.expect("# ", PATIENCE_S)
    router.serial.send("reboot\n")


def forget(router, _):
    """In mode 7: nothing to go back to is left."""
    router.serial.send("\n")
    router.serial.expect("# ", PATIENCE_S)
    code, out = router.serial.run("mount -t btrfs -o subvolid=5 /dev/mmcblk0p2 /mnt && for s in /mnt/@factory /mnt/@[0-9]*; do "
                                  "[ ! -d $s ] || btrfs subvolume delete $s || break; done && umount /mnt && sync", PATIENCE_S)
    if code:
        raise Failure(f"the snapshots cannot be deleted: {out}")
    router.button("reset").press(0.2)


def shut(router, props):
    """The server goes away while the medkit is on its way."""
    router.serial.expect("trying again from byte", PATIENCE_S)
    props.shut()


# what: when it fails, None = it does not; shop: "provider", or a medkit of led_props.py and what part of it is served;
# stick: a medkit; person: what a person does meanwhile
Case = namedtuple("Case", "mode what append shop stick person", defaults=(None, "", None, None, None))

CASES = [
    Case(1),
    Case(2),
    Case(3),
    Case(2, "without its card", "module_blacklist=sdhci_pci"),
    Case(4, "without a stick"),
    Case(4, "with a damaged medkit", stick="damaged"),
    Case(4, "with a wrong signature", stick="wrongly signed"),
    Case(4, "with more than fits on the card", stick="too large"),
    Case(4, stick="good"),
    Case(5, person=reboot),
    Case(5, "without a LAN port", "module_blacklist=virtio_net"),
    Case(6, "without a WAN port", "module_blacklist=virtio_net"),
    Case(6, "without an answer to DHCP"),
    Case(6, "without its server", shop="provider"),
    Case(6, "when the server goes in the middle", shop=("good", 0.4), person=shut),
    Case(6, "with a damaged medkit", shop=("damaged",)),
    Case(6, "with a wrong signature", shop=("wrongly signed",)),
    Case(6, "with more than fits on the card", shop=("too large",)),
    Case(6, shop=("good",)),
    Case(7, person=press),
    Case(7, "", "", person=forget),
    Case(2, "without any snapshot"),
    Case(3, "without a factory snapshot"),
]
# The same with an initramfs that has a hook that hangs, and no SSH server
BROKEN = {"etc/lifeboat/rollback.d/10-hang": "#!/bin/sh\nsleep 1000\n", "sbin/dropbear": ""}
BROKEN_CASES = [Case(3, "when a program of `rollback.d` hangs"), Case(5, "without an SSH server")]


def run_all(router, cases, props, good, bad):
    for case in cases:
        print(f"mode {case.mode}, {case.person.__name__ if case.what == '' else case.what or 'all well'}", flush=True)
        if case.what is None:
            good[case.mode] = steady(lambda: record_success(router, case, props))
        elif case.what:
            bad.setdefault(case.mode, []).append((case.what, *steady(lambda: record_failure(router, case, props))))
        else:
            begin(router, case, props, f"force_mode={case.mode}")
            end(router, case.mode)


def section(number, good, bad):
    name, help_text = MODES[number]
    parts = [f"### {number} `{name}`: {help_text}\n"]
    if number in good:
        parts += ["```", *(f"{word:10} {strip}" for word, strip in good[number]), "```\n"]
        parts += ["Then the router reboots.\n"]
    for what, code, strip, why in bad.get(number, []):
        parts += [f"{what[0].upper()}{what[1:]}: {code} blink{'s' * (code != 1)}, over and over. The console: \"{why}\".\n", "```", strip, "```\n"]
    return parts


def document(start, good, bad):
    parts = [HEAD.format(start="\n".join(f"{led:12}  {strip}" for led, strip in start))]
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
    os.setpriority(os.PRIO_PROCESS, 0, URGENT)
    conf = load_board(BOARD).board_conf.read_text().replace("menu {\n", "menu {\n\tback_seconds = 0\n")
    hasty = conf.replace("menu {\n", "menu {\n\thang_seconds = 20\n")
    good, bad = {}, {}
    try:
        with tempfile.TemporaryDirectory() as folder, contextlib.closing(Props(folder, BOARD, conf)) as props:
            with Router(BOARD, build_images(BOARD, board_conf=conf, initramfs_extra=props.files()), recorder=False) as router:
                print("power-on", flush=True)
                start = steady(lambda: record_start(router))
                run_all(router, CASES, props, good, bad)
                props.close()
            with Router(BOARD, build_images(BOARD, board_conf=hasty, initramfs_extra=BROKEN), network=False, recorder=False) as router:
                run_all(router, BROKEN_CASES, props, good, bad)
    except (EmuError, Timeout) as err:
        raise Failure(str(err)) from None
    DOCUMENT.write_text(document(start, good, bad))
    print(f"{DOCUMENT.relative_to(ROOT)} is written", flush=True)
    return 0


run_main("led-strips", main)
