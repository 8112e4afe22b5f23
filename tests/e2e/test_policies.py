"""Who gets in: policy locked with what the owner has set, and policy off. The look at the owner's data leaves no trace."""

import subprocess

import pytest

from lab import ADDRESS, ASKS_F, ASKS_LEVEL, FAST, LOCKED, OFF, ROM_PASSWORD

SECRET = "owner's secret"


def owner_sets_up(router, *commands):
    """A first boot, in which the owner does something; then the router is switched off."""
    router.to_up(login=True)
    for command in commands:
        router.sh(command)
    router.off()


def locked_failsafe(router):
    """Into failsafe; returns its status, read from the login that `password` or `options` of ssh() opens."""
    router.power_on()
    router.wait_window()
    router.serial.send("f\n")
    router.wait_failsafe()


def refused(done):
    return done.returncode == 255 and "Permission denied" in done.stderr


def key_pair(folder, name):
    path = folder / name
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(path)], check=True)
    return ["-i", str(path)], path.with_suffix(".pub").read_text().strip()


@pytest.mark.parametrize("overlay", ["f2fs", "ext4"])
def test_locked__the_owner_has_a_password__it_counts_on_ssh_and_console_and_nothing_is_written(bench, overlay):
    router = bench(FAST, LOCKED, overlay=overlay)
    owner_sets_up(router, f'''printf "{SECRET}\\n{SECRET}\\n" | passwd''')
    before = router.overlay_hash()
    locked_failsafe(router)
    assert router.ssh("hostname", password=SECRET) == "lifeboat-failsafe"
    assert "the owner's password counts" in router.ssh("lifeboat status", password=SECRET)
    assert refused(router.ssh_answer("true", password="wrong"))
    assert refused(router.ssh_answer("true", password=ROM_PASSWORD))
    assert refused(router.ssh_answer("true", password=""))
    assert refused(router.ssh_answer("true"))
    router.serial.login(password=SECRET)
    assert router.sh("id -u") == "0"
    router.power_cut("kill")
    assert router.overlay_hash() == before


def test_locked__console__refuses_a_wrong_password(bench):
    router = bench(FAST, LOCKED)
    locked_failsafe(router)
    router.serial.send("\n")
    router.says(r"login: $")
    router.serial.send("root\n")
    router.says(r"Password: ")
    router.serial.send("wrong\n")
    router.says("Login incorrect")
    router.says(r"login: $")
    assert "#" not in router.console[router.console.index("Login incorrect") :]


def test_locked__the_owner_has_set_nothing__the_password_of_the_system_counts(bench):
    router = bench(FAST, LOCKED)
    locked_failsafe(router)
    assert router.ssh("hostname", password=ROM_PASSWORD) == "lifeboat-failsafe"
    assert "the password that was built into the system counts" in router.ssh("lifeboat status", password=ROM_PASSWORD)
    assert refused(router.ssh_answer("true", password=""))
    assert router.overlay_bytes(0, 4096) == bytes(4096), "a look formatted the overlay"
    # Logged in, everything is as under the policy open
    router.ssh("mount_root && uci set network.lan.ipaddr=192.168.1.1", password=ROM_PASSWORD)


@pytest.mark.parametrize("place", ["etc/dropbear/authorized_keys", "root/.ssh/authorized_keys"])
def test_locked__the_owner_has_a_key__it_counts_and_another_does_not(bench, tmp_path, place):
    mine, public = key_pair(tmp_path, "owner")
    other, _ = key_pair(tmp_path, "stranger")
    router = bench(FAST, LOCKED)
    owner_sets_up(router, f"mkdir -p -m 700 /{place.rpartition('/')[0]}; echo '{public}' >/{place}")
    before = router.overlay_hash()
    locked_failsafe(router)
    keys_only = ["-o", "PreferredAuthentications=publickey"]
    assert router.ssh("hostname", options=[*mine, *keys_only]) == "lifeboat-failsafe"
    assert refused(router.ssh_answer("true", options=[*other, *keys_only]))
    router.power_cut("kill")
    assert router.overlay_hash() == before


def test_locked__a_system_without_any_password__nobody_gets_in_and_the_way_out_is_the_power_button(bench):
    router = bench(FAST, LOCKED, squashfs_extra={"etc/shadow": "root::19700:0:99999:7:::\n"})
    locked_failsafe(router)
    router.says("nobody can log in")
    pc = router.pc(f"ping -c 1 -W 10 {ADDRESS}")
    assert pc.returncode == 0
    assert "Connection refused" in router.ssh_once("true").stderr
    router.serial.send("\nroot\n\n")
    router.power_cut("kill")
    assert "login:" not in router.console and "# " not in router.console
    router.to_up()


def test_off__button_and_f_and_command_line__nothing_leads_into_failsafe(bench):
    router = bench(FAST, OFF)
    router.power_on("failsafe=1", hold=["wps"])
    router.wait_window()
    assert router.said("failsafe is switched off in the board file")
    router.button("reset").press(0.15)
    router.serial.send("f\n2\n")
    router.says("debug level 2")
    router.wait_up(60)
    assert not router.said(ASKS_F) and router.said(ASKS_LEVEL)
    assert not router.said("- failsafe -")
    router.serial.login()
    assert "failsafe  failsafe is switched off in the board file" in router.sh("lifeboat status")
    code, text = router.serial.run("lifeboat failsafe")
    assert code != 0 and "failsafe is switched off in the board file" in text
