"""sysupgrade on a board with two slots: refused images change nothing, settings go along or not. test_slots_cuts.py pulls
the plug meanwhile.

With LIFEBOAT_LONG=1 in the environment the image is cut at 20 places and damaged in each region; tests/cli does that on the
host each time."""

import json
import os
import subprocess
import sys
from pathlib import Path

from lab import LONG, NO_WINDOW, board_file, images, wait_until
from reset import status

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli"))
import firmware  # noqa: E402  needs the path

MIB = 1 << 20
SOON_STABLE = {"stable_seconds = 20": "stable_seconds = 1"}
# What an image has to be, as virt-ab's file would say it
RULES = {"storage {": 'image {\n\tmin_version = "24.10.0"\n}\n\nstorage {'}
BOARD = "lifeboat,virt-ab"
CONF = "/etc/config/\n/etc/dropbear/\n/etc/passwd\n/etc/shadow\n/srv\n/etc/sysupgrade.conf\n"
TOOLS = dict(os.environ, PATH=f"{os.environ['PATH']}:/usr/sbin:/sbin")
CHANGES = (NO_WINDOW, SOON_STABLE, RULES)


def new_system():
    """The next version's squashfs."""
    made = images(board_file(*CHANGES, board="virt-ab"), "virt-ab", overlay="ext4",
                  squashfs_extra=(("etc/new-system", "2\n"),))
    return made.root.read_bytes()


def make_stick(tmp_path, files):
    folder, image = tmp_path / "stick.d", tmp_path / "stick.img"
    folder.mkdir()
    for name, data in files.items():
        (folder / name).write_bytes(data)
    image.write_bytes(b"")
    os.truncate(image, (sum(map(len, files.values())) // MIB * 5 // 4 + 16) * MIB)
    subprocess.run(["mkfs.ext4", "-q", "-d", str(folder), str(image)], env=TOOLS, check=True)
    return image


def plug_in(router, stick):
    router.usb_plug(stick)
    mount_stick(router)


def mount_stick(router):
    router.sh("i=0; until mount -o ro /dev/sda /mnt 2>/dev/null; do i=$((i+1)); [ $i -lt 200 ] || exit 1; usleep 100000; done")


def slots(router):
    return {slot["name"]: slot["state"] for slot in json.loads(router.sh("lifeboat slot --json"))["slots"]}


def is_good(router, name):
    wait_until(lambda: slots(router)[name] == "good", what="the proof")


def up_again(router, resets):
    router.wait_reset(120, count=resets)
    router.wait_up(60)
    router.serial.login()


def running(router):
    return router.sh("cat /etc/slot-version; cat /etc/new-system 2>/dev/null || echo 1").split()


SAVE = ["uci set network.lan.ipaddr=192.168.1.99", "mkdir -m 0710 /srv && echo mine >/srv/own && chmod 0640 /srv/own",
        "echo not kept >/etc/other", f"printf '{CONF}' >/etc/sysupgrade.conf".replace("\n", "\\n"), "sync"]


def save_settings(router):
    for line in SAVE:
        router.sh(line)


def has_settings(router):
    return (router.sh("uci get network.lan.ipaddr"), router.sh("cat /srv/own 2>/dev/null || echo none"))


def refuse_all(router, good):
    """Every bad image, checked and for real: none is taken, and neither the other slot nor the record changes."""
    before = router.sh("lifeboat slot --json; head -c 1048576 /dev/vda3 | md5sum")
    cuts = [0, 1, 511, 4096, *(len(good) * i // 14 for i in range(1, 14)), len(good) - 17, len(good) - 16, len(good) - 1]
    assert len(cuts) == 20
    cuts = cuts if LONG else [0, 4096, len(good) // 2, len(good) - 1]
    refused = router.sh("for n in " + " ".join(map(str, cuts)) + "; do head -c $n /mnt/new.img | sysupgrade -T - 2>/dev/null; "
                        "printf '%s ' $?; done", timeout=180).split()
    assert len(refused) == len(cuts) and set(refused) <= {"1", "74"}, refused
    # One bit of: superblock, data, tables at the end, metadata, trailer
    size = len(good)
    spots = [1, 40, size // 3, size * 2 // 3, size - 2000, size - 200, size - 10]
    for real in ("-T", "-F", ""):
        flips = spots if real == "-T" and LONG else spots[2:3]
        codes = router.sh("for n in " + " ".join(map(str, flips)) + "; do cp /mnt/new.img /tmp/bad.img; "
                          "b=$(dd if=/tmp/bad.img bs=1 skip=$n count=1 2>/dev/null | hexdump -e '1/1 \"%d\"'); "
                          "printf \"\\\\$(printf %o $((b ^ 4)))\" | dd of=/tmp/bad.img bs=1 seek=$n conv=notrunc 2>/dev/null; "
                          f"sysupgrade {real} /tmp/bad.img 2>/tmp/said; printf '%s ' $?; done; rm /tmp/bad.img", timeout=180).split()
        assert len(codes) == len(flips) and set(codes) <= {"1", "74"}, (real, codes)
        assert real != "-F" or codes == ["74"], "force took a damaged image"
    for name, code, sentence in (("foreign", 1, "acme,r1"), ("signed", 74, "key"), ("old", 74, "23.05.0")):
        for option in ("-T", "", "-F -T"):
            seen, said = router.serial.run(f"sysupgrade {option} /mnt/{name}.img 2>&1", 60)
            wanted = 0 if (name, option) == ("foreign", "-F -T") else code
            assert (seen, sentence in said) == (wanted, True), (name, option, seen, said)
            assert wanted == 0 or said.endswith("Image check failed."), said
    assert router.serial.run("sysupgrade -s /mnt/new.img")[0] == 1
    assert router.sh("lifeboat slot --json; head -c 1048576 /dev/vda3 | md5sum") == before
    assert router.sh("sysupgrade -q -T /mnt/new.img") == ""


def test_upgrade__bad_images_then_a_good_one_then_without_settings__each_as_told(bench, tmp_path):
    bare = new_system()
    good = firmware.metadata(bare, [BOARD], version="25.12.0")
    key = firmware.Key(tmp_path, "stranger", "0123456789abcdef")
    (tmp_path / "signed").write_bytes(good)
    trusted = firmware.Key(tmp_path, "owner", "fedcba9876543210")
    stick = make_stick(tmp_path, {
        trusted.id: trusted.public(),
        "new.img": good, "new.img.sig": trusted.sign(tmp_path / "signed"),
        "signed.img": good, "signed.img.sig": key.sign(tmp_path / "signed"),
        "foreign.img": firmware.metadata(bare, ["acme,r1"], version="25.12.0"),
        "old.img": firmware.metadata(bare, [BOARD], version="23.05.0"),
    })
    router = bench(*CHANGES, board="virt-ab", overlay="ext4", network=False)
    router.to_up(login=True)
    plug_in(router, stick)
    save_settings(router)
    router.sh(f"mkdir -p /etc/opkg/keys && cp /mnt/{trusted.id} /etc/opkg/keys && echo /etc/opkg/keys >>/etc/sysupgrade.conf")
    began = router.now()
    refuse_all(router, good)
    print(f"all refused in {router.now() - began:.1f} s")
    router.sh("lifeboat upgrade --follow >/dev/console &")
    router.serial.send("sysupgrade /mnt/new.img\n")
    router.says("Slot b is whole")
    router.says("upgrading: complete")
    assert "upgrading: saving the settings" in router.console and "upgrading: reading back, 100 %" in router.console
    print(f"written in {router.now() - began:.1f} s")
    up_again(router, 1)
    print(f"up again after {router.now() - began:.1f} s")
    assert running(router) == ["a", "2"], "the image was made from the root of slot a"
    assert has_settings(router) == ("192.168.1.99", "mine")
    assert router.sh("stat -c %a /srv /srv/own; ls /etc/other 2>&1 | grep -c 'No such'").split() == ["710", "640", "1"]
    assert "settings restored from the archive of" in status(router)["settings_restored"]
    is_good(router, "b")
    # Back to slot a, whose old overlay has the settings: with -n they must not come back
    mount_stick(router)
    router.serial.send("sysupgrade -n /mnt/new.img\n")
    router.says("Slot a is whole")
    up_again(router, 2)
    assert running(router) == ["a", "2"] and slots(router)["a"] in ("trying", "good")
    assert has_settings(router)[1] == "none" and router.sh("ls /etc/other 2>&1 | grep -c 'No such'") == "1"
    assert status(router)["settings_restored"] == "" and status(router)["overlay"] == "ext4"
