"""A router that locks its owner out, and its rescue: QEMU, a Linux kernel, a GPIO button, an LED, SSH.

usage: scripts/demo [--svg FILE]

Installs what is missing, builds, boots the emulated router, breaks its network settings, cuts its power,
presses its reset button while the window is open, logs in over SSH, mends the setting and shows the router
back, with a picture of what the LED did. --svg writes that picture into FILE as well.
"""

import os
import shutil
import sys
import time

from common import ROOT, Failure, run_main

sys.path.insert(0, str(ROOT / "emu"))

from vrouter import EmuError, Router, build_images, picture  # noqa: E402 (found by the line above)
from vrouter.leds import Blink, Steady  # noqa: E402

BOARD = "virt-disk"
LED = "green:status"
ADDRESS = "192.168.1.1"
LOST = "10.99.99.1"
OWNER_PASSWORD = "lifeboat"  # of the guest system, emu/guest/rootfs/etc/shadow
SSH = ("ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=5 "
       f"root@{ADDRESS} ")
PATIENCE_S = 180  # for a machine that has other things to do
COLOUR = sys.stdout.isatty()


def paint(code, text):
    return f"\x1b[{code}m{text}\x1b[0m" if COLOUR else text


def step(text):
    print(f"\n{paint('1;36', '▸')} {paint('1', text)}", flush=True)


def seen(text):
    print(f"  {paint('32', '✓')} {text}", flush=True)


def typed(text):
    print(f"  {paint('33', '$')} {text}", flush=True)


def must(done, what):
    if not done:
        raise Failure(f"{what}: this should not happen; the router's console is in the lines above")


def answers(router):
    page = router.pc(f"curl -s -m 2 http://{ADDRESS}/ || true").stdout
    return "<title>" in page.lower()


def reaches(router):
    return router.pc(f"ping -c 1 -W 1 {ADDRESS} >/dev/null").returncode == 0


def wait_until(check, what):
    end = time.monotonic() + PATIENCE_S
    while not check():
        if time.monotonic() > end:
            raise Failure(f"{what} did not happen within {PATIENCE_S} s")
        time.sleep(0.1)


def as_owner(router, command):
    """SSH into the healthy router with the owner's password."""
    ask = router.run_dir / "askpass"
    ask.write_text(f"#!/bin/sh\necho {OWNER_PASSWORD}\n")
    ask.chmod(0o700)
    typed(f"ssh root@{ADDRESS} {command!r}")
    env = {**os.environ, "SSH_ASKPASS": str(ask), "SSH_ASKPASS_REQUIRE": "force"}
    process = router.pc_popen(SSH + f"-o PreferredAuthentications=password {command!r}", env=env)
    must(process.wait(20) == 0, "SSH with the owner's password failed")


def in_failsafe(router, command):
    """SSH without a password; what it prints goes to the terminal."""
    typed(f"ssh root@{ADDRESS} {command!r}")
    result = router.pc(SSH + f"-o BatchMode=yes -o PreferredAuthentications=none {command!r}")
    for line in result.stdout.rstrip().splitlines():
        print(f"    {line}")
    must(result.returncode == 0, f"SSH in failsafe failed: {result.stderr.strip()}")


def boot_healthy(router):
    step("Power on. Nobody touches anything.")
    router.power_on()
    up = router.wait_up(PATIENCE_S)
    wait_until(lambda: answers(router), "the router's web page")
    seen(f"the router is up after {up:.1f} s, four of them for the failsafe window; http://{ADDRESS}/ answers")


def lock_out(router):
    step(f"The owner gives the LAN port a wrong address: {LOST}")
    as_owner(router, f"sed -i s/{ADDRESS}/{LOST}/ /etc/config/network && sync")
    step("Power cut and on again, as owners do.")
    router.power_cut()
    router.power_on()
    router.wait_up(PATIENCE_S)
    must(not reaches(router), "the router still answers")
    seen(f"it boots, and {ADDRESS} is gone: locked out")


def press_in_window(router):
    step("Power cut and on again. This time a finger waits for the LED.")
    router.power_cut()
    router.power_on()
    began = router.leds.wait_for(Blink(LED, 100, 100), timeout=PATIENCE_S)
    time.sleep(1.5)
    window_hz = router.leds.blink_hz(LED, began)
    seen(f"the LED blinks {window_hz:.2f} times per second: the window is open")
    down = router.now()
    router.button("reset").press(0.4)
    up = router.now()
    seen("the reset button is pressed")
    failsafe = router.leds.wait_for(Blink(LED, 50, 50), timeout=PATIENCE_S)
    wait_until(lambda: router.pc(f"nc -z -w 1 {ADDRESS} 22 2>/dev/null || "
                                 f"bash -c ': </dev/tcp/{ADDRESS}/22' 2>/dev/null").returncode == 0, "SSH")
    failsafe_hz = router.leds.blink_hz(LED, failsafe)
    seen(f"the LED blinks {failsafe_hz:.2f} times per second: failsafe")
    return began, (down, up, "reset")


def mend(router):
    step("Log in, look, mend. No password: the finger on the button was the proof.")
    in_failsafe(router, "lifeboat status")
    in_failsafe(router, "mount_root 2>&1")
    in_failsafe(router, f"sed -i s/{LOST}/{ADDRESS}/ /etc/config/network && grep ipaddr /etc/config/network")
    typed(f"ssh root@{ADDRESS} reboot")
    router.pc(SSH + "-o BatchMode=yes -o PreferredAuthentications=none reboot")
    router.wait_reset()
    up = router.wait_up(PATIENCE_S)
    wait_until(lambda: answers(router), "the router's web page")
    router.leds.wait_for(Steady(LED, True, for_ms=1000), timeout=PATIENCE_S, after=up - 1)
    seen(f"rebooted; up again, and http://{ADDRESS}/ answers. The LED is steady.")
    as_owner(router, "lifeboat log")


def show(router, began, press, svg):
    t0, t1 = max(began - 1, 0), router.now()
    lamps = [picture.lamp(LED)]
    step("What the LED did, recorded at the GPIO pin:")
    width = min(shutil.get_terminal_size((100, 24)).columns, 140)
    strip = picture.ansi_strip if COLOUR else picture.plain_strip
    print()
    print("\n".join(strip(router.leds.edges, t0, t1, width, lamps=lamps, presses=[press])))
    if svg:
        title = "A rescue, seen at the LED"
        with open(svg, "w") as out:
            out.write(picture.svg_timeline(router.leds.edges, t0, t1, presses=[press], title=title, lamps=lamps))
        seen(f"written: {svg}")


def main():
    args = sys.argv[1:]
    if args == ["--help"]:
        print(__doc__.strip())
        return 0
    if args and (len(args) != 2 or args[0] != "--svg"):
        raise Failure(f"'{' '.join(args)}' is not known; scripts/demo --help lists what is")
    began = time.monotonic()
    try:
        with Router(BOARD, build_images(BOARD)) as router:
            boot_healthy(router)
            lock_out(router)
            opened, press = press_in_window(router)
            mend(router)
            time.sleep(1.5)
            show(router, opened, press, args[1] if args else None)
    except EmuError as error:
        raise Failure(str(error)) from None
    print(f"\nAll of it was real but the plastic: {time.monotonic() - began:.0f} s. "
          "emu/run opens the router's front panel.")
    return 0


run_main("demo", main)
