"""lifeboat board check: what it says about a file, and about a machine that stands in a folder of /sys and /dev."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIFEBOAT = Path(os.environ.get("LIFEBOAT_SANITIZED", ROOT / "build")) / "src/lifeboat/lifeboat"
OK, NO, USAGE, SYSTEM = 0, 1, 100, 111

BOARD = """id = "test,board"
button "reset" {
	input = "gpio-keys"
	key = "KEY_RESTART"
}
led {
	boot = "green:status"
	running = "green:status"
}
lan { ports = {"eth0", "eth1"} }
wan { ports = {"eth2"} }
storage {
	root = "PARTLABEL=rootfs"
	record = "/dev/mmcblk0p3"
}
"""
KEY_RESTART, KEY_WPS_BUTTON = 0x198, 0x211


def check(*words, cwd=None):
    done = subprocess.run([LIFEBOAT, "board", "check", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, cwd=cwd, timeout=30)
    return done.returncode, done.stdout, done.stderr


def bitmap(*codes):
    """A key bitmap as the 64-bit kernel prints it: words of 64 bits, the highest first, no leading zero words."""
    bits, words = sum(1 << code for code in codes), []
    while bits:
        words.insert(0, f"{bits & (1 << 64) - 1:x}")
        bits >>= 64
    return " ".join(words or ["0"]) + "\n"


class Machine:
    """A folder that looks like a machine which has all of BOARD."""

    def __init__(self, root):
        self.root = root
        for led in ("green:status", "red:fault"):
            self.make(f"sys/class/leds/{led}/brightness")
        for port in ("lo", "eth0", "eth1", "eth2"):
            self.make(f"sys/class/net/{port}/address")
        self.input(0, "Power Button", 116)
        self.input(1, "gpio-keys", KEY_RESTART, KEY_WPS_BUTTON)
        self.partition("mmcblk0p1", "boot", "11111111-01")
        self.partition("mmcblk0p2", "rootfs", "22222222-02")
        self.make("dev/mmcblk0p3")
        self.make("dev/watchdog")
        self.make("bin/busybox").chmod(0o755)
        (root / "sbin").mkdir()
        (root / "sbin/init").symlink_to("/bin/busybox")
        self.file = root / "board.conf"
        self.file.write_text(BOARD)

    def make(self, path, text=""):
        path = self.root / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def input(self, number, name, *codes):
        folder = f"sys/class/input/event{number}/device"
        self.make(f"{folder}/name", f"{name}\n")
        self.make(f"{folder}/capabilities/key", bitmap(*codes))

    def partition(self, device, label, uuid):
        self.make(f"sys/class/block/{device}/uevent",
                  f"MAJOR=179\nDEVNAME={device}\nDEVTYPE=partition\nPARTNAME={label}\nPARTUUID={uuid}\n")

    def change(self, old, new):
        text = self.file.read_text()
        assert old in text
        self.file.write_text(text.replace(old, new))

    def findings(self):
        """The sentences, each without "FILE:"."""
        code, out, err = check("--sysroot", self.root, self.file)
        assert (code, out) == (NO, "") if err else code == OK
        prefix = f"{self.file}:"
        assert all(line.startswith(prefix) for line in err.splitlines())
        return [line.removeprefix(prefix) for line in err.splitlines()]


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


@pytest.mark.parametrize("path", sorted((ROOT / "boards").glob("*.conf")), ids=lambda path: path.stem)
def test_board__shipped_file__is_fine_without_a_note(path):
    code, _, err = check(path)
    assert (code, err) == (OK, "")


def test_board__example_of_the_document__is_fine_and_has_every_key(tmp_path):
    example = (ROOT / "docs/board.md").read_text().split("```")[1]
    (tmp_path / "b.conf").write_text(example)
    code, _, err = check("b.conf", cwd=tmp_path)
    assert (code, err) == (OK, "")
    table = (ROOT / "src/tables/board.def").read_text()
    keys = [line.split('"')[3] for line in table.splitlines() if line.startswith("BOARD_KEY(")]
    assert [key for key in keys if f"{key} = " not in example] == []


def test_board__example_of_the_man_page__is_fine(tmp_path):
    example = (ROOT / "man/lifeboat-board.conf.5").read_text().split(".Bd -literal -offset indent\n")[1].split(".Ed")[0]
    (tmp_path / "b.conf").write_text(example)
    assert check("b.conf", cwd=tmp_path)[0] == OK


def test_board__fine_file__says_so_with_a_summary():
    code, out, err = check("boards/virt-disk.conf", cwd=ROOT)
    assert (code, err) == (OK, "")
    assert out == """boards/virt-disk.conf: fine
  board     lifeboat,virt-disk (Lifeboat virt-disk)
  window    4 s; failsafe open
  buttons   reset (KEY_RESTART of gpio-keys), wps (KEY_WPS_BUTTON of gpio-keys)
  presses   reset short reboot, long factory-reset; wps short run, long none
  leds      boot green:status, failsafe green:status, running green:status
  lan       192.168.1.1/24 on eth0, eth1; no DHCP server, a page
  wan       eth2
  console   shell in failsafe
  storage   root PARTLABEL=rootfs, record PARTLABEL=lifeboat
  watchdog  /dev/watchdog, 30 s, kept armed before the system starts
  system    /sbin/init
"""


def test_board__empty_file__is_the_defaults(tmp_path):
    (tmp_path / "b.conf").write_text("")
    code, out, err = check("b.conf", cwd=tmp_path)
    assert (code, err) == (OK, "")
    assert "the first Ethernet port" in out and "leds      none" in out


def test_board__mistake__is_one_sentence_with_file_and_line(tmp_path):
    (tmp_path / "b.conf").write_text("# a comment\nlan {\n\tadress = \"192.168.1.1/24\"\n}\nled { boot = 1 }\n")
    assert check("b.conf", cwd=tmp_path) == (NO, "", "b.conf:3: unknown key 'adress' in lan; did you mean 'address'?\n")


@pytest.mark.parametrize("line,sentence", [
    ('short = "restart"', 'button.short must be "none", "reboot", "poweroff", "reset", "factory-reset" or "run:/path/of/program", '
                          'not "restart"'),
    ('long = "run:reset.sh"', 'button.long must have the absolute path of a program after "run:", such as '
                              '"run:/usr/sbin/wps-start", not "run:reset.sh"'),
    ('short = "factory-reset"', 'button.short must not be "factory-reset", or a touch of the button erases all settings: '
                                'write it as "long"'),
    ("short_ms = 5000", 'button "reset" has short_ms 5000 and long_ms 5000: make short_ms the smaller one'),
    ("cancel_ms = 4000", 'button "reset" has cancel_ms 4000 and long_ms 5000: make cancel_ms the larger one, or 0 for no '
                         'limit'),
])
def test_board__what_a_button_does__is_one_sentence_when_it_cannot_be(tmp_path, line, sentence):
    (tmp_path / "b.conf").write_text(f'button "reset" {{\n\tkey = "KEY_RESTART"\n\t{line}\n}}\n')
    assert check("b.conf", cwd=tmp_path) == (NO, "", f"b.conf:3: {sentence}\n")


def test_board__record_that_a_new_card_would_not_have__is_a_note(tmp_path):
    (tmp_path / "b.conf").write_text('storage { root = "PARTLABEL=rootfs" }\ncard {\n\tdevice = "/dev/mmcblk0"\n'
                                     '\tpartitions = {"rootfs rest"}\n}\n')
    code, out, err = check("b.conf", cwd=tmp_path)
    assert (code, out.splitlines()[0]) == (OK, "b.conf: fine")
    assert err == ("b.conf:4: note: card.partitions does not list storage.record, PARTLABEL=lifeboat: if no other disk has it, a "
                   "new card has no recovery record, and a power cut while it is written has to be mended by hand\n")


MOX = """id = "test,board"
button "reset" { key = "KEY_RESTART" }
led { boot = "green:status" }
wan { ports = {"wan"} }
storage {
	root = "PARTLABEL=rootfs"
	subvolume = "@"
}
image { names = {"board"} }
card {
	device = "/dev/mmcblk0"
	partitions = {"lifeboat 1 MiB", "rootfs rest"}
}
menu { modes = {"reboot", "factory", "internet"} }
internet { url = "https://example.org/board-medkit-latest.tar.gz" }
"""


def test_board__rescue_modes__are_in_the_summary_without_a_note(tmp_path):
    (tmp_path / "b.conf").write_text(MOX)
    code, out, err = check("b.conf", cwd=tmp_path)
    assert (code, err) == (OK, "")
    assert """  storage   root PARTLABEL=rootfs, subvolume @, record PARTLABEL=lifeboat
  images    for board; keys in /etc/opkg/keys
  card      /dev/mmcblk0, gpt: lifeboat 1 MiB, rootfs rest
  menu      reboot, factory, internet; starts with reboot
  internet  https://example.org/board-medkit-latest.tar.gz
""" in out


@pytest.mark.parametrize("was,now,line,sentence", [
    ('button "reset" { key = "KEY_RESTART" }', "", 14, "menu.modes lists rescue modes, and there is no button: nothing but the kernel "
     "command line opens the menu"),
    ('boot = "green:status"', "", 14, "menu.modes lists rescue modes, and led.boot is not set: only the serial console shows which one "
     "is chosen"),
    ('{"wan"}', "{}", 14, 'menu.modes lists "internet", and wan.ports is empty: that mode has no port to go online with'),
    ('subvolume = "@"', "", 14, 'menu.modes lists "factory", which makes the subvolume "@" the root, and storage.subvolume is not "@": '
     "the gate boots something else"),
    ('subvolume = "@"', 'subvolume = "@root"', 14, 'menu.modes lists "factory", which makes the subvolume "@" the root, and '
     'storage.subvolume is not "@": the gate boots something else'),
    ("/dev/mmcblk0", "/dev/mmcblk0p1", 11, "card.device is /dev/mmcblk0p1, a partition by its name: name the whole disk"),
    ("/dev/mmcblk0", "/dev/sda2", 11, "card.device is /dev/sda2, a partition by its name: name the whole disk"),
    ("board-medkit", "other-medkit", 15, 'internet.url names a medkit for "other", which is neither id nor in image.names: the mode would '
     "refuse it"),
    ("board-medkit-latest.tar.gz", "newest", 15, 'internet.url does not end in the name of a medkit, such as '
     '"router-medkit-latest.tar.gz": the mode may not know for which board it is'),
])
def test_board__rescue_mode_that_cannot_do_its_work__is_a_note(tmp_path, was, now, line, sentence):
    (tmp_path / "b.conf").write_text(MOX.replace(was, now))
    code, out, err = check("b.conf", cwd=tmp_path)
    assert (code, out.splitlines()[0]) == (OK, "b.conf: fine")
    assert err == f"b.conf:{line}: note: {sentence}\n"


def test_board__port_that_is_lan_and_wan__is_fine_with_a_note(tmp_path):
    (tmp_path / "b.conf").write_text('lan { ports = {"eth0", "eth1"} }\nwan { ports = {"eth1"} }\n')
    code, out, err = check("b.conf", cwd=tmp_path)
    assert (code, out.splitlines()[0]) == (OK, "b.conf: fine")
    assert err == ('b.conf:2: note: wan.ports lists "eth1", which lan.ports has too: whoever is at that port gets in as at any LAN port, '
                   'but in the rescue mode "internet"\n')


@pytest.mark.parametrize("device", ["/dev/mmcblk1", "/dev/nvme0n1", "/dev/sda", "/dev/disk/by-path/card"])
def test_board__card_that_is_a_disk__is_no_note(tmp_path, device):
    (tmp_path / "b.conf").write_text(MOX.replace("/dev/mmcblk0", device))
    assert check("b.conf", cwd=tmp_path)[2] == ""


def test_board__path_without_a_slash__is_shown_how_it_is_written(tmp_path):
    (tmp_path / "b.conf").write_text('card { device = "mmcblk0" }\n')
    assert check("b.conf", cwd=tmp_path)[2] == 'b.conf:1: card.device must be an absolute path such as "/dev/mmcblk0", not "mmcblk0"\n'


def test_board__environment__is_never_looked_at(tmp_path, monkeypatch):
    monkeypatch.setenv("NAME", "value")
    (tmp_path / "b.conf").write_text('name = "${NAME}"\n')
    code, _, err = check("b.conf", cwd=tmp_path)
    assert code == NO and "variables" in err


@pytest.mark.parametrize("words,code,sentence", [
    (["nothing.conf"], NO, "nothing.conf: there is no such file\n"),
    (["."], SYSTEM, ".: is no regular file: give the name of a board file\n"),
])
def test_board__file_that_cannot_be_read__is_one_sentence(tmp_path, words, code, sentence):
    assert check(*words, cwd=tmp_path) == (code, "", sentence)


@pytest.mark.parametrize("words", [["--what"], ["a", "b"], ["--sysroot"]])
def test_board__wrong_command_line__is_one_sentence_and_usage(words):
    code, out, err = check(*words)
    assert (code, out) == (USAGE, "")
    assert err.count("\n") == 1 and "usage: lifeboat board check" in err


@pytest.mark.parametrize("words", [[], ["chekc"]])
def test_board__no_such_command__is_usage(words):
    done = subprocess.run([LIFEBOAT, "board", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert done.returncode == USAGE and "usage: lifeboat board check" in done.stderr


def test_machine__that_has_everything__is_fine(machine):
    assert machine.findings() == []


def test_machine__missing_led__names_those_there_are_nearest_first(machine):
    machine.change("green:status", "red:faul")
    assert machine.findings() == [
        '7: led.boot: this machine has no LED "red:faul"; it has "red:fault", "green:status"']


def test_machine__missing_leds_of_a_list__are_a_line_each(machine):
    machine.change('\trunning = "green:status"', '\theld = {"red:fault", "lan1", "lan2"}')
    assert machine.findings() == [f'8: led.held: this machine has no LED "{led}"; it has "red:fault", "green:status"'
                                  for led in ("lan1", "lan2")]


def test_machine__no_led_at_all__says_so(machine):
    for led in (machine.root / "sys/class/leds").iterdir():
        (led / "brightness").unlink()
        led.rmdir()
    assert machine.findings() == ['7: led.boot: this machine has no LED "green:status"; it has none']


def test_machine__missing_ports__are_a_line_each(machine):
    machine.change('"eth1"', '"lan1"')
    machine.change('"eth2"', '"wan"')
    lan, wan = machine.findings()
    assert lan.startswith('10: lan.ports: this machine has no network port "lan1"; it has "eth1"')
    assert wan.startswith('11: wan.ports: this machine has no network port "wan"; it has ')


def test_machine__missing_input_device__names_those_there_are(machine):
    machine.change("gpio-keys", "gpio-key")
    assert machine.findings() == [
        '4: button "reset": this machine has no input device "gpio-key"; it has "gpio-keys", "Power Button"']


def test_machine__input_without_the_key__names_the_keys_it_has(machine):
    machine.change("KEY_RESTART", "KEY_POWER")
    assert machine.findings() == [
        '4: button "reset": gpio-keys has no key KEY_POWER (116); it has "KEY_RESTART", "KEY_WPS_BUTTON"']


def test_machine__button_of_any_input__is_found_on_one_of_them(machine):
    machine.change('input = "gpio-keys"', 'input = ""')
    machine.change("KEY_RESTART", "KEY_POWER")
    assert machine.findings() == []


@pytest.mark.parametrize("code", [1, 63, 64, 127, 128, 0x198, 0x2ff])
def test_machine__key_in_each_word_of_the_bitmap__is_found_and_its_neighbours_are_not(machine, code):
    machine.input(1, "gpio-keys", code)
    machine.change('"KEY_RESTART"', str(code))
    assert machine.findings() == []
    others = [other for other in (code - 64, code - 1, code + 1, code + 64) if 0 < other < 0x300]
    machine.input(1, "gpio-keys", *others)
    assert f"({code})" in machine.findings()[0]


def test_machine__missing_partition__names_the_labels_there_are(machine):
    machine.change("PARTLABEL=rootfs", "PARTLABEL=rootfs_a")
    assert machine.findings() == [
        '13: storage.root: this machine has no partition with the label "rootfs_a"; it has "rootfs", "boot"']


@pytest.mark.parametrize("file", ["", ":/images/root.img"])
def test_machine__factory_image__its_partition_has_to_be_there(machine, file):
    machine.change("PARTLABEL=rootfs\"", f"PARTLABEL=rootfs\"\n\tfactory_image = \"PARTLABEL=boot{file}\"")
    assert machine.findings() == []
    machine.change("PARTLABEL=boot", "PARTLABEL=data")
    assert machine.findings() == [
        '14: storage.factory_image: this machine has no partition with the label "data"; it has "boot", "rootfs"']


@pytest.mark.parametrize("place, folder, what", [("MTD", "mtd/mtd5", "flash partition"), ("UBI", "ubi/ubi0_1", "UBI volume")])
def test_machine__part_of_flash__is_known_by_its_name(machine, place, folder, what):
    name = machine.root / "sys/class" / folder / "name"
    name.parent.mkdir(parents=True)
    name.write_text("rootfs\n")
    machine.change("PARTLABEL=rootfs", f"{place}=rootfs")
    assert machine.findings() == []
    machine.change(f"{place}=rootfs", f"{place}=rootfz")
    assert machine.findings() == [f'13: storage.root: this machine has no {what} "rootfz"; it has "rootfs"']


def test_machine__uuid__is_compared_without_case_and_missed_when_others_are_known(machine):
    machine.change("PARTLABEL=rootfs", "PARTUUID=22222222-02")
    assert machine.findings() == []
    machine.change("22222222", "33333333")
    assert machine.findings()[0].startswith('13: storage.root: this machine has no partition with the UUID "33333333-02"')


def test_machine__uuid_that_nothing_tells__is_no_finding(machine):
    machine.change("PARTLABEL=rootfs", "PARTUUID=33333333-02")
    for uevent in (machine.root / "sys/class/block").glob("*/uevent"):
        uevent.write_text("MAJOR=179\n")
    assert machine.findings() == []


def test_machine__missing_device_and_watchdog__are_a_line_each(machine):
    (machine.root / "dev/mmcblk0p3").unlink()
    (machine.root / "dev/watchdog").unlink()
    assert machine.findings() == ["14: storage.record: this machine has no device /dev/mmcblk0p3",
                                  " watchdog.device: this machine has no device /dev/watchdog"]


def test_machine__init_by_absolute_link__is_looked_for_below_the_sysroot(machine):
    (machine.root / "bin/busybox").unlink()
    assert machine.findings() == [" system.init: this machine has no /sbin/init"]


def test_machine__init_that_is_no_program__is_said(machine):
    (machine.root / "bin/busybox").chmod(0o644)
    assert machine.findings() == [" system.init: /sbin/init is there, but it is no program: chmod +x it"]
