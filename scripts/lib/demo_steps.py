"""What the stories of scripts/demo are told with."""

import os
import shutil
import sys
import time

from common import ROOT, Failure

sys.path.insert(0, str(ROOT / "emu"))

from vrouter import picture  # noqa: E402 (found by the line above)

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


def boot_healthy(router, of_that=""):
    step("Power on. Nobody touches anything.")
    router.power_on()
    up = router.wait_up(PATIENCE_S)
    wait_until(lambda: answers(router), "the router's web page")
    seen(f"the router is up after {up:.1f} s{of_that}; http://{ADDRESS}/ answers")


def lock_out(router):
    step(f"The owner gives the LAN port a wrong address: {LOST}")
    as_owner(router, f"sed -i s/{ADDRESS}/{LOST}/ /etc/config/network && sync")
    step("Power cut and on again, as owners do.")
    router.power_cut()
    router.power_on()
    router.wait_up(PATIENCE_S)
    must(not reaches(router), "the router still answers")
    seen(f"it boots, and {ADDRESS} is gone: locked out")


def show(router, t0, presses, svg, title, annotations=None, t1=None):
    t1 = t1 or router.now()
    lamps = [picture.lamp(LED)]
    step("What the LED did, recorded at the GPIO pin:")
    width = min(shutil.get_terminal_size((100, 24)).columns, 140)
    strip = picture.ansi_strip if COLOUR else picture.plain_strip
    print()
    print("\n".join(strip(router.leds.edges, t0, t1, width, lamps=lamps, annotations=annotations, presses=presses)))
    if svg:
        with open(svg, "w") as out:
            out.write(picture.svg_timeline(router.leds.edges, t0, t1, annotations, presses, title, lamps))
        seen(f"written: {svg}")
