"""docs/led-strips.md, which the emulator recorded, is what tables/modes.def and failures.def promise."""

import re

import pytest
from tables import table
from tree import Tree

BLINK = "..##"
# Codes of the failures that each mode has a strip of: a document without one of them was not recorded whole
FAILURES = {2: [4], 3: [4, 7], 4: [2, 5], 5: [1, 6], 6: [1, 2, 5]}
WORKS = re.compile(r"(#{5}\.{5})*(#{5}\.{1,5}|#{0,4})?#*")  # the last light stays until the reboot


def sections(text):
    """{number: (name, help, [(word, strip)], [(blinks, strip)])} of the modes."""
    found = {}
    for part in re.split(r"^### ", text.split("## The causes")[0], flags=re.M)[1:]:
        number, name, what = re.match(r"(\d) `(\w+)`: (.*)", part).groups()
        lines = re.findall(r"^(announced|object\?|once more|works) +([#.~]+)$", part, re.M)
        failures = re.findall(r": (\d) blinks?, over and over.*?```\n([#.]+)\n```", part, re.S)
        found[int(number)] = (name, what, lines, failures)
    return found


def causes(text):
    return re.findall(r"^\| (\d) \| (.*?) \| (?:`([#.]+)`|not recorded) \|$", text, re.M)


def announcement(number):
    return "." * 5 + BLINK * number + "." * 5


def cause(code):
    return "." * 8 + BLINK * code + "." * 15


def wrong(tree, text):
    """What does not agree."""
    board = re.search(r"modes = \{(.*?)\}", tree.text("boards/virt-sd.conf")).group(1)
    modes = {int(row[1]): (row[3], row[4]) for row in table(tree, "modes", "MODE") if f'"{row[3]}"' in board}
    failures = [(row[1], row[3]) for row in table(tree, "failures", "FAILURE")]
    found = sections(text)
    slips = [f"mode {n} is not `{found[n][0]}`: {found[n][1]}" for n in found if modes.get(n) != found[n][:2]]
    slips += [f"mode {n} was not recorded" for n in modes if n not in found]
    start = dict(re.findall(r"^(\S+:\S+) +([#.]{30})$", text, re.M))
    if start != {"green:status": "#" * 10 + "." * 10 + "#" * 10, "green:lan": "." * 10 + "#." * 5 + "." * 10}:
        slips.append("the start is another one")
    for number, (_, _, lines, failed) in found.items():
        for word, strip in lines:
            meant = {"announced": announcement(number), "once more": announcement(number), "object?": "#" * 30}.get(word)
            if strip != meant and not (word == "works" and WORKS.fullmatch(strip.removesuffix("~"))):
                slips.append(f"mode {number}, {word}: {strip}")
        slips += [f"mode {number}: {code} blinks are {strip}" for code, strip in failed if strip != cause(int(code))]
        missing = sorted(set(FAILURES.get(number, ())) - {int(code) for code, _ in failed})
        slips += [f"mode {number}: no failure with {code} blinks" for code in missing]
        if [word for word, _ in lines[:4]] != ["announced", "object?", "once more", "object?"]:
            slips.append(f"mode {number} was not recorded as it does its work")
    if [row[:2] for row in causes(text)] != sorted(failures):
        slips.append("the causes are not those of the table")
    slips += [f"cause {code}: {strip}" for code, _, strip in causes(text) if strip != cause(int(code))]
    return slips


def test_led_strips__what_was_recorded__is_what_the_tables_say():
    tree = Tree()
    assert wrong(tree, tree.text("docs/led-strips.md")) == []


@pytest.mark.parametrize("was,instead", [
    ("announced  .......##..##....", "announced  .......##........"),
    ("| 2 | no image", "| 3 | no image"),
    ("### 3 `factory`", "### 3 `reboot`"),
    ("##########..........##########", "##########.........##########"),
    ("works      #####", "works      .####"),
])
def test_led_strips__a_slip__is_found(was, instead):
    tree = Tree()
    text = tree.text("docs/led-strips.md")
    assert was in text
    assert wrong(tree, text.replace(was, instead, 1)) != []
