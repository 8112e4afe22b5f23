"""Boards as data, and what is made of them."""

import pytest

from vrouter.board import board_names, load_board, parse_board
from vrouter.errors import EmuError
from vrouter.images import dtb

MACHINE_DTS = """
/dts-v1/;

/ {
	gpio-keys {
		compatible = "gpio-keys";

		poweroff {
			gpios = <0x8004 0x03 0x00>;
		};
	};

	pl061@9030000 {
		phandle = <0x8004>;
	};

	chosen {
		rng-seed = <0x1 0x2>;
		kaslr-seed = <0x1 0x2>;
	};
};
"""


@pytest.mark.parametrize("name", board_names())
def test_boards__each_file__reads_and_lines_are_used_once(name):
    board = load_board(name)
    lines = [line.line for line in [*board.buttons.values(), *board.leds.values()]]
    assert len(set(lines)) == len(lines)
    assert board.gpio.get("power_line") not in lines
    assert [nic.addr for nic in board.nics] == sorted(nic.addr for nic in board.nics)


def test_load__unknown_name__lists_the_boards():
    with pytest.raises(EmuError, match="no board 'nix': choose one of virt-disk"):
        load_board("nix")


@pytest.mark.parametrize(
    "text, sentence",
    [
        ('name = "x', "x.toml: "),
        ('name = "x"\n', "x.toml: title is missing"),
    ],
)
def test_parse__broken_file__one_sentence(text, sentence):
    with pytest.raises(EmuError, match=sentence):
        parse_board(text, "x.toml")


def test_parse__button_without_polarity__says_what_to_write():
    with pytest.raises(EmuError, match='button reset: active must be "low" or "high"'):
        parse_board(
            'name="x"\ntitle="x"\narch="x"\ncompatible=[]\nboard_conf="x"\n[machine]\n[kernel]\n[gpio]\n[storage]\n'
            '[[button]]\nname="reset"\nline=0\n',
            "x.toml",
        )


def test_line__active_low__pressed_is_level_0():
    board = load_board("virt-disk")
    assert board.buttons["reset"].level(True) == 0
    assert board.buttons["wps"].level(True) == 1


def test_dtb__edited__buttons_and_leds_on_the_machines_gpio():
    text = dtb.edited(MACHINE_DTS, load_board("virt-disk"))
    assert text.count('compatible = "gpio-keys"') == 1
    assert 'label = "reset"; gpios = <0x8004 0 1>; linux,code = <408>' in text
    assert 'label = "wps"; gpios = <0x8004 1 0>; linux,code = <529>' in text
    assert 'label = "green:status"; gpios = <0x8004 2 0>' in text
    assert "kaslr-seed" not in text


def test_dtb__machine_without_the_gpio__one_sentence():
    with pytest.raises(EmuError, match="no pl061"):
        dtb.edited("/ { };", load_board("virt-disk"))
