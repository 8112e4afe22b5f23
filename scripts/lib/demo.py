"""A router that locks its owner out, and its rescue: QEMU, a Linux kernel, a GPIO button, an LED, SSH.

usage: scripts/demo [--modes] [--svg FILE]

Installs what is missing, builds, boots the emulated router, breaks its network settings, cuts its power,
presses its reset button while the window is open, logs in over SSH, mends the setting and shows the router
back, with a picture of what the LED did. With --modes another router is rescued without a PC: the button
chooses one of the seven rescue modes, and the LED says which. --svg writes the picture into FILE as well.
"""

import sys
import time

from common import Failure, run_main
from demo_modes import tell_modes
from demo_steps import (
    ADDRESS, LED, LOST, PATIENCE_S, SSH, answers, as_owner, boot_healthy, lock_out, must, seen, show, step, typed, wait_until,
)
from vrouter import EmuError, Router, build_images
from vrouter.leds import Blink, Steady

BOARD = "virt-disk"


def in_failsafe(router, command):
    """SSH without a password; what it prints goes to the terminal."""
    typed(f"ssh root@{ADDRESS} {command!r}")
    result = router.pc(SSH + f"-o BatchMode=yes -o PreferredAuthentications=none {command!r}")
    for line in result.stdout.rstrip().splitlines():
        print(f"    {line}")
    must(result.returncode == 0, f"SSH in failsafe failed: {result.stderr.strip()}")


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


def tell_failsafe(svg):
    print("The images of the virtual router ...", flush=True)
    with Router(BOARD, build_images(BOARD)) as router:
        boot_healthy(router, ", four of them for the failsafe window")
        lock_out(router)
        opened, press = press_in_window(router)
        mend(router)
        time.sleep(1.5)
        show(router, max(opened - 1, 0), [press], svg, "A rescue, seen at the LED")


def main():
    args = sys.argv[1:]
    if args == ["--help"]:
        print(__doc__.strip())
        return 0
    modes = "--modes" in args
    if modes:
        args.remove("--modes")
    if args and (len(args) != 2 or args[0] != "--svg"):
        raise Failure(f"'{' '.join(args)}' is not known; scripts/demo --help lists what is")
    svg = args[1] if args else None
    began = time.monotonic()
    try:
        tell_modes(svg) if modes else tell_failsafe(svg)
    except EmuError as error:
        raise Failure(str(error)) from None
    more = "emu/run virt-sd opens its front panel." if modes else "emu/run opens the router's front panel; scripts/demo --modes is next."
    print(f"\nAll of it was real but the plastic: {time.monotonic() - began:.0f} s. {more}")
    return 0


run_main("demo", main)
