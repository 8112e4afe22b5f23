"""The only root of a router is written anew: from RAM, by a PID 1 that leaves it, and from a stick, by the boot gate."""

import json
import random
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest

import systemd
from lab import ADDRESS, FAST, LONG, NO_WINDOW, ROOT, STATUS_LED, Bench, board_file, images, lifeline
from reset import by_console_to_failsafe, restarted, status
from vrouter import load_board
from vrouter.images.guest import Guest
from wires import Listener

sys.path.insert(0, str(ROOT / "tests/cli"))

import firmware  # noqa: E402  needs the path

SHOW = {"etc/lifeboat/progress.d/show": "#!/bin/sh\nexec lifeboat upgrade --follow --json >/dev/console\n"}
NEW = {"etc/release": "the new system\n"}
KEPT = "/etc/config/kept"
GOES = r"^lifeboat: an upgrade from UUID=\S+ (begins|goes on)"


def new_image(*changes, **files):
    """A sysupgrade image for this board, with a root that differs from the one that runs."""
    root = images(board_file(FAST, *changes), squashfs_extra=tuple({**NEW, **files}.items())).root
    return firmware.metadata(root.read_bytes(), ["lifeboat,virt-disk"])


def owned(bench, *changes, **options):
    router = bench(FAST, *changes, **options)
    router.to_up(login=True)
    own(router)
    return router


def own(router):
    """What the owner saves, and an archive of a part of it."""
    router.sh(f"echo of the owner >{KEPT}; mkdir /left; rm /etc/banner; sync")
    router.sh(f"lifeboat settings create /tmp/settings.tgz {KEPT}")


UUID = "7d0c3a51-4f2e-4b6e-9a51-6d2f4a1be001"


def stick_with(tmp_path, content):
    """A stick on which that lies as /new.img."""
    folder, image = tmp_path / "stick", tmp_path / "stick.img"
    folder.mkdir()
    (folder / "new.img").write_bytes(content)
    with open(image, "wb") as file:
        file.truncate(24 << 20)
    subprocess.run(["/sbin/mkfs.ext4", "-q", "-U", UUID, "-d", str(folder), str(image)], check=True)
    return image


def plug(router, stick):
    router.usb_plug(stick)
    router.sh("until grep -q sda /proc/partitions; do sleep 0.1; done; mkdir -p /tmp/stick && mount /dev/sda /tmp/stick")


def make_vfat(router):
    """The stick as shops sell it."""
    router.sh("cp /tmp/stick/new.img /tmp/ && umount /tmp/stick && busybox mkdosfs -n SHOP /dev/sda && "
              "mount -t vfat /dev/sda /tmp/stick && mv /tmp/new.img /tmp/stick/New_Image.bin && sync")


def assert_upgraded(router, settings=True):
    assert router.sh("cat /etc/release") == "the new system"
    assert router.sh(f"cat {KEPT} 2>/dev/null || true") == ("of the owner" if settings else "")
    assert router.sh("ls -d /left 2>/dev/null || true") == "", "an old overlay was found again"
    assert "complete" in status(router)["last_upgrade"], status(router)
    assert " /overlay f2fs rw" in router.sh("cat /proc/mounts")


def by_ram(router, command, answers=()):
    """Upgrade from /tmp; returns when the new system is up."""
    router.sh("cp /tmp/stick/new.img /tmp/ && umount /tmp/stick")
    resets = len(router.resets)
    router.serial.skip()
    router.serial.send(f"{command} /tmp/new.img\n")
    for question, answer in answers:
        router.says(question)
        router.serial.send(f"{answer}\n")
    began = router.says("lifeboat: upgrade: services are being stopped", 300).t
    # PID 1 never waits for its console: where that is full, of what others say, a line of it is left out
    ended = router.says("lifeboat: upgrade: complete, rebooting|reboot: Restarting system", 300).t
    blinks = router.leds.lengths_ms(STATUS_LED, True, began, ended)
    print(f"stopped and written in {ended - began:.1f} s, lit for {blinks} ms")
    assert statistics.median(blinks) == pytest.approx(200, abs=60), "it blinks 200/200; PID 1 may be late once"
    restarted(router, resets + 1)


def test_ram__without_settings_then_from_failsafe_with_them__only_what_was_asked_for_is_left(bench, tmp_path):
    router = owned(bench, squashfs_extra=tuple(SHOW.items()))
    stick = stick_with(tmp_path, new_image())
    plug(router, stick)
    listener = Listener(router, lifeline(), "-i", "lan1")
    by_ram(router, "sysupgrade -n")
    assert_heard(listener)
    assert_shown(router)
    assert_upgraded(router, settings=False)
    own(router)
    router.sh(f"echo {KEPT} >/etc/sysupgrade.conf; sync")
    assert_backup_comes_back(router)
    router.off()
    by_console_to_failsafe(router)
    plug(router, stick)
    assert_nothing_without_a_yes(router)
    by_ram(router, "sysupgrade -i", [(KEEP, "y"), (GO, "y")])
    assert_upgraded(router)


def assert_heard(listener):
    """The LAN was told how far it is, by whoever has left the network of the system."""
    # PID 1 looks now and then: on a busy host a step may be over before it does
    for why in (r"upgrading: (checking the image|writing|reading back), \d+ %", "upgrading: complete"):
        report = listener.wait(lambda report: re.fullmatch(why, report.get("why", "")))
        assert report["state"] == "starting" and report["board"] == "lifeboat,virt-disk" and report["address"] == ADDRESS
    assert report["advice"] == "leave it switched on until it is done"
    listener.end()


def assert_shown(router):
    """A program of the root followed, in the RAM, to the end."""
    lines = [json.loads(line) for line in re.findall(r'^\{"work":.*\}$', router.console, re.M)]
    steps = [line["step"] for line in lines if "step" in line]
    assert steps and set(steps) <= {"leaving the root", "checking the image", "writing", "reading back", "passing on the settings"}, lines
    told = [line["percent"] for line in lines if line.get("step") == "writing"]
    assert told == sorted(set(told)) and set(told) <= set(range(101)), told
    assert lines[-1] == {"work": "upgrading", "result": "complete", "why": ""}


KEEP, GO = r"Keep config files over reflash \(Y/n\): ", r"Install the image now \(y/N\): "


def assert_nothing_without_a_yes(router):
    for answers in (["y", "n"], ["n", ""]):
        router.serial.send("sysupgrade -i /tmp/stick/new.img; echo ended $?\n")
        for question, answer in zip((KEEP, GO), answers):
            router.says(question)
            router.serial.send(f"{answer}\n")
        router.says("ended 1")
    assert router.sh("ls /run/lifeboat/ram /tmp/sysupgrade.tgz 2>/dev/null || echo nothing") == "nothing"


def assert_backup_comes_back(router):
    router.sh("sysupgrade -q -b /tmp/backup.tgz")
    router.sh(f"echo spoilt >{KEPT}; chmod 0600 {KEPT}; sysupgrade -r /tmp/backup.tgz")
    assert router.sh(f"cat {KEPT}; stat -c %a {KEPT}").split("\n") == ["of the owner", "644"]


def assert_too_little_memory_stops_nothing(router):
    """The copy of the root does not fit: said with numbers, and everybody is still there."""
    router.sh("cp /tmp/stick/new.img /tmp/; mkdir /tmp/full && mount -t tmpfs -o size=90% none /tmp/full")
    before = router.sh("pidof dropbear udhcpd httpd sh; cat /proc/mounts")
    router.sh("n=$(awk '/^MemAvailable/ {print int($2 / 1024) - 17}' /proc/meminfo); dd if=/dev/zero of=/tmp/full/x bs=1M count=$n 2>&1")
    code, said = router.serial.run("sysupgrade -n /tmp/new.img 2>&1", 60)
    told = re.search(r"not enough RAM for an upgrade: (\d+) MiB are free, (\d+) MiB are needed; put the image on a USB stick and start "
                     r"the upgrade from there; nothing was changed", said)
    assert code == 111 and told and 5 < int(told[1]) < 20 < int(told[2]) < 40, said
    assert router.sh("pidof dropbear udhcpd httpd sh; cat /proc/mounts") == before
    router.sh("umount /tmp/full && rm /tmp/new.img && rmdir /tmp/full; [ ! -e /run/lifeboat/ram ]")


# A stand-in for procd, which Debian does not have: a PID 1 and a ubus that do what docs/upgrade.md says of the two. Its PID 1
# runs a program of a name that nobody knows, so that it takes the key of the board file.
PROCD = {'init = "/sbin/init"': 'init = "/sbin/procd"\n\thandover = "procd"'}
STAND_IN = {
    "sbin/procd": """#!/lib/stand-in/sh
mkfifo /tmp/procd
/etc/init.d/rcS
while :; do /sbin/console-login; done &
until read -r prefix path command </tmp/procd; do :; done 2>/dev/null
exec chroot "$prefix" /sbin/upgraded "$path" "$command"
""",
    "sbin/ubus": """#!/bin/sh
[ "$1 $2 $3" = "call system sysupgrade" ] || exit 2
value() { echo "$json" | sed -n "s/.*\\"$1\\":\\"\\([^\\"]*\\)\\".*/\\1/p"; }
json=$4
echo "$(value prefix) $(value path) $(value command)" >/tmp/procd
sleep 100
""",
}


def stand_in():
    guest = Guest(load_board("virt-disk"), b"", Path("/dev/null"))
    return {**STAND_IN, "lib/stand-in/sh": guest.folder / "bin/busybox"}


def assert_refused_by_an_unknown_init(router):
    """Nothing is stopped, and the sentence knows the ways out."""
    conf = "/etc/lifeboat/board.conf"
    router.sh(f"cp {conf} /tmp/board.conf && cp /tmp/stick/new.img /tmp/")
    for change, told in (
        ("/handover = \"procd\"/d", r"system.handover of the board file is \"auto\", and knows no such init; "),
        ("s/handover = \"procd\"/handover = \"none\"/", r"system.handover of the board file is \"none\"; "),
    ):
        router.sh(f"sed '{change}' /tmp/board.conf >{conf}")
        code, said = router.serial.run("sysupgrade -n /tmp/new.img 2>&1", 60)
        assert code != 0 and re.search(r"PID 1 \(sh\) is not told to make way: " + told + "put the image on a USB stick and start the upgrade "
                                       "from there, or do it in failsafe; nothing was changed", said), said
    router.sh(f"cp /tmp/board.conf {conf}; rm /tmp/new.img; [ ! -e /run/lifeboat/ram ]")


def test_ram__asked_of_a_stand_in_for_procd__refused_with_too_little_memory_or_another_init__a_process_that_cannot_be_ended__then_done(
        bench, tmp_path):
    """Who writes to a frozen file system waits where no signal reaches."""
    router = owned(bench, PROCD, squashfs_extra=tuple(stand_in().items()))
    router.sh(f"echo {KEPT} >/etc/sysupgrade.conf; sync")
    plug(router, stick_with(tmp_path, new_image(PROCD, **stand_in())))
    assert_refused_by_an_unknown_init(router)
    assert_too_little_memory_stops_nothing(router)
    router.sh("cp /tmp/stick/new.img /tmp/ && fsfreeze --freeze /tmp/stick")
    router.sh("dd if=/dev/zero of=/tmp/stick/x count=1 2>/dev/null & until grep -q '^State:.*D' /proc/$!/status; do usleep 20000; done")
    router.serial.skip()
    router.serial.send("sysupgrade -n /tmp/new.img\n")
    router.says(r"lifeboat: upgrade: it did not happen: 1 process cannot be ended, among them dd \(\d+\); nothing was written", 90)
    restarted(router)
    assert router.sh(f"cat {KEPT}; cat /etc/release 2>/dev/null || echo old") == "of the owner\nold"
    assert "it did not happen; 1 process cannot be ended, among them dd" in status(router)["last_upgrade"]
    router.sh("mkdir -p /tmp/stick && mount /dev/sda /tmp/stick")
    by_ram(router, "sysupgrade")
    assert_upgraded(router)


# systemd runs it at the end of a shutdown, right before it looks for /run/initramfs/shutdown
SPOILER = {"lib/systemd/system-shutdown/spoil": "#!/bin/sh\n[ ! -e /run/spoil ] || chmod 0600 /run/initramfs/shutdown\n"}


def test_ram__systemd__makes_way_at_the_end_of_a_shutdown__and_what_it_does_not_start_changes_nothing(bench, tmp_path):
    system = {**systemd.system(), **SPOILER}
    router = owned(bench, systemd.BOARD, squashfs_extra=tuple(system.items()))
    assert router.sh("cat /proc/1/comm") == "systemd"
    router.sh(f"echo {KEPT} >/etc/sysupgrade.conf; sync")
    plug(router, stick_with(tmp_path, new_image(systemd.BOARD, **system)))
    router.sh("cp /tmp/stick/new.img /tmp/; touch /run/spoil")
    router.serial.send("sysupgrade /tmp/new.img\n")
    restarted(router)
    assert router.sh(f"cat {KEPT}; cat /etc/release 2>/dev/null || echo old") == "of the owner\nold"
    assert "it did not happen; the system was stopped, but PID 1 did not make way" in status(router)["last_upgrade"]
    router.sh("mkdir -p /tmp/stick && mount /dev/sda /tmp/stick")
    by_ram(router, "sysupgrade")
    assert_upgraded(router)
    assert router.sh("cat /proc/1/comm") == "systemd"


class Asked:
    """A router that was switched off right after an upgrade from a stick was asked for. Its network is there until the end of
    this file: no test with a bench of its own may stand behind those that use it."""

    def __init__(self, folder):
        self.router = router = Bench(NO_WINDOW, recorder=True)
        router.to_up(login=True)
        own(router)
        self.stick, self.first_stick = stick_with(folder, new_image()), folder / "stick.first"
        plug(router, self.stick)
        make_vfat(router)
        router.serial.send("lifeboat upgrade --settings /tmp/settings.tgz /tmp/stick/New_Image.bin\n")
        router.says(GOES)
        router.power_cut("kill")
        self.disk = router.keep_disk()
        shutil.copyfile(self.stick, self.first_stick)
        self.begin()
        began = time.monotonic()
        router.says(r"^lifeboat: upgrade of .*: complete")
        self.duration = time.monotonic() - began
        router.power_cut("kill")

    def on(self):
        self.router.power_on()
        self.router.usb_plug(self.stick)

    def begin(self):
        self.router.put_disk(self.disk)
        shutil.copyfile(self.first_stick, self.stick)
        self.on()
        self.router.says(GOES)


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    made = Asked(tmp_path_factory.mktemp("stick"))
    yield made
    made.router.close()


@pytest.mark.parametrize("seed", range(100 if LONG else 1))
def test_cut__while_the_root_is_written_from_a_stick__the_next_boot_goes_on(request, asked, seed):
    dice = random.Random(f"upgrade {seed}")
    router = asked.router
    request.node.benches = [router]
    wait_s, policy = dice.random() * 1.2 * asked.duration, dice.choice(["kill", "lose", "random", "torn"])
    asked.begin()
    time.sleep(wait_s)
    before = "complete" if router.said(": complete in") else "not complete"
    router.power_cut(policy, seed=seed)
    try:
        asked.on()
        router.wait_up(90)
        router.serial.login()
        assert_upgraded(router)
        print(f"cut {seed} by {policy} after {wait_s:.2f} s, {before}: new system with its settings")
    finally:
        if router.powered:
            router.power_cut("kill")


def test_cut__the_stick_is_taken_out_meanwhile__rescue_wants_it_and_goes_on_once_it_is_back(request, asked):
    router = asked.router
    request.node.benches = [router]
    for _ in range(5):
        asked.begin()
        router.says(r"lifeboat: upgrade: (writing|reading back): \d+ %", 90)
        router.power_cut("kill")
        router.serial.skip()
        router.power_on()
        if "rescue" in router.says("^- rescue -|^router: up", 90).match[0]:
            break
        router.power_cut("kill")  # it was done by then
    router.says(r"the upgrade goes on from the stick with UUID=[0-9A-F]{4}-[0-9A-F]{4}, which is not there: plug it in")
    resets = len(router.resets)
    listener = Listener(router, lifeline(), "-i", "lan1")
    router.usb_plug(asked.stick)
    router.wait_reset(60, count=resets + 1)
    try:
        router.says(GOES, 60)
        assert_heard(listener)
        router.wait_up(90)
        router.serial.login()
        assert_upgraded(router)
        assert router.sh("mkdir -p /tmp/stick; mount -t vfat /dev/sda /tmp/stick; ls /tmp/stick") == "New_Image.bin"
    finally:
        if router.powered:
            router.power_cut("kill")
