"""Settings that survive a factory reset: staged as an archive, restored at the first boot, or not at all.

LIFEBOAT_LONG=1 in the environment pulls the plug more often in the middle of a restore; the seed is in the name of the test."""

import random
import time

import pytest

from lab import FAST, LONG
from reset import ARCHIVE, MINE, host_key, owned, reset, restarted, status, there

POLICIES = ["kill", "lose", "random", "torn"]
SEEDS = range(40 if LONG else 2)
MANY = 200
RESTORE_S = 0.3
KEEP = "/etc/config /etc/dropbear /etc/passwd /srv"
SET = [
    "uci set system.@system[0].hostname=kept-by-archive 2>/dev/null || echo kept >/etc/config/own",
    "mkdir -p /srv/.mine/sub && echo secret >/srv/.mine/sub/key && chmod 0640 /srv/.mine/sub/key && chown 5:7 /srv/.mine/sub/key",
    "chmod 0710 /srv/.mine && ln -s ../.mine/sub/key /srv/.mine/link && echo '#!/bin/sh' >/srv/tool && chmod 4755 /srv/tool",
    "echo me:x:1000:1000::/srv:/bin/ash >/etc/passwd.new && grep ^root /etc/passwd >>/etc/passwd.new && mv /etc/passwd.new /etc/passwd",
]


def reset_and_come_up(router):
    router.serial.send("factoryreset -y -k -r\n")
    restarted(router)


def assert_restored(router, told):
    state = status(router)
    assert told in state["settings_restored"] and state["notice"] == "", state
    assert state["settings_restored"] in router.sh("lifeboat status")
    assert there(router, [ARCHIVE, "/.lifeboat-settings", "/overlay/sysupgrade.tgz"]) == []
    assert router.sh("stat -c '%a %u:%g' /srv/.mine /srv/.mine/sub/key /srv/tool").splitlines() == [
        "710 0:0", "640 5:7", "4755 0:0"]
    assert router.sh("cat /srv/.mine/link") == "secret"
    assert router.sh("cut -d: -f1 /etc/passwd").split() == ["me", "root", "daemon", "nobody"], "not merged with the system's"
    assert router.sh("uci get network.lan.ipaddr") == "192.168.1.99"


def test_keep__archive_with_manifest__only_its_settings_are_left(bench):
    router = owned(bench)
    for line in SET:
        router.sh(line)
    code, said = router.serial.run(f"lifeboat settings create {ARCHIVE} {KEEP} 2>&1", timeout=60)
    assert code == 0 and "whole" in said and "lifeboat,virt-disk" in said, said
    reset_and_come_up(router)
    assert there(router, MINE) == ["/etc/config/kept"], "what is not in the archive is left"
    assert_restored(router, "settings restored from the archive of 20")
    assert host_key(router) == router.first_key
    assert "settings restored from the archive" in router.console, "not told on the console"
    assert "settings restored from the archive" in router.sh("lifeboat log")
    router.off()
    router.to_up(login=True)
    assert status(router)["settings_restored"] == "", "restored again"
    assert router.sh("cat /srv/.mine/link") == "secret"


def test_keep__archive_without_manifest_then_one_flipped_byte__restored_then_not_at_all(bench):
    router = bench(FAST)
    router.to_up(login=True)
    router.sh("uci set network.lan.ipaddr=192.168.1.99")
    for line in SET:
        router.sh(line)
    router.sh(f"tar czf {ARCHIVE} -C / {KEEP.replace(' /', ' ').lstrip('/')}")
    reset_and_come_up(router)
    assert_restored(router, "settings restored from an archive without manifest")

    router.sh(f"lifeboat settings create {ARCHIVE} {KEEP} && at=$(($(stat -c %s {ARCHIVE}) / 2)) && "
              f"printf '\\125\\252' | dd of={ARCHIVE} bs=1 seek=$at conv=notrunc 2>/dev/null")
    reset_and_come_up(router)
    state = status(router)
    assert state["notice"] == state["settings_restored"]
    assert state["notice"].startswith(f"no settings were restored: {ARCHIVE} is damaged")
    assert f"kept as {ARCHIVE}.damaged" in state["notice"] and state["notice"] in router.console
    assert there(router, ["/srv", ARCHIVE, f"{ARCHIVE}.damaged", "/.lifeboat-settings"]) == [f"{ARCHIVE}.damaged"]
    assert router.sh("cut -d: -f1 /etc/passwd").split() == ["root", "daemon", "nobody"]
    assert state["overlay"] in ("f2fs", "ext4")


@pytest.mark.parametrize("seed", SEEDS)
def test_cut__in_a_restore__the_next_boot_does_all_of_it(bench, seed):
    dice = random.Random(f"restore {seed}")
    router = bench(FAST, recorder=True, overlay=dice.choice(["f2fs", "ext4"]))
    router.to_up(login=True)
    router.sh(f"mkdir -p /srv; i=0; while [ $i -lt {MANY} ]; do echo $i >/srv/f$i; i=$((i+1)); done; chmod 600 /srv/f*; "
              f"echo mine >/etc/config/kept; echo other >/etc/other; lifeboat settings create {ARCHIVE} /srv /etc/config",
              timeout=120)
    assert reset(router, "-y -k")[0] == 0
    router.off()
    router.power_on()
    router.says("config restore")
    time.sleep(dice.random() * RESTORE_S)
    router.power_cut(dice.choice(POLICIES), seed=seed)
    router.to_up(login=True)
    assert router.sh("cat /srv/f* | sort -n | uniq | wc -l") == str(MANY)
    assert router.sh("stat -c %a /srv/f* | uniq") == "600" and router.sh("cat /etc/config/kept") == "mine"
    assert there(router, [ARCHIVE, "/.lifeboat-settings", "/etc/other", f"{ARCHIVE}.damaged"]) == []
    assert status(router)["notice"] == ""
