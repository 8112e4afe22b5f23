"""docs/board.md describes each key of tables/board.def: type, range and default are those of the table."""

import re

import pytest
from tables import rows, table
from tree import Tree, assert_none

WORDS = {"POLICY": "policies", "PROFILE": ["openwrt", "turris-mox"], "HANDOVER": ["disarm", "keep"],
         "TAKEOVER": ["auto", "busybox", "procd", "systemd", "none"], "SIGNATURE": ["if-there", "required"], "SLOT_STORE": ["record", "uboot-env"], "SLOT_SCHEME": ["lifeboat", "linksys-mvebu", "linksys-ipq", "linksys-mx", "tplink-ipq807x"], "CARD_TABLE": ["gpt", "mbr"], "SWITCH": ["true", "false"],
         **dict.fromkeys(["MODES", "MODE"], ["reboot", "rollback", "factory", "reflash", "ssh", "internet", "shell"])}
TYPES = {
    "ID": "text", "TEXT": "text", "LED_NAME": "text", "PATH": "path", "STORAGE": "place", "IMAGE": "place or file", "NUMBER": "number",
    "SECONDS": "number", "SWITCH": "switch", "ADDRESS": "address/prefix", "KEYCODE": "key", "LAN_PORT": "list of text",
    "WAN_PORT": "list of text", "DEED": "action", "POLICY": "word", "PROFILE": "word", "HANDOVER": "word", "TAKEOVER": "word",
    "IMAGE_NAME": "list of text", "VOLUME": "list of text", "SIGNATURE": "word", "SLOT_STORE": "word", "SLOT_SCHEME": "word", "ENV_PLACE": "list of text", "CARD_TABLE": "word", "CARD_PART": "list of text",
    "HEALTH_PORT": "list of text", "SERVICE": "list of text", "MODES": "list of words", "MODE": "word",
    "URL": "address", "NAME_SERVER": "list of text", "HELD_LED": "list of text",
}
# Defaults that a preset cannot say.
DEFAULTS = {"name": "the `id`", "button.key": "none, must be set", "button.short": "by the key", "button.long": "by the key",
            "button.short_ms": "by the key", "button.long_ms": "by the key", "lan.ports": "the first Ethernet port", "wan.ports": "none", "led.held": "none", "image.names": "none",
            "storage.protected": "none", "health.link": "none", "health.address": "none", "health.services": "none", "menu.modes": "none", "internet.dns": "none", "card.partitions": "none", "slot.root": "none, must be set", "slot.kernel": "none", "slots.env": "`/etc/fw_env.config`"}
KEY_MAX = 0x2FF  # linux/input-event-codes.h


def constants(tree):
    found = re.findall(r"^#define\s+(LB_\w+)\s+(\d+)", tree.text("src/tables/limits.h"), re.M)
    return {"KEY_MAX": KEY_MAX, **{name: int(value) for name, value in found}}


def number(tree, text):
    """The value of `LB_NAME_MAX - 1`."""
    known = constants(tree)
    first, *rest = [known[word] if word in known else int(word) for word in re.split(r"\s*-\s*", text)]
    return first - sum(rest)


def expected_range(tree, kind, least, most):
    if kind in WORDS:
        words = WORDS[kind]
        return ", ".join(f"`{word}`" for word in ([row[1] for row in table(tree, words, "POLICY")]
                                                   if isinstance(words, str) else words))
    if kind == "DEED":
        names = [row[1] for row in table(tree, "actions", "ACTION")]
        return ", ".join("`run:COMMAND`" if name == "run" else f"`{name}`" for name in names)
    span = f"{number(tree, least)} to {number(tree, most)}"
    if kind in ("NUMBER", "SECONDS", "KEYCODE"):
        return span
    if kind == "ADDRESS":
        return f"prefix {span}"
    lists = {"LAN_PORT": "LB_LAN_PORTS_MAX ports", "WAN_PORT": "LB_LAN_PORTS_MAX ports",
             "IMAGE_NAME": "LB_IMAGE_NAMES_MAX names", "VOLUME": "LB_PROTECTED_MAX names",
             "HEALTH_PORT": "LB_HEALTH_MAX interfaces", "SERVICE": "LB_HEALTH_MAX services", "ENV_PLACE": "LB_BOOTENV_COPIES places", "NAME_SERVER": "LB_DNS_MAX servers", "CARD_PART": "LB_CARD_PARTS_MAX partitions", "HELD_LED": "LB_HELD_LEDS_MAX LEDs"}
    limit, _, what = lists.get(kind, "").partition(" ")
    return f"{span} bytes" + (f", {constants(tree)[limit]} {what}" if limit else "")


def expected(tree):
    """{key: (type, range, default)}"""
    found = {}
    for _, section, key, kind, _, _, least, most, preset in table(tree, "board", "BOARD_KEY"):
        path = f"{section}.{key}" if section else key
        default = DEFAULTS.get(path) or (f"`{preset}`" if preset else "empty")
        found[path] = (TYPES[kind], expected_range(tree, kind, least, most), default)
    return found


def described(text):
    """What the tables of the document say; a description of no words does not count."""
    found, section = {}, ""
    for line in text.splitlines():
        heading = re.match(r"### (.*)", line)
        if heading:
            words = heading.group(1).split()
            section = "" if words[0] == "Outside" else words[0]
        row = re.match(r"\| `(\w+)` \| (.*?) \| (.*?) \| (.*?) \| (.+) \|$", line)
        if row:
            key, *cells, meaning = row.groups()
            assert len(meaning.split()) > 2, f"{key} has no description"
            found[f"{section}.{key}" if section else key] = tuple(cells)
    return found


def drifted(tree, text):
    wanted, found = expected(tree), described(text)
    wrong = [f"docs/board.md: {key} is {found.get(key)}, the table has {wanted[key]}"
             for key in wanted if found.get(key) != wanted[key]]
    return wrong + [f"docs/board.md: {key} is in no table" for key in found if key not in wanted]


def test_board_doc__every_key__is_described_as_the_table_has_it():
    tree = Tree()
    assert len(expected(tree)) > 20
    assert_none(drifted(tree, tree.text("docs/board.md")))


def test_board_doc__names_of_keys__are_those_of_the_table():
    tree = Tree()
    listed = re.search(r"^Names of keys:(.*?)\.(?=\s)", tree.text("docs/board.md"), re.M | re.S).group(1)
    assert sorted(re.findall(r"`(\w+)`", listed)) == sorted(row[0] for row in rows(tree.text("src/tables/keys.def"), "KEY"))


def test_board_doc__man_page__names_every_key():
    tree = Tree()
    page = tree.text("man/lifeboat-board.conf.5")
    assert_none([f"man/lifeboat-board.conf.5: {row[2]} is not there" for row in table(tree, "board", "BOARD_KEY")
                 if not re.search(rf"^\.It Ic {row[2]}\b", page, re.M)])


@pytest.mark.parametrize("line,instead", [
    ("| `seconds` | number | 0 to 60 | `4` |", "| `seconds` | number | 0 to 90 | `4` |"),
    ("| `failsafe` | word | `open`, `locked`, `off` | `open` |", "| `failsafe` | word | `open`, `off` | `open` |"),
    ("| `shell` | switch | `true`, `false` | `true` |", "| `shell` | switch | `true`, `false` | `false` |"),
    ("| `modules` |", "| `module` |"),
])
def test_board_doc__a_slip__is_found(line, instead):
    tree = Tree()
    text = tree.text("docs/board.md")
    assert line in text
    assert drifted(tree, text.replace(line, instead)) != []
