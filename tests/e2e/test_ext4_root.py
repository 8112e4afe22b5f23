"""Factory reset of a root without overlay: the boot gate writes it anew from the factory image."""

import re

from lab import ADDRESS, BOOTING, FAST
from reset import SECRET, reset, status, there

RECORD = 'record = "PARTLABEL=lifeboat"'
IN_PARTITION = {RECORD: f'{RECORD}\n\tfactory_image = "PARTLABEL=factory"\n'}
IN_FILE = {RECORD: f'{RECORD}\n\tfactory_image = "PARTLABEL=data:/images/root.img"\n'}
PARTITION = {"overlay": 8, "parts": (("factory", "root"),)}  # 8 MiB of the root's partition are behind its image
FILE = {"parts": (("data", "file"),)}
COMPLETE = r"factory reset (of \d{4}-\d\d-\d\d \d\d:\d\d UTC|\(the clock was not set\)): complete, root written anew in \d+\.\d s"

# What only a changed router has
MINE = ["/bin/package", "/etc/config/kept", "/root/.ssh/authorized_keys"]
OF_ROM = ["/etc/banner"]


def owned(bench, *changes, **options):
    """A router on ext4 that runs, logged in, with settings, a key and a package of its owner."""
    router = bench(FAST, *changes, root="ext4", **options)
    router.to_up(login=True)
    router.sh("uci set network.lan.ipaddr=192.168.1.99")
    router.sh(f"for i in $(seq 2000); do echo {SECRET} $i; done >/etc/config/kept")
    router.sh(f"mkdir -p /root/.ssh && echo {SECRET} >/root/.ssh/authorized_keys")
    router.sh("echo '#!/bin/sh' >/bin/package && rm /etc/banner && sync")
    return router


def is_owned(router):
    return there(router, MINE + OF_ROM) == MINE


def root_bytes(router):
    """The root partition of a router without power."""
    start, size_bytes = router.partition("rootfs")
    with open(router.disk, "rb") as disk:
        disk.seek(start)
        return disk.read(size_bytes)


def assert_new(router):
    """Logged in: as the factory image has it, and the device says how it came."""
    assert there(router, MINE + OF_ROM) == OF_ROM
    assert router.sh("uci get network.lan.ipaddr") == ADDRESS
    told = status(router)["last_reset"]
    assert re.fullmatch(COMPLETE, told), told
    assert told in router.sh("lifeboat status")


def test_partition__changed_in_every_way__is_the_factory_image_again_to_the_last_byte(bench):
    router = owned(bench, IN_PARTITION, **PARTITION)
    code, said = reset(router, "-yk")
    assert code == 1 and "leave -k out" in said and said.count("\n") == 0
    code, said = reset(router, "-n")
    assert code == 0 and "would be written anew at the next boot from PARTLABEL=factory (ext4" in said
    assert is_owned(router) and status(router)["last_reset"] == ""
    code, said = reset(router, "-y")
    assert code == 0 and "will be written anew from PARTLABEL=factory at the next boot" in said
    assert is_owned(router), "the running system lost something"
    router.off()
    image = router.images.root.read_bytes()
    router.damage(len(image), SECRET.encode(), area=router.partition("rootfs")[0])  # of an older, larger system
    assert root_bytes(router).count(SECRET.encode()) > 1
    router.power_on()
    router.says("is written anew from the factory image")
    began = router.now()
    router.says("lifeboat: factory reset: 70 %")
    router.leds.wait_for(BOOTING, timeout=5, after=began)  # as fast as OpenWrt blinks during an upgrade
    router.says("complete, root written anew in")
    router.power_cut("kill")  # before anything stands on it
    written = root_bytes(router)
    assert SECRET.encode() not in written
    assert written == image + bytes(len(written) - len(image))
    router.to_up(login=True)
    assert_new(router)
    assert "lifeboat: factory reset: 10 %" not in router.console, "written once more"


def test_file__held_button_and_cut_in_mid_write__the_next_boot_starts_over_and_is_new(bench):
    router = owned(bench, IN_FILE, recorder=True, **FILE)
    router.button("reset").press(6)
    router.wait_reset(timeout=60)
    router.says("lifeboat: factory reset: 50 %", timeout=60)
    router.power_cut("random", seed=1)
    head = root_bytes(router)[:4096]
    assert head == bytes(4096), "half written, and its head says that it is whole"
    router.to_up(login=True)
    assert "lifeboat: factory reset: 10 %" in router.console
    assert_new(router)
    router.off()
    assert SECRET.encode() not in root_bytes(router)


def test_file__damaged_before_and_after_the_request__is_refused_and_the_root_stays(bench):
    router = owned(bench, IN_FILE, **FILE)
    code, said = reset(router, "-y")
    assert code == 0, said
    router.off()
    start, size_bytes = router.partition("data")
    with open(router.disk, "rb") as disk:
        disk.seek(start)
        at = disk.read(size_bytes).index(b"router: up")  # somewhere in the image
    router.damage(at, b"ROUTER: UP", area=start)
    router.to_up(login=True)
    assert is_owned(router)
    told = status(router)["last_reset"]
    assert told.endswith("it did not happen; the factory image does not have the SHA-256 that stands beside it"), told
    assert told in router.console
    code, said = reset(router, "-yr")
    assert (code, said) == (1, "lifeboat: the factory image does not have the SHA-256 that stands beside it "
                               "(PARTLABEL=data:/images/root.img); nothing was changed")
    assert is_owned(router)


def test_partition__image_lost_after_a_cut__rescue_says_why_and_a_new_image_heals(bench):
    router = owned(bench, IN_PARTITION, **PARTITION)
    assert reset(router, "-y")[0] == 0
    router.off()
    router.power_on()
    router.says("lifeboat: factory reset: 50 %", timeout=60)
    router.power_cut("kill")
    start = router.partition("factory")[0]
    router.damage(0, bytes(4096), area=start)
    router.power_on()
    router.says(r"^- rescue -\r?$")
    router.says("the factory reset of the root on /dev/vda2 is not finished: the factory image is no ext4")
    router.power_cut("kill")
    router.damage(0, router.images.root.read_bytes()[:4096], area=start)
    router.to_up(login=True)
    assert_new(router)


def test_root_destroyed__factoryreset_typed_in_rescue__brings_the_system_back(bench):
    router = bench(FAST, IN_PARTITION, root="ext4", **PARTITION)
    router.damage(0, SECRET.encode() * 4096, area=router.partition("rootfs")[0])
    router.power_on()
    router.says(r"^- rescue -\r?$")
    router.shell()
    router.serial.send("factoryreset -y -r\n")
    router.wait_reset(timeout=60)
    router.wait_up(60)
    router.serial.login()
    assert_new(router)
