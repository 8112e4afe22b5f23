"""The overlay, or the whole root, on a USB stick: attached, missed, attached again in failsafe, reset."""

import hashlib
import os
import random
import subprocess
import time
from pathlib import Path

import pytest
from lab import FAST, LONG
from reset import reset, restarted, status

MIB = 1 << 20
UUID = "5a1f7c1e-6d0f-4f6a-9a6e-0d7a3c1b2e4f"
OTHER_UUID = "11111111-2222-3333-4444-555555555555"
SERIAL = "02:1b:0a:00:00:01"  # the MAC of lan1: the board has no serial number
KEPT = "/etc/config/kept"
INTERNAL = "/rom/overlay"
TOOLS = dict(os.environ, PATH=f"{os.environ['PATH']}:/usr/sbin:/sbin")


def fstab(target="/overlay", **options):
    text = "config global\n\toption delay_root '1'\n\nconfig mount\n"
    for name, value in dict(target=target, enabled="1", **options).items():
        text += f"\toption {name} '{value}'\n"
    return text


def make_stick(tmp_path, files=(), fs="ext4", name="stick", mib=64):
    """An image of a stick with the label `extroot` and these files."""
    folder, image = tmp_path / f"{name}.d", tmp_path / f"{name}.img"
    for path, text in dict(files).items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    folder.mkdir(exist_ok=True)
    image.write_bytes(b"")
    os.truncate(image, mib * MIB)
    argv = [f"mkfs.{fs}", "-q", "-L", "extroot", "-U", UUID, "-d", str(folder), str(image)]
    subprocess.run(argv, env=TOOLS, check=True)
    return image


def on_stick(image, *commands):
    """What debugfs says of an image that no router has in its port."""
    script = "\n".join(commands)
    done = subprocess.run(["debugfs", "-f", "-", str(image)], env=TOOLS, input=script, text=True, capture_output=True)
    return done.stdout


def holds(image, path):
    return "Inode:" in on_stick(image, f"stat {path}")


def digest(image):
    return hashlib.sha256(Path(image).read_bytes()).hexdigest()


def start(router, stick=None):
    router.power_on()
    if stick:
        router.usb_plug(stick)
    router.wait_up(90)
    router.serial.login()


def with_fstab(bench, tmp_path, text, **options):
    """A router whose firmware has an fstab."""
    path = tmp_path / "fstab"
    path.write_text(text)
    return bench(FAST, squashfs_extra={"etc/config/fstab": path}, **options)


def assert_in_use(router):
    now = status(router)
    assert now["extroot"] == f"/dev/sda (ext4), internal overlay at {INTERNAL}"
    assert (now["overlay"], now["notice"]) == ("ext4", "")
    assert now["extroot"] in router.sh("lifeboat status")
    assert router.sh("grep -c '^/dev/sda /overlay ' /proc/mounts") == "1"


def assert_not_in_use(router, why):
    now = status(router)
    assert now["extroot"] == ""
    assert now["notice"] == f"extroot is not in use: {why}; the internal overlay is in use"
    assert f"lifeboat: {now['notice']}" in router.console, "not told on the console"
    assert router.sh("grep -c /dev/sda /proc/mounts || true") == "0"


def test_overlay__stick_comes_and_goes_and_is_reset__the_settings_that_count_are_there(bench, tmp_path):
    stick = make_stick(tmp_path, {"photo": "the owner's own file"})
    router = bench(FAST)
    start(router)
    router.sh(f"cat >/etc/config/fstab <<'EOF'\n{fstab(uuid=UUID.upper(), options='rw,noatime')}EOF")
    router.sh(f"echo internal >{KEPT}; sync")
    router.off()

    start(router, stick)
    assert_in_use(router)
    assert router.sh(f"cat {KEPT} 2>/dev/null; cat {INTERNAL}/upper{KEPT}") == "internal"
    assert [router.sh(f"readlink {place}/.fs_state") for place in ("/overlay", INTERNAL)] == ["2", "2"]
    router.sh(f"echo stick >{KEPT}; echo x >/.hid; mkdir -p /etc/deep/er; sync")
    router.off()
    assert f"lifeboat,virt-disk {SERIAL}" in on_stick(stick, "cat etc/.extroot-board")

    start(router)
    assert_not_in_use(router, f"the device with UUID {UUID.upper()} did not appear within 10 s")
    assert router.console.count("waiting up to 10 s for the device with UUID") <= 1
    assert router.sh(f"cat {KEPT}") == "internal"
    router.off()

    router.power_on()
    router.usb_plug(stick)
    router.wait_window()
    router.serial.send("f\n")
    router.wait_failsafe()
    router.shell()
    router.sh("mount_root")
    assert router.sh(f"cat {KEPT}") == "stick"
    assert_in_use(router)
    router.sh(f"echo mended >{KEPT}; sync")
    router.serial.send("reboot\n")
    restarted(router)
    assert_in_use(router)
    assert router.sh(f"cat {KEPT}") == "mended"

    code, said = reset(router, "-yk")
    assert code == 1 and "-k would keep the archive on the extroot" in said
    code, listed = reset(router, "-n")
    assert code == 0 and listed.splitlines().count("etc/config/kept") == 2 and "etc/deep/er" in listed
    assert "would be deleted on the extroot /dev/sda, and of the internal overlay" in listed
    assert router.sh(f"cat {KEPT}") == "mended"
    router.serial.send("factoryreset -y -r\n")
    restarted(router, count=2)
    now = status(router)
    assert (now["extroot"], now["notice"]) == ("", "") and "complete" in now["last_reset"]
    assert router.sh(f"ls {KEPT} /etc/config/fstab /.hid 2>/dev/null; true") == ""
    router.off()
    assert not holds(stick, "etc/.extroot-uuid") and not holds(stick, "etc/.extroot-board")
    assert not holds(stick, ".fs_state") and not holds(stick, "upper/etc")
    assert on_stick(stick, "cat photo").endswith("the owner's own file")


def test_overlay__stick_of_another_router_or_firmware__is_left_alone_unless_it_is_ours(bench, tmp_path):
    router = with_fstab(bench, tmp_path, fstab(label="extroot"))
    theirs = make_stick(tmp_path, {"etc/.extroot-uuid": f"{OTHER_UUID}\n", "upper/etc/theirs": "x"}, name="theirs")
    before = digest(theirs)
    start(router, theirs)
    assert_not_in_use(router, "UUID mismatch: /dev/sda was used with another firmware; to take it over delete "
                              "etc/.extroot-uuid on it")
    router.off()
    assert digest(theirs) == before, "the stick was written to"

    ours = make_stick(tmp_path, {"etc/.extroot-uuid": OTHER_UUID, "etc/.extroot-board": f"lifeboat,virt-disk {SERIAL}\n",
                                 "upper/etc/ours": "x"}, name="ours")
    start(router, ours)
    assert_in_use(router)
    assert router.sh("cat /etc/ours") == "x"
    assert "the firmware has changed since /dev/sda was used" in router.console
    router.off()
    assert OTHER_UUID not in on_stick(ours, "cat etc/.extroot-uuid")


def attached(bench, tmp_path, files=0):
    """A router whose settings are on a stick, off, and the stick."""
    stick = make_stick(tmp_path, {f"upper/opt/{k // 100}/{k}": "x" for k in range(files)})
    router = bench(FAST)
    start(router)
    router.sh(f"cat >/etc/config/fstab <<'EOF'\n{fstab(uuid=UUID)}EOF")
    router.sh(f"echo internal >{KEPT}; sync")
    router.off()
    start(router, stick)
    router.sh(f"echo stick >{KEPT}; sync")
    return router, stick


def test_reset__stick_cannot_be_written__internal_is_reset_and_it_is_said(bench, tmp_path):
    router, stick = attached(bench, tmp_path)
    # The kernel answers at once and remounts afterwards, one file system after the other
    router.sh("echo u >/proc/sysrq-trigger; until dmesg | grep -q 'Emergency Remount complete'; do sleep 0.1; done")
    code, said = reset(router)
    why = "the extroot could not be cleared and still holds settings: delete upper on it before it is used again"
    assert code == 111 and why in said and "will be erased on next mount" in said, said
    router.serial.send("reboot\n")
    restarted(router)
    now = status(router)
    assert now["extroot"] == "" and "complete" in now["last_reset"] and why in now["last_reset"]
    assert router.sh(f"ls {KEPT} 2>/dev/null || true") == ""
    router.off()
    assert "stick" in on_stick(stick, f"cat upper{KEPT}")


@pytest.mark.skipif(not LONG, reason="LIFEBOAT_LONG is not set: tests/powercut cuts it at every operation")
@pytest.mark.parametrize("seed", range(20 if LONG else 1))
def test_reset__cut__both_are_reset_or_neither(bench, tmp_path, seed):
    router, stick = attached(bench, tmp_path, files=3000)
    router.serial.send("factoryreset -y\n")
    router.says("erasing the overlay on it")
    time.sleep(random.Random(seed).uniform(0, 1.5))
    router.power_cut("kill")
    start(router, stick)
    kept = router.sh(f"cat {KEPT} 2>/dev/null || true")
    print(f"seed {seed}: {'untouched' if kept else 'reset'}")
    if kept:
        assert_in_use(router)
        assert kept == "stick" and router.sh("find /opt -type f | wc -l") == "3000"
        return
    assert status(router)["extroot"] == ""
    assert router.sh("ls /etc/config/fstab 2>/dev/null || true") == ""
    router.off()
    assert not holds(stick, "upper/opt") and not holds(stick, "upper/etc") and not holds(stick, "etc/.extroot-board")


def test_failsafe__no_extroot__mounts_the_internal_overlay(bench, tmp_path):
    router = with_fstab(bench, tmp_path, fstab(label="extroot"))
    stick = make_stick(tmp_path)
    before = digest(stick)
    router.power_on("failsafe=1")
    router.usb_plug(stick)
    router.wait_failsafe()
    router.shell()
    assert router.serial.run("mount_root begin")[0] == 100
    router.sh("mount_root start --no-extroot")
    now = status(router)
    assert (now["extroot"], now["overlay"], now["notice"]) == ("", "f2fs", "")
    router.power_cut("kill")
    assert digest(stick) == before


def test_whole_root__stick_without_and_with_a_system__is_the_root_once_it_holds_one(bench, tmp_path):
    router = with_fstab(bench, tmp_path, fstab(target="/", label="extroot"))
    stick = make_stick(tmp_path)
    start(router, stick)
    assert_not_in_use(router, "/dev/sda holds no system, /sbin/init is missing: copy the root to it first")
    router.sh("mkdir /tmp/r && mount --bind / /tmp/r && mount /dev/sda /mnt && tar -C /tmp/r -cf - . | tar -C /mnt -xf - && "
              "umount /mnt", timeout=120)
    router.serial.send("reboot\n")
    restarted(router)
    assert status(router)["extroot"] == "/dev/sda (ext4) is the root"
    assert router.sh("awk '$2 == \"/\" && $1 == \"/dev/sda\" { print $3, substr($4, 1, 2) }' /proc/mounts") == "ext4 rw"
    assert router.sh("ls -d /rom/sbin/init /overlay/upper").split() == ["/overlay/upper", "/rom/sbin/init"]
    router.sh(f"echo kept >{KEPT}")
    code, said = reset(router, "-y")
    assert code == 0 and "/dev/sda is the root and stays as it is" in said
    router.off()
    assert "kept" in on_stick(stick, f"cat {KEPT}")
