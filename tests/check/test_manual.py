"""Every applet and every verb has a man page whose SYNOPSIS is what the table says."""

import re
import subprocess

from rules import OTHER_PAGES
from tables import table
from tree import Tree, assert_none, seeded

PROGRAMS = [("lifeboat", "8", "applets", "APPLET", 3), ("lifeline", "1", "verbs", "VERB", 2)]


def expected(tree):
    """{page: the line of its SYNOPSIS}"""
    return {f"man/{program}-{row[1]}.{section}": f"{program} {row[1]} {row[args]}".strip()
            for program, section, name, macro, args in PROGRAMS for row in table(tree, name, macro)}


def rendered(path):
    out = subprocess.run(["mandoc", "-T", "ascii", "-O", "width=900", str(path)], stdout=subprocess.PIPE, text=True).stdout
    return re.sub(r".\x08", "", out)


def synopsis(text):
    match = re.search(r"^SYNOPSIS\n(.*?)(?=^\S)", text, re.M | re.S)
    return [plain(line) for line in match.group(1).splitlines()] if match else []


def plain(line):
    """Spaces and the case of placeholders say nothing: the table has N, a man page underlines n."""
    return "".join(line.split()).casefold()


def wrong_pages(tree):
    found, wanted = [], expected(tree)
    for path, line in wanted.items():
        if path not in tree.paths:
            found.append(f"{path}: is not there")
        elif plain(line) not in synopsis(rendered(tree.root / path)):
            found.append(f"{path}: its SYNOPSIS is not '{line}'")
    others = [f"man/{name}" for name in OTHER_PAGES]
    found += [f"{path}: belongs to no row of a table" for path in tree.files("man/*.[1-8]")
              if path not in wanted and path not in others]
    return found


def left_out(tree):
    """Rows of a table that the page about all of them does not name."""
    lists = [
        ("man/lifeboat.8", r"^\.Xr lifeboat-(\S+) 8", "applets", "APPLET", 1),
        ("man/lifeboat-board.conf.5", r"^\.It Ic (.+)", "board", "BOARD_KEY", 2),
    ]
    found = []
    for page, item, name, macro, column in lists:
        named = {word for line in re.findall(item, tree.text(page), re.M) for word in re.split(r"[ ,]+", line)}
        found += [f"{page}: lacks {row[column]}" for row in table(tree, name, macro) if row[column] not in named]
    return found


def lint(root, paths):
    if not paths:
        return []
    argv = ["mandoc", "-T", "lint", "-W", "warning", *paths]
    return subprocess.run(argv, cwd=root, stdout=subprocess.PIPE, text=True).stdout.splitlines()


PAGE = """.Dd January 1, 2026
.Dt LIFEBOAT-STATUS 8
.Os
.Sh NAME
.Nm lifeboat-status
.Nd say how the device is
.Sh SYNOPSIS
.Nm lifeboat status
.Op Fl -json
.Sh DESCRIPTION
It says it.
"""
ROW = 'APPLET(status, "status", "", "{}", "say how the device is")\n'


def test_manual__every_applet_and_verb__has_a_page_with_its_synopsis():
    assert_none(wrong_pages(Tree()))


def test_manual__lists_of_applets_and_of_board_keys__are_whole():
    assert_none(left_out(Tree()))


def test_manual__an_applet_that_the_list_lacks__is_found(tmp_path):
    tree = seeded(tmp_path, {"src/tables/applets.def": ROW.format(""), "src/tables/board.def": "", "man/lifeboat.8": ".Xr lifeboat-log 8\n",
                             "man/lifeboat-board.conf.5": ""})
    assert left_out(tree) == ["man/lifeboat.8: lacks status"]


def test_manual__pages__are_clean():
    tree = Tree()
    assert_none(lint(tree.root, tree.files("man/*.[1-8]")))


def test_manual__page_and_row_that_agree__pass(tmp_path):
    files = {"src/tables/applets.def": ROW.format("[--json]"), "man/lifeboat-status.8": PAGE}
    assert wrong_pages(seeded(tmp_path, files)) == []


def test_manual__a_row_without_a_page__is_found(tmp_path):
    tree = seeded(tmp_path, {"src/tables/applets.def": ROW.format("[--json]")})
    assert wrong_pages(tree) == ["man/lifeboat-status.8: is not there"]


def test_manual__an_option_only_in_the_table__is_found(tmp_path):
    files = {"src/tables/applets.def": ROW.format("[--json] [--wait]"), "man/lifeboat-status.8": PAGE}
    assert len(wrong_pages(seeded(tmp_path, files))) == 1


def test_manual__a_page_without_a_row__is_found(tmp_path):
    assert len(wrong_pages(seeded(tmp_path, {"man/lifeboat-status.8": PAGE}))) == 1


def test_manual__a_page_with_a_mistake__is_found(tmp_path):
    (tmp_path / "x.8").write_text(PAGE + ".Xq nothing\n.It stray\n")
    assert lint(tmp_path, ["x.8"]) != []
