"""The buttons of the running router, as `lifeboat panel` understands them."""

import time

import pytest

from lab import BOOTING, FAILSAFE, FAST, LIT, STATUS_LED

CANCEL = {'long = "factory-reset"': 'long = "factory-reset"\n\tcancel_ms = 8000\n'}
WATCHED = "buttons that are watched: reset, wps"


def up(router, login=True):
    router.to_up()
    router.says(WATCHED)
    if login:
        router.serial.login()


def hold_for(router, name, seconds):
    """Hold a button for so long on the router's clock, which may run slower than ours; returns when it went down."""
    button, began = router.button(name), router.now()
    button.hold()
    while router.now() < began + seconds:
        time.sleep(0.01)
    button.release()
    return began


def assert_lit_since(router, t):
    """The LED of a running router has not changed."""
    assert [edge for edge in router.leds.edges if edge[0] > t] == []
    assert router.leds.state()[STATUS_LED] is True


def test_reset__short_press__the_system_reboots_in_an_orderly_way(bench):
    router = bench()
    up(router)
    router.sh("echo kept >/etc/kept")  # not synced
    lit = router.leds.wait_for(LIT)
    router.button("reset").press(0.3)
    router.says(r"lifeboat: button 'reset' was held for 0\.\d s: the router reboots")
    router.says("system reboot")
    reset = router.wait_reset()
    assert [edge for edge in router.leds.edges if lit < edge[0] < reset - 1] == []
    router.says(WATCHED, 60)
    router.serial.login()
    assert router.sh("cat /etc/kept") == "kept"


def test_reset__held_for_2_s__nothing_and_the_buttons_go_on_working(bench):
    router = bench()
    up(router)
    router.leds.wait_for(LIT)
    began = hold_for(router, "reset", 2)
    router.button("wps").press(0.3)
    router.says(r"wps' was held for 0\.\d s: its command runs")
    router.says("^wps button pressed")
    assert_lit_since(router, began)
    assert not router.resets and not router.said("button 'reset'")
    router.sh("kill -9 $(pidof lifeboat)")  # init starts it again
    router.says(WATCHED)
    router.button("wps").press(0.3)
    router.says("^wps button pressed")


def test_reset__held_too_long_or_taken_back__blinks_from_5_s_on_and_is_steady_after_cancel(bench):
    router = bench(FAST, CANCEL)
    up(router)
    router.leds.wait_for(LIT)
    pressed = router.now()
    router.button("reset").hold()
    blinks = router.leds.wait_for(FAILSAFE, after=pressed)
    assert 4.8 < blinks - pressed < 6.5
    assert router.led_rate(2, blinks) == pytest.approx(10, rel=0.05)
    steady = router.leds.wait_for(LIT, after=blinks)
    assert 7.8 < steady - pressed < 9.5
    router.button("reset").release()
    time.sleep(0.3)  # or it would count as a break of the same press

    pressed = router.now()
    router.button("reset").hold()
    blinks = router.leds.wait_for(FAILSAFE, after=pressed)
    router.button("wps").press(0.2)
    router.says("lifeboat: button 'reset': cancelled by another button")
    taken_back = router.leds.wait_for(LIT, after=blinks)
    assert taken_back - pressed < 8
    router.button("reset").release()
    time.sleep(0.5)
    assert_lit_since(router, taken_back)
    assert not router.resets and not router.said("factory reset") and not router.said("wps button pressed")


def test_led__borrowed__does_again_what_it_did_or_what_it_should_do_by_now(bench):
    router = bench()
    up(router)

    def arm():
        pressed = router.now()
        router.button("reset").hold()
        return router.leds.wait_for(FAILSAFE, after=pressed)

    def take_back(shows, after):
        router.button("wps").press(0.2)
        router.says("cancelled by another button")
        router.leds.wait_for(shows, after=after)
        router.button("reset").release()
        time.sleep(0.3)  # or it would count as a break of the same press

    router.sh("cd /sys/class/leds/green:status; echo timer >trigger; echo 200 >delay_on; echo 200 >delay_off")
    take_back(BOOTING, arm())
    # As if the boot were not over yet
    router.sh("""sed -i 's/"state_code": *3/"state_code": 2/' /run/lifeboat/status.json; lifeboat status | grep -q ^booting""")
    blinks = arm()
    router.sh("mount_root done")
    assert router.leds.wait_for(FAILSAFE, after=router.now()) > blinks, "the end of the boot ended the blinking"
    take_back(LIT, router.now())


def test_reset__held_since_before_the_system_was_up__nothing_until_it_was_released(bench):
    router = bench()
    router.power_on()
    router.wait_window_end(router.wait_window())
    router.button("reset").hold()
    router.wait_up(60)
    router.says("lifeboat: button 'reset' reads as pressed: ignored until it is released")
    lit = router.leds.wait_for(LIT)
    while router.now() < lit + 6:
        time.sleep(0.1)
    router.button("reset").release()
    time.sleep(0.5)
    assert_lit_since(router, lit)
    assert not router.resets and not router.said("was held")
    router.button("reset").press(0.3)
    router.wait_reset()
    router.says(WATCHED, 60)


# OpenWrt's own limit, and what its users are told
@pytest.mark.parametrize("seconds", [5.5, 10])
def test_reset__held_for_5_and_for_10_s__factory_reset_and_reboot(bench, seconds):
    router = bench()
    up(router)
    router.sh("echo gone >/etc/.gone; sync")
    pressed = hold_for(router, "reset", seconds)
    assert router.leds.find(FAILSAFE, pressed) is not None or seconds < 6
    router.says(r"lifeboat: button 'reset' was held for \d+\.\d s: factory reset")
    router.wait_reset(60)
    router.says(WATCHED, 60)
    router.serial.login()
    assert router.serial.run("cat /etc/.gone")[0] != 0
