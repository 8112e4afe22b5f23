"""Boards as data, and what is made of them."""

import dataclasses

import pytest

from vrouter import pins, storage
from vrouter.board import EMU, board_names, load_board, parse_board
from vrouter.errors import EmuError
from vrouter.images import dtb, kernel, nor

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
    with pytest.raises(EmuError, match="no board 'nix': choose one of virt-ab, virt-disk"):
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


@pytest.mark.parametrize("part, of, sentence", [
    ("gpio", pins.of, "no gpio.kind 'nix': choose one of pl061, ps2"),
    ("storage", storage.of, "no storage.kind 'nix': choose one of sd-card, virtio-disk, cfi-nor, nandsim"),
])
def test_kinds__unknown__lists_them(part, of, sentence):
    board = dataclasses.replace(load_board("virt-disk"), **{part: {"kind": "nix"}})
    with pytest.raises(EmuError, match=sentence):
        of(board)


@pytest.mark.parametrize("name", board_names())
def test_kinds__of_each_board__are_there_with_their_script(name):
    board = load_board(name)
    pins.of(board)
    script = EMU / f"guest/boot/storage/{board.storage['kind']}.sh"
    if "plain" in storage.of(board).modes:  # without lifeboat a script finds the root
        assert all(f"{function}()" in script.read_text() for function in ("find_root", "mount_overlay"))
    else:
        assert not script.exists()


def test_nor__device_tree__every_partition_in_order():
    text = storage.of(load_board("virt-nor")).device_tree()
    assert text.index('label = "u-boot-env"; reg = <0x0 0x40000>') < text.index('label = "rootfs"; reg = <0x800000 0x3800000>')
    assert "/delete-node/ &{/flash@0}" in text and "flash@4000000" in text


def test_nor__root_that_reaches_into_the_next_partition__one_sentence(tmp_path):
    root = tmp_path / "root.squashfs"
    root.write_bytes(bytes(0x1800000 + 1))
    with pytest.raises(EmuError, match="its partition rootfs has room for 25165824"):
        nor.build(load_board("virt-nor"), root, tmp_path / "out", None)


def test_kernel__no_bzimage__one_sentence(tmp_path):
    (tmp_path / "k").write_bytes(bytes(4096))
    with pytest.raises(EmuError, match="k is no bzImage: take kernel.boot out of the board file"):
        kernel.unpack(tmp_path / "k", tmp_path / "out")


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
