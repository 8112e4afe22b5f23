"""A person in failsafe: looks round, mends the settings, copies files, and leaves again in each possible way."""

import json
import re

from lab import ADDRESS, ANY_HOST, LIT, NO_QUESTIONS, SSH_OPTIONS, STATUS_LED, wait_until


def break_network(router):
    """A router whose owner has given it an address that nobody can reach."""
    router.to_up(login=True)
    router.sh("uci set network.lan.ipaddr=10.99.99.99")
    router.off()


def test_rescue__broken_address__mended_over_ssh_and_the_router_is_back(bench, tmp_path):
    router = bench()
    break_network(router)
    router.power_on()
    router.wait_window()
    router.button("reset").press(0.2)
    router.wait_failsafe()
    hosts = tmp_path / "known_hosts"
    shown = router.host_keys(hosts)
    greeting = interactive(router)
    assert "FAILSAFE MODE active" in greeting and "Lifeboat virt-disk" in greeting
    assert "Why: the button 'reset' was pressed in the window." in greeting
    for command in ("mount_root", "lifeboat continue", "lifeboat status", "reboot, poweroff", "passwd", "/etc/config"):
        assert f" * {command}" in greeting
    look_round(router, shown)
    copy_files(router, tmp_path)
    # Mend it
    assert router.ssh("grep -c 192.168.1.1 /etc/config/network") == "1", "the read-only system has its own settings"
    router.ssh("mount_root")
    assert router.ssh("uci get network.lan.ipaddr") == "10.99.99.99"
    router.ssh(f"uci set network.lan.ipaddr={ADDRESS}")
    router.ssh("printf 'new secret\\nnew secret\\n' | passwd")
    assert router.ssh("echo still open") == "still open", "policy open does not ask for a password, not even for a new one"
    status = router.status()
    assert (status["overlay"], status["notice"]) == ("f2fs", "")
    router.ssh_once("reboot")
    router.wait_reset()
    router.wait_window()
    router.wait_up(60)
    assert router.ssh("uci get network.lan.ipaddr", password="new secret") == ADDRESS
    assert router.ssh_answer("true", password="lifeboat").returncode != 0
    boots = router.ssh("lifeboat log", password="new secret")
    second_rescue(router, hosts, shown, boots)


def interactive(router):
    """What somebody sees who logs in and leaves."""
    ssh = ["ssh", "-tt", *SSH_OPTIONS, *NO_QUESTIONS, *ANY_HOST, f"root@{ADDRESS}"]
    done = router.pc(["sh", "-c", 'echo exit | "$@"', "sh", *ssh])
    assert done.returncode == 0, done.stderr
    return done.stdout.replace("\r", "")


def look_round(router, fingerprint):
    status = router.status()
    assert {key: status[key] for key in ("state", "reason", "policy", "board", "board_name", "serial", "root")} == {
        "state": "failsafe", "reason": "button", "policy": "open", "board": "lifeboat,virt-disk",
        "board_name": "Lifeboat virt-disk", "serial": "02:1b:0a:00:00:01", "root": "squashfs"}
    assert status["failsafe_available"] is True and status["failsafe_why_not"] == ""
    assert status["address"] == f"{ADDRESS}/24"
    assert (status["overlay"], status["overlay_used_percent"]) == ("", -1)
    assert status["boot_count"] == 2
    assert status["host_key"] == fingerprint
    people = router.ssh("lifeboat status")
    assert fingerprint in people and "failsafe  open" in people and "overlay   not mounted" in people
    assert router.ssh("echo $FAILSAFE $USER $HOME; id -u").split() == ["1", "root", "/root", "0"]
    assert " / squashfs ro" in router.ssh("cat /proc/mounts")
    shell = router.shell()
    assert json.loads(shell("lifeboat status --json")) == status
    assert shell("cat /proc/sys/kernel/hostname; id -u").split() == ["lifeboat-failsafe", "0"]


def copy_files(router, tmp_path):
    """scp both ways, by the protocol that OpenSSH uses by default and by the old one."""
    sent = tmp_path / "sent"
    sent.write_bytes(bytes(range(256)) * 400)
    for name, options in (("sftp", ()), ("old", ("-O",))):
        router.scp(str(sent), f"root@{ADDRESS}:/tmp/{name}", options=options)
        router.scp(f"root@{ADDRESS}:/tmp/{name}", str(tmp_path / name), options=options)
        assert (tmp_path / name).read_bytes() == sent.read_bytes()


def second_rescue(router, hosts, fingerprint, boots):
    """The same host key as in the first one, and a record of all boots; then on with the normal boot."""
    first, second, third = boots.splitlines()[-3:]
    assert "boot 1: booting, window-over" in first
    assert "boot 2: failsafe, button: the button 'reset' was pressed in the window" in second
    assert "boot 3: booting, window-over" in third
    router.power_cut("kill")
    router.to_failsafe()
    assert router.ssh("echo known", known_hosts=hosts) == "known"
    assert router.status()["host_key"] == fingerprint
    left = router.go_on()
    router.wait_up(60)
    router.leds.wait_for(LIT, after=left)
    status = json.loads(router.ssh("lifeboat status --json", password="new secret"))
    assert (status["state"], status["reason"], status["overlay"]) == ("running", "continued", "f2fs")
    assert router.ssh("hostname", password="new secret") == "lifeboat"
    log = router.ssh("lifeboat log", password="new secret").splitlines()
    assert "boot 4: failsafe, cmdline" in log[-2] and "boot 4: booting, continued" in log[-1]


def test_poweroff__in_failsafe_over_ssh__the_power_is_off(bench):
    router = bench()
    router.to_failsafe()
    router.ssh_answer("poweroff")
    router.wait_off(30)
    assert router.leds.edges[-1][1:] == (STATUS_LED, False)
    assert router.resets == []


def test_serial_console__in_failsafe__mount_root_edit_and_reboot_without_any_network(bench):
    router = bench()
    router.cable("lan1", False)
    router.cable("lan2", False)
    router.power_on(hold=["reset"])
    router.wait_failsafe()
    router.button("reset").release()
    router.shell()
    assert "FAILSAFE MODE active" in router.console
    # A shell that ends is replaced
    router.serial.skip()
    router.serial.send("exit\n")
    router.says("FAILSAFE MODE active")
    shell = router.shell()
    shell("mount_root")
    assert re.search(r"^overlayfs:/overlay / overlay rw", shell("cat /proc/mounts"), re.M)
    shell("uci set system.@system.hostname=mended")
    assert shell("mount_root; echo $?").splitlines()[-1] == "0", "a second time changes nothing"
    router.serial.send("reboot\n")
    router.wait_reset()
    router.wait_up(60)
    router.says("mended login: ")


def test_commands_of_failsafe__on_a_router_that_is_up__say_that_they_do_not_fit(bench):
    router = bench()
    router.to_up(login=True)
    code, text = router.serial.run("lifeboat continue")
    assert code != 0 and "this device is not in failsafe: there is nothing to continue" in text
    log = router.sh("lifeboat log").splitlines()
    assert len(log) == 1 and "boot 1: booting, window-over: nobody asked for failsafe" in log[0]
    assert wait_until(lambda: router.leds.state()[STATUS_LED])
