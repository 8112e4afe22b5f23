"""A router that its owner has changed in every way that an overlay can hold, and how it looks after a factory reset."""

import functools
import json
import re
from pathlib import Path

from lab import ADDRESS, FAST
from vrouter import load_board
from vrouter.images.guest import Guest

QUESTION = "This will erase all settings and remove any installed packages. Are you sure? [N/y]"
SECRET = "the-owners-secret-5f1d9c"
ARCHIVE = "/sysupgrade.tgz"

# One line for each thing that OpenWrt's reset, or any other, is known to leave behind or to trip over
MESS = [
    f"uci set network.lan.ipaddr=192.168.1.99",
    f"echo {SECRET} >/etc/config/kept",
    f"mkdir -p /root/.ssh && echo {SECRET} >/root/.ssh/authorized_keys",
    "mkdir -p /.hid/sub/.deeper && echo x >/.hid/sub/.deeper/..f && echo x >/...",
    "echo x >/-rf && echo x >'/a name\nof two lines'",
    "rm /etc/banner",  # a whiteout
    "rm -r /www && mkdir /www && echo x >/www/.mine",  # an opaque directory
    "mkdir -p /opt/package/lib && echo '#!/bin/sh' >/bin/package && chmod 755 /bin/package",
    "ln -s /etc /opt/package/etc && ln -s nowhere /opt/package/dangling && mkfifo /opt/package/fifo",
    "echo x >/opt/package/lib/locked && echo x >/opt/package/lib/log",
    "sync",
    "chattr +i /overlay/upper/opt/package/lib/locked && chattr +a /overlay/upper/opt/package/lib/log",
    "chattr +i /overlay/upper/opt/package/lib && chattr +i /overlay/upper/opt",
    "mkdir -p /overlay/stray/.too && echo x >/overlay/stray/.too/file && echo x >/overlay/.stray",
]
# What JFFS2 cannot hold in this kernel: a directory in place of one of the ROM, and file flags
JFFS2_MESS = [line for line in MESS if "chattr" not in line and "rm -r /www" not in line] + [
    "rm /www/index.html && echo x >/www/.mine", "sync"]
# What exists only on a changed router, and what only on one without changes
MINE = ["/etc/config/kept", "/root/.ssh", "/.hid", "/...", "/-rf", "/opt", "/bin/package", "/www/.mine",
        "/overlay/stray", "/overlay/.stray"]
OF_ROM = ["/etc/banner", "/www/index.html"]


@functools.cache
def chattr():
    """e2fsprogs has it, busybox does not."""
    guest = Guest(load_board("virt-disk"), b"", Path("/dev/null"))
    return {"bin/chattr": guest.folder / "usr/bin/chattr"}


def owned(bench, *changes, window=FAST, **options):
    """A router that runs, logged in, with everything of MESS on it; `first_key` is its SSH host key."""
    router = bench(window, *changes, squashfs_extra=chattr(), **options)
    router.to_up(login=True)
    router.first_key = host_key(router)
    for line in JFFS2_MESS if status(router)["overlay"] == "jffs2" else MESS:
        router.sh(line)
    assert_owned(router)
    return router


def host_key(router):
    return router.sh("dropbearkey -y -f /etc/dropbear/dropbear_ed25519_host_key | grep ssh-")


def there(router, paths):
    return router.sh(f"for p in {' '.join(paths)}; do [ ! -e \"$p\" ] || echo $p; done").split()


def assert_owned(router):
    assert there(router, MINE) == MINE and there(router, OF_ROM) == []


def assert_new(router, result="complete"):
    """Logged in: nothing of the owner is left, the ROM's settings are back, and the device says what it did."""
    assert there(router, MINE) == [] and there(router, OF_ROM) == OF_ROM
    assert router.sh("uci get network.lan.ipaddr") == ADDRESS
    assert router.sh(f"grep -rl {SECRET} /overlay/upper /etc 2>/dev/null || true") == ""
    assert host_key(router) != router.first_key, "the SSH host key of the first owner is still in use"
    if result:
        told = status(router)["last_reset"]
        assert re.fullmatch(rf"factory reset (of \d{{4}}-\d\d-\d\d \d\d:\d\d UTC|\(the clock was not set\)): {result}.*", told), told
        assert re.search(r"\d+ entries deleted in \d+\.\d s", told)
        assert told in router.sh("lifeboat status")


def assert_normal_again(router):
    """Two boots later: what is saved stays, and nothing is reset or formatted once more."""
    router.sh("echo new owner >/etc/config/kept")
    for _ in range(2):
        router.off()
        router.to_up(login=True)
        assert router.sh("cat /etc/config/kept") == "new owner"
        assert not formatted(router)
        now = status(router)
        assert now["overlay"] in ("ext4", "f2fs", "jffs2", "ubifs") and now["notice"] == ""
        assert "lifeboat: factory reset" not in router.console, "told again and again"


def status(router):
    return json.loads(router.sh("lifeboat status --json"))


def formatted(router):
    return router.sh("dmesg | grep -c 'is being formatted' || true") != "0"


def restarted(router, count=1):
    """The device has reset itself: log in again."""
    router.wait_reset(count=count)
    router.wait_up(60)
    router.serial.login()


def reset(router, words="-y", name="factoryreset"):
    """(exit code, output) of a reset on the serial console."""
    return router.serial.run(f"{name} {words} 2>&1", timeout=60)


def by_console_to_failsafe(router):
    """With nothing on the kernel command line, so that the next reboot is a normal boot; takes the shell."""
    router.power_on()
    router.wait_window()
    router.serial.send("f\n")
    router.wait_failsafe()
    return router.shell()


def bytes_left(router, text):
    """How often these bytes stand in the overlay's area of the disk, while the power is off."""
    off_bytes, size_bytes = router.overlay_area()
    with open(router.disk, "rb") as disk:
        disk.seek(off_bytes)
        return disk.read(size_bytes).count(text.encode())
