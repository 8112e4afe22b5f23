"""Rescue modes chosen with one button and one LED at power-on (virt-sd)."""

import json
import re

import pytest

from lab import ADDRESS, LIT, READY_S, ROOT, STATUS_LED, board_file, lifeline
from vrouter import Blink, Steady
from wires import Listener, tcp_connects

BOARD = "virt-sd"
IDLE_S = 10
HANG_S = 20
HELD_LEDS = ("green:lan", "blue:rgb")
QUICK = {"menu {\n": f"menu {{\n\tback_seconds = 8\n\tssh_idle_seconds = {IDLE_S}\n",
         f'held = {{"{HELD_LEDS[0]}"}}': f'held = {{"{HELD_LEDS[0]}", "{HELD_LEDS[1]}"}}'}
BACK_S = 20  # the page of a failure is asked for meanwhile
IMPATIENT = {"back_seconds = 8": f"back_seconds = {BACK_S}\n\thang_seconds = {HANG_S}"}
ELSEWHERE = {'root = "PARTLABEL=rootfs"': 'root = "/dev/mmcblk0p1"'}
ROOT_WORD = "root=PARTLABEL=rootfs"
HANG = "a_hook_hangs"  # a word for the kernel
HOOKS = (("etc/lifeboat/rollback.d/10-fail", "#!/bin/sh\nexit 1\n"),
         ("etc/lifeboat/rollback.d/30-hang", f"""#!/bin/sh
grep -q {HANG} /proc/cmdline || exit 0
[ -d $1/etc ] && grep -q " $1 " /proc/mounts && echo "the hook has the new root" >/dev/console
grep -q " $1 " /proc/1/mounts && echo "PID 1 has it too" >/dev/console
sleep 1000
"""),
         ("etc/schnapps/rollback.d/20-mark", "#!/bin/sh\necho by a hook >$1/etc/marked\n"),
         ("sbin/dropbearkey", "#!/bin/sh\nexit 1\n"))
WORKING = Blink(STATUS_LED, 500, 500)


def status(router):
    return json.loads(router.sh("lifeboat status --json"))


def announced(router, mode):
    return router.says(rf"^Rescue mode {mode}: ").t


def look_at_failure(router, mode, why, blinks):
    """What the page says while the LED shows it."""
    page = router.page()
    for text in (f"<h1>Rescue mode {mode} has failed</h1>", why, f"blinks {blinks} times, pauses", "there is no snapshot to go back to",
                 "A normal boot follows by itself in "):
        assert text in page, page
    assert "&#9679; " * (blinks - 1) + "&#9679;</p>" in page
    told = json.loads(router.page("/status.json").split("\n\n", 1)[1])
    assert (told["reason"], told["mode"], told["last_mode_failure"]) == ("menu", mode, blinks) and told["last_mode"].endswith(why)
    assert router.page("/", "-X", "POST").startswith("HTTP/1.1 405 ")
    assert not tcp_connects(router.net.namespace("wan"), ADDRESS, 80)


def cause_shown(router, t0):
    """How many blinks follow each other between two times of darkness; the first times may not be whole."""
    times, count = [0], 0
    for phase in router.leds.phases(STATUS_LED, t0):
        if phase.on and phase.length * 1000 == pytest.approx(200, abs=60):
            count += 1
        elif not phase.on and phase.length > 1.3:
            times.append(count)
            count = 0
    return max(times)


def assert_announced_as(router, mode, t):
    """A pause, `mode` blinks, a pause, and light: counted back from the light, for the times of the console lag, and what a press
    has cut short may be as long as a blink."""
    end = router.leds.wait_for(LIT, after=t + 0.5)
    shown = [round(phase.length * 1000) for phase in router.leds.phases(STATUS_LED) if phase.start + phase.length < end + 0.01]
    *dark, pause = shown[::-2][::-1]
    count = next(i for i, ms in enumerate(reversed(dark), 1) if ms > 450)
    assert count == mode and pause == pytest.approx(500, abs=100) and dark[-count] == pytest.approx(700, abs=120), shown
    assert all(ms == pytest.approx(200, abs=60) for ms in shown[-2 * count:-1:2]), shown
    return end


def test_normal_boot__nobody_holds_the_button__lit_until_it_is_up_and_never_a_blink(bench):
    router = bench({}, board=BOARD, network=False)
    router.power_on()
    up = router.wait_up(60)
    router.leds.wait_for(Steady(STATUS_LED, True, for_ms=1000), READY_S, after=up)
    assert [on for _, led, on in router.leds.edges if led == STATUS_LED] == [True], router.leds.edges
    assert router.leds.edges[0][0] < up - 1, "lit only when the system was about to be up"
    assert not router.said("select the debug level")  # there is no window


# What the LED shows, in tenths of a second: + lit, - dark
GRID = {True: (2, 5, 10, 30, 35), False: (2, 5, 7, 10)}


def shown(router):
    """All that the LED has shown since it was first lit, in the times that the dialogue knows."""
    phases = router.leds.phases(STATUS_LED)
    first = next(i for i, phase in enumerate(phases) if phase.on)
    return "".join(f"{'-+'[p.on]}{min(GRID[p.on], key=lambda n: abs(n - p.length * 10))} " for p in phases[first:-1])


def blinking(mode):
    return "-7 " + " -2 ".join(["\\+2"] * mode) + " -5 "


def assert_blinked_while_held(router):
    """The LEDs of led.held blinked while the other one was dark for the first time, and never else."""
    lit = [edge for edge in router.leds.edges if edge[1] == STATUS_LED]
    dark, light = lit[1][0], lit[2][0]  # held is detected; the rescue part runs
    for led in HELD_LEDS:
        edges = [(t, on) for t, name, on in router.leds.edges if name == led]
        assert [on for _, on in edges] == [True, False] * (len(edges) // 2), led
        assert 3 <= len(edges) // 2 <= 5, edges  # 5 on a machine that is never late
        assert dark - 0.05 < edges[0][0] and edges[-1][0] < light + 0.05, (dark, light, edges)


def fourth_mode():
    """The number of the fourth of the board's modes."""
    words = re.search(r"modes = \{(.*?)\}", board_file(board=BOARD)).group(1)
    name = words.split(",")[3].strip(' "')
    return int(re.search(rf'^MODE\(\w+, *(\d), *\d, *"{name}"', (ROOT / "src/tables/modes.def").read_text(), re.M).group(1))


def test_sample_scenario__row_by_row__as_its_users_were_promised(bench):
    """The "sample scenario" of the page "Rescue modes" of the Turris MOX manual."""
    router = bench(QUICK, board=BOARD, network=False, initramfs_extra=HOOKS)
    button, last = router.button("reset"), fourth_mode()

    def press_when_asked(mode):
        router.leds.wait_for(Steady(STATUS_LED, True, for_ms=300), READY_S, after=announced(router, mode) + 0.5)
        button.press(0.2)

    router.power_on(hold=["reset"])
    router.says("^- rescue modes -")
    button.release()
    press_when_asked(1)
    press_when_asked(2)
    announced(router, 3)  # and missed
    press_when_asked(3)
    announced(router, last)
    router.says(f"rescue mode {last} is carried out now")
    router.leds.wait_for(WORKING)
    press = r"\+\d+ "
    assert re.match(rf"\+10 -10 \+10 {blinking(1)}{press}{blinking(2)}{press}{blinking(3)}\+30 {blinking(3)}{press}"
                    rf"{blinking(last)}\+30 {blinking(last)}\+35 -5 \+5 -5 \+5 ", shown(router)), shown(router)
    assert_blinked_while_held(router)


def test_menu__chosen_with_the_button__mode_3_is_carried_out__without_a_snapshot_a_code_and_a_normal_boot(bench):
    router = bench(QUICK, IMPATIENT, board=BOARD, recorder=True, initramfs_extra=HOOKS)
    listener = Listener(router, lifeline(), "-i", "lan1")
    button = router.button("reset")
    router.power_on(f"force_mode=3 {HANG}")
    router.says("the hook has the new root")
    hung = router.says(rf"rescue mode 3 \(factory\) failed: (it did not get any further for {HANG_S} s and was ended; the last that it "
                       r"said: /etc/lifeboat/rollback.d/30-hang)").group(1)
    router.power_cut()  # what was not flushed is lost
    assert not router.said("PID 1 has it too")

    router.power_on(hold=["reset"])
    router.says("^- rescue modes -")
    button.release()
    assert_announced_as(router, 1, announced(router, 1))
    button.press(0.2)
    pressed = announced(router, 2)
    # The first of its blinks: a press during an announcement counts too
    router.leds.wait_for(Steady(STATUS_LED, True, for_ms=100), after=pressed)
    button.press(0.2)
    began = announced(router, 3)
    waiting = assert_announced_as(router, 3, began)
    working = router.says("rescue mode 3 is carried out now").t
    assert 2 * 3 + 2.2 - 0.5 < working - waiting < 2 * 3 + 2.2 + 1.5
    router.says(r"rescue mode 3 \(factory\) is done: rolled back to snapshot factory; the state before is snapshot 1; the router reboots")
    router.wait_reset(READY_S)
    router.wait_up(60)
    router.serial.login(timeout=READY_S)
    told = "rescue mode 3 (factory) is done: rolled back to snapshot factory; the state before is snapshot 1"
    said = status(router)
    assert (said["last_mode"], said["last_mode_number"], said["last_mode_outcome"], said["last_mode_failure"]) == (told, 3, "done", 0)
    assert router.sh("cat /etc/marked") == "by a hook" and router.said("rollback.d/10-fail failed; the rollback goes on")
    log = router.sh("lifeboat log")
    assert told in log and f"rescue mode 3 (factory) failed: {hung}" in log
    assert [s["type"] for s in json.loads(router.sh("schnapps list -j"))["snapshots"]] == ["rollback"]

    router.sh("mount -t btrfs -o subvolid=5 /dev/mmcblk0p2 /mnt && btrfs subvolume delete /mnt/@factory && umount /mnt; sync")
    router.off()
    router.power_on("force_mode=2")
    router.says(r"rescue mode 2 \(rollback\) failed: there is no snapshot on /dev/mmcblk0p2 to go back to")
    router.says("the LED blinks 4 times, again and again")
    router.power_cut("kill")

    router.power_on("force_mode=5")
    router.says(r"rescue mode 5 \(ssh\) failed: a host key for SSH cannot be made")
    router.says("the LED blinks 6 times, again and again: something else")
    router.power_cut("kill")

    router.power_on("force_mode=3")
    failed = router.says(r"rescue mode 3 \(factory\) failed: there is no factory snapshot on /dev/mmcblk0p2").t
    router.says("the LED blinks 4 times, again and again: there is no snapshot to go back to")
    heard = listener.wait(lambda report: report.get("why", "").startswith("mode 3: failed: there is no factory snapshot"))
    assert heard["state"] == "starting" and heard["board"] == "lifeboat,virt-sd"
    listener.end()
    look_at_failure(router, 3, "there is no factory snapshot on /dev/mmcblk0p2", 4)
    router.wait_up(60)
    assert cause_shown(router, failed) == 4
    assert router.resets == [] or len(router.resets) == 1
    router.serial.login(timeout=READY_S)
    said = status(router)
    assert "failed" in said["last_mode"] and "failed" in router.sh("lifeboat log")
    assert (said["last_mode_number"], said["last_mode_outcome"], said["last_mode_failure"]) == (3, "failed", 4)
    assert (said["mode"], said["leaves_seconds"]) == (0, 0)
    assert "/run/lifeboat/empty" not in router.sh("ls -l /proc/[0-9]*/root")

    count, began = len(router.resets), router.now()
    button.hold()
    router.says("button 'reset' was held for 4.0 s: the router is reset at once")
    assert 4 - 0.1 < router.wait_reset(READY_S, count + 1) - began  # and it is still held
    assert not router.said("system reboot")
    button.release()


def test_modes_that_let_in__until_nobody_is_there_or_a_press__then_what_was_done_in_there_is_gone_back_to(bench):
    lonely = bench(QUICK, board=BOARD)  # its WAN port's cable leads to nobody; that takes a minute
    lonely.power_on("force_mode=6")
    # The board file of the initramfs is wrong about the root: the command line is right
    router = bench(QUICK, board=BOARD, initramfs_extra={"etc/lifeboat/board.conf": board_file(QUICK, ELSEWHERE, board=BOARD)})
    router.power_on(f"force_mode=5 {ROOT_WORD}")
    router.says("rescue mode 5 is carried out now")
    assert router.ssh("schnapps create -n by hand", password="") == "1"
    assert router.ssh("lifeboat snapshot mount current && cat /mnt/snapshot-@/etc/banner >/dev/null && umount /mnt/snapshot-@ && ip -4 -o addr",
                      password="").count("192.168.1.1/24") == 1
    told = router.ssh(f"lifeboat status; hostname; sleep {IDLE_S}", password="")  # from the beginning the time would be up now
    left = router.now()
    assert "rescue mode 5 (ssh) was chosen" in told and "without a password" in told
    assert "lifeboat-rescue" in told and "none is recorded" in told and re.search(r"^  root +not mounted$", told, re.M), told
    router.leds.wait_for(WORKING)
    router.says(r"rescue mode 5 \(ssh\) is done: nobody was there any more; the router reboots", IDLE_S + READY_S)
    assert router.wait_reset(READY_S) - left > IDLE_S / 2  # the session ends before this side hears of it
    router.power_cut("kill")

    router.power_on(f"force_mode=7 {ROOT_WORD}")
    sh = router.shell()
    assert router.said("lifeboat snapshot mount current")
    assert sh("ip -4 -o addr | grep -v ' lo ' || true") == ""
    assert "@1\n" in sh("mkdir -p /x && mount -t btrfs -o subvolid=5 /dev/mmcblk0p2 /x && ls -1 /x && mkdir /x/@/later && "
                        "btrfs subvolume create /x/@/later/box && umount /x") + "\n"
    router.button("reset").press(0.2)
    router.says(r"rescue mode 7 \(shell\) is done: a button was pressed; the router reboots")
    router.wait_reset(READY_S)
    router.power_cut("kill")

    router.power_on(f"force_mode=2 {ROOT_WORD}")
    router.says(r"rescue mode 2 \(rollback\) is done: rolled back to snapshot 1; the state before is snapshot 2; "
                r"subvolumes that stay in the state before: 1; the router reboots")
    router.wait_reset(READY_S)
    router.power_cut("kill")

    router.power_on("rescue_mode=4", hold=["reset"])  # and never let go of: what is typed counts all the same
    announced(router, 5)
    router.serial.send("8\n")
    router.says("That is no number of the list above")
    router.serial.send("1\n")
    announced(router, 1)
    announced(router, 1)
    router.says(r"rescue mode 1 \(reboot\) is done: nothing was changed; the router reboots")
    router.wait_reset(READY_S)
    router.button("reset").release()
    router.power_cut("kill")

    router.power_on("force_mode=5 module_blacklist=virtio_net")
    router.says(r"rescue mode 5 \(ssh\) failed: no LAN port of the board comes up")
    router.says("the LED blinks 1 time, again and again: no network")
    router.says("a normal boot follows in 8 s")
    router.power_cut("kill")

    router.power_on(f"force_mode=2 {ROOT_WORD} module_blacklist=sdhci_pci")
    router.says(r"rescue mode 2 \(rollback\) failed: the root device PARTLABEL=rootfs did not appear within 10 s")
    stays = router.says("there is no system that could boot, so this is shown until the router is switched off").t

    lonely.says(r"rescue mode 6 \(internet\) failed: eth2 gets no address: nobody answered to DHCP", 120)
    lonely.says("the LED blinks 1 time, again and again: no network")
    router.leds.wait_for(Steady(STATUS_LED, False, for_ms=1300), READY_S, after=stays + 8 + 2)  # between two times of the code
    assert not router.said("a normal boot follows") and not router.said("- rescue -")
