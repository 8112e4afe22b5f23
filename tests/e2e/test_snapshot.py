"""Snapshots of a root on btrfs (virt-sd): a state is gone back to, what was before is kept, or forgotten if asked for."""

import json

import pytest
from lab import LONG, READY_S

BOARD = "virt-sd"
# Of the form of OpenWrt, with nothing in it: refused, as a btrfs is not written over, but only after all else was seen to
IMAGE = ("mkdir /tmp/sysupgrade-x && cd /tmp && echo BOARD=x >sysupgrade-x/CONTROL && head -c 9000 /etc/services >sysupgrade-x/kernel; "
         "head -c 70000 /bin/busybox >sysupgrade-x/root; tar -cf image.bin sysupgrade-x; sysupgrade -n -F image.bin 2>&1")
HOOK = r"#!/bin/sh\necho from the hook; echo by a hook >$1/etc/marked\n"
TORN_AT = (64 << 10) + 6 * 512  # a sector of the superblock: most of the backup roots


def snapshots(router):
    return {s["number"]: s for s in json.loads(router.sh("schnapps list -j"))["snapshots"]}


def at_top(router):
    """Names on the top level of the btrfs, without those of files."""
    return set(router.sh("mount -t btrfs -o subvolid=5 /dev/mmcblk0p2 /mnt && cd /mnt && ls -d @*; cd /; umount /mnt").split())


def kept(router, number, command):
    """Output of a command in a snapshot."""
    router.sh(f"lifeboat snapshot mount {number}")
    text = router.sh(f"cd /mnt/snapshot-@{number} && {command}")
    router.sh(f"cd / && umount /mnt/snapshot-@{number}")
    return text


def restart(router):
    resets = len(router.resets)
    router.serial.send("reboot\n")
    router.wait_reset(60, count=resets + 1)
    router.wait_up(60)
    router.serial.login(timeout=READY_S)


def test_rollback__to_a_snapshot_then_to_the_factory_state__is_as_it_was_and_only_what_is_to_go_is_lost(bench):
    router = bench({}, board=BOARD, network=False)
    router.to_up(login=True)
    root = router.sh("grep ' / ' /proc/mounts")
    assert " / btrfs rw" in root and root.split()[3].endswith(",subvol=/@")
    # An exported state is a medkit, which may become the factory state
    router.sh("echo 9.9 >/etc/turris-version; printf 'image { names = {\"schnapps\", \"virt-sd\"} }\\n' >/tmp/board.conf")
    router.sh("mkdir -p /etc/schnapps/export-exclude.d /etc/schnapps/export-overlay/etc && echo ./etc/key >/etc/schnapps/export-exclude.d/1; "
              "echo secret >/etc/key; echo a backup >/etc/schnapps/export-overlay/etc/banner")
    code, said = router.serial.run("schnapps export /tmp 2>&1", 120)
    assert code == 0 and "Snapshot current was exported into /tmp as " in said
    assert router.sh("tar -xOzf /tmp/*-medkit-*.tar.gz ./etc/banner | tail -n 1") == "a backup"
    assert router.sh("tar -tzf /tmp/*-medkit-*.tar.gz | grep -c etc/key; rm /etc/key") == "0"
    assert router.sh("schnapps factory-version; rm /etc/turris-version") == "0"
    assert router.sh("schnapps import -f --board /tmp/board.conf /tmp/*-medkit-*.tar.gz", 120) == "Factory state imported"
    assert at_top(router) == {"@", "@factory"}

    code, said = router.serial.run("factoryreset -y 2>&1")
    assert code != 0 and "'lifeboat snapshot rollback factory' goes back to the state of a new installation; nothing was reset" in said

    router.sh("uci set network.lan.ipaddr=192.168.1.77; mkdir -p /srv && btrfs subvolume create /srv/box")
    code, said = router.serial.run(IMAGE)
    print(said)
    assert code != 0 and "snapshot 1 holds the system as it was before the update" in said and "nothing was changed" in said
    router.sh("uci set network.lan.ipaddr=10.1.2.3; echo mine >/srv/box/data; rm /etc/banner; mkdir -p /opt; echo new >/opt/new; sync")
    assert " - /etc/banner" in router.sh("schnapps cmp").splitlines()
    router.sh(f"mkdir /etc/schnapps/rollback.d && printf '{HOOK}' >/etc/schnapps/rollback.d/10-mark && chmod +x /etc/schnapps/rollback.d/*")
    assert router.sh("schnapps rollback 2>/tmp/said").splitlines() == [
        "Current state saved as snapshot number 2", "Rolled back to snapshot 1"]
    assert router.sh("uci get network.lan.ipaddr") == "10.1.2.3", "the running system changes with the reboot"
    assert "the system runs on snapshot 2" in router.serial.run("lifeboat snapshot delete 2 2>&1")[1]

    restart(router)
    assert router.sh("uci get network.lan.ipaddr") == "192.168.1.77"
    assert router.sh("cat /srv/box/data") == "mine", "a subvolume inside moves along"
    router.sh("test -e /etc/banner && test ! -e /opt/new")
    assert router.sh("cat /etc/marked") == "by a hook"
    assert kept(router, 2, "cat opt/new && test ! -e etc/banner") == "new"
    assert [s["type"] for s in snapshots(router).values()] == ["pre", "rollback"]

    assert "Rolled back to snapshot factory" in router.sh("lifeboat snapshot rollback factory")
    assert "192.168.1.77" in kept(router, 3, "cat etc/config/network")
    router.sh("echo config keep >/etc/config/schnapps; echo 'option max_rollback 1' >>/etc/config/schnapps")
    said = router.sh("echo config \\' >>/etc/config/schnapps; schnapps cleanup 2>&1")
    assert "; nothing is deleted by number" in said and "deleted." not in said
    assert router.sh("sed -i '$d' /etc/config/schnapps; schnapps cleanup 2>&1") == "Snapshot 2 deleted."
    # Snapshot 3 is now what the system runs on: the gate has to delete it
    code, said = router.serial.run("lifeboat snapshot rollback --forget factory 2>&1")
    assert code == 0 and "is deleted at the next boot" in said
    router.sh("echo secret >/etc/secret; sync")
    router.power_cut("kill")
    router.damage(TORN_AT, bytes(512), area=router.partition("rootfs")[0])
    router.to_up(login=True)
    assert "its copy has been put in its place" in router.sh("dmesg")
    assert router.sh("uci get network.lan.ipaddr") == "192.168.1.1"
    assert router.sh("cat /etc/turris-version") == "9.9", "the system that was imported"
    assert snapshots(router) == {} and at_top(router) == {"@", "@factory"}
    router.sh("test ! -e /etc/secret")


def test_savepoint__plug_is_pulled__starts_once_more_with_what_was_tried_then_as_it_was(bench):
    """Somebody who cannot reach his router any more, and does not want to wait."""
    router = bench({}, board=BOARD, network=False)
    router.to_up(login=True)
    router.sh("lifeboat snapshot savepoint 60; echo wrong >/etc/tried; sync")
    router.power_cut("kill")
    router.to_up(login=True)
    assert "snapshot 1 is a savepoint that nobody has confirmed" in router.sh("dmesg")
    assert router.sh("cat /etc/tried") == "wrong", "what is tried may need a restart"
    assert "lifeboat-save" in router.sh("ps"), "and is waited for again"
    router.power_cut("kill")
    router.to_up(login=True)
    assert "what was tried is snapshot 2" in router.sh("dmesg")
    router.sh("test ! -e /etc/tried && ! ps | grep lifeboat-sav[e]")
    assert [s["type"] for s in snapshots(router).values()] == ["save", "rollback"]
    assert "WAIT" not in router.sh("mount -t btrfs -o subvolid=5 /dev/mmcblk0p2 /mnt && cat /mnt/1.info; umount /mnt"), "once only"


def test_mode_3__card_is_full__goes_back_all_the_same_and_what_fills_it_is_kept(bench):
    """Somebody whose router does not come up because of what fills its card, and who can delete nothing."""
    router = bench({}, board=BOARD, network=False)
    router.to_up(login=True)
    # Room for what btrfs knows of files, as every card of a usual size has it. What is reserved too much comes back with each sync.
    router.sh("btrfs balance start -mconvert=dup / && fallocate -l $(($(df -m / | awk 'END{print $4}') - 8))M /big", 120)
    router.sh("for i in 1 2 3; do dd if=/dev/zero bs=4k >>/rest 2>/dev/null; sync; done; ! echo x >/x", 120)
    router.power_cut("kill")
    router.power_on("force_mode=3")
    router.says(r"rescue mode 3 \(factory\) is done: rolled back to snapshot factory; the state before is snapshot 1; the router reboots")
    router.wait_reset(READY_S)
    router.power_cut("kill")  # as those words would be there again
    router.to_up(login=True)
    router.sh("test ! -e /big")
    assert [(s["number"], s["type"], s["description"]) for s in snapshots(router).values()] == [(1, "rollback", "Rollback to snapshot factory")]
    kept(router, 1, "test -s big")
    assert router.sh("lifeboat snapshot delete 1") == "Snapshot 1 deleted." and at_top(router) == {"@", "@factory"}


@pytest.mark.skipif(not LONG, reason="LIFEBOAT_LONG is not set: tests/trace plays a savepoint on a virtual clock")
def test_savepoint__nobody_commits__the_router_goes_back_by_itself(bench):
    router = bench({}, board=BOARD, network=False)
    router.to_up(login=True)
    router.sh("lifeboat snapshot savepoint 1")
    router.sh("rm /etc/banner; sync")
    resets = len(router.resets)
    restart(router)  # the minute begins anew
    router.wait_reset(240, count=resets + 2)
    router.wait_up(60)
    router.serial.login(timeout=READY_S)
    router.sh("test -e /etc/banner")
    assert [s["type"] for s in snapshots(router).values()] == ["save", "rollback"]
    assert router.sh("lifeboat snapshot commit") == "Snapshot 1 deleted."
