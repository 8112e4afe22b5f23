"""The second story of scripts/demo: no PC, only a button and an LED."""

from demo_steps import (
    ADDRESS, LED, PATIENCE_S, answers, as_owner, boot_healthy, lock_out, must, seen, show, step, wait_until,
)
from vrouter import Router, build_images
from vrouter.leds import Blink, Steady

BOARD = "virt-sd"
HELD_LED = "green:lan"  # led.held of the board
CHOSEN = 3


def hold_at_power_on(router):
    step("Power cut. Somebody without a PC holds the reset button while the power comes on.")
    router.power_cut()
    router.power_on(hold=["reset"])
    router.leds.wait_for(Blink(HELD_LED, 100, 100), timeout=PATIENCE_S)
    router.button("reset").release()
    seen("the status LED was lit and went out, those of the ports blink: let go")
    return 0.0, router.now(), "reset"


def choose(router):
    """[(start, end, word)] of the dialogue, and the presses."""
    starts, presses = [], []
    for number in range(1, CHOSEN + 1):
        said = router.serial.expect(rf"Rescue mode {number}: ([^\r\n]+)[\r\n]", PATIENCE_S)
        starts.append((said.t, f"mode {number}"))
        # Lit for longer than between two blinks: it has been announced, and waits
        router.leds.wait_for(Steady(LED, True, for_ms=600), timeout=PATIENCE_S, after=said.t)
        if number < CHOSEN:
            seen(f"it blinks {('once', 'twice')[number - 1]}: mode {number}, {said.group(1)}. A press: the next one")
            down = router.now()
            router.button("reset").press(0.2)
            presses.append((down, router.now(), ""))
        else:
            seen(f"it blinks {number} times: mode {number}, {said.group(1)}. No press: that is the one")
    starts.append((router.serial.expect(rf"rescue mode {CHOSEN} is carried out now", PATIENCE_S).t, "at work"))
    return starts, presses


def back(router):
    done = router.serial.expect(rf"rescue mode {CHOSEN} \(\w+\) is done: ([^\r\n]+); the router reboots", PATIENCE_S)
    seen(done.group(1))
    reset = router.wait_reset(PATIENCE_S)
    up = router.wait_up(PATIENCE_S)
    wait_until(lambda: answers(router), "the router's web page")
    must(up > reset, "the router did not reboot")
    seen(f"it rebooted by itself, and http://{ADDRESS}/ answers")
    return reset


def look(router):
    step("What was it? And what was there before is not lost.")
    for command in ("lifeboat status | grep rescue", "lifeboat snapshot list", "lifeboat snapshot diff 1 current /etc/config || true"):
        as_owner(router, command)


def tell_modes(svg):
    print("The images of the virtual router ...", flush=True)
    with Router(BOARD, build_images(BOARD)) as router:
        boot_healthy(router)
        lock_out(router)
        held = hold_at_power_on(router)
        starts, presses = choose(router)
        reset = back(router)
        look(router)
        ends = [t for t, _ in starts[1:]] + [reset]
        annotations = [(t, end, word) for (t, word), end in zip(starts, ends)]
        show(router, 0, [held, *presses], svg, "A rescue mode, chosen by one button and seen at one LED", annotations, reset)
