"""Includes follow the arrow: a folder of src/ uses what stands below it, never what stands above."""

import fnmatch
import re
from pathlib import PurePath

from rules import MAY_INCLUDE, PURE, PURE_HEADERS
from tree import Tree, assert_none, seeded


def includes(tree, path):
    """(line number, name, quoted) of each #include."""
    for number, line in enumerate(tree.text(path).splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+(["<])([^">]+)[">]', line)
        if match:
            yield number, match.group(2), match.group(1) == '"'


def is_allowed(folder, name):
    own = str(PurePath(name).parent) == folder
    return own or any(_matches(name, pattern) for pattern in MAY_INCLUDE[folder])


def _matches(name, pattern):
    return PurePath(name).parent == PurePath(pattern).parent and fnmatch.fnmatch(name, pattern)


def against_the_arrow(tree):
    found = []
    for path in tree.files("src/*.c", "src/*.h", "src/*.def"):
        folder = str(PurePath(path).relative_to("src").parent)
        if folder not in MAY_INCLUDE:
            found.append(f"{path}: src/{folder} has no rule in tests/check/rules.py")
            continue
        for number, name, quoted in includes(tree, path):
            if quoted and not is_allowed(folder, name):
                found.append(f"{path}:{number}: src/{folder} must not use {name}")
    return found


def impure_headers(tree):
    return [f"{path}:{number}: a pure folder must not include <{name}>"
            for folder in PURE for path in tree.files(f"src/{folder}/*.[ch]")
            for number, name, quoted in includes(tree, path) if not quoted and name not in PURE_HEADERS]


def test_arrow__every_include__points_down():
    assert_none(against_the_arrow(Tree()))


def test_arrow__pure_folders__include_no_system_header_with_io():
    assert_none(impure_headers(Tree()))


def test_arrow__plan_includes_store__is_found(tmp_path):
    tree = seeded(tmp_path, {"src/plan/boot.c": '#include "plan/boot.h"\n#include "store/board.h"\n'})
    assert against_the_arrow(tree) == ["src/plan/boot.c:2: src/plan must not use store/board.h"]


def test_arrow__store_includes_a_provider__is_found(tmp_path):
    tree = seeded(tmp_path, {"src/store/x.c": '#include "plat/block.h"\n#include "plat/linux/disk/block.h"\n'})
    assert against_the_arrow(tree) == ["src/store/x.c:2: src/store must not use plat/linux/disk/block.h"]


def test_arrow__unknown_folder__is_found(tmp_path):
    assert against_the_arrow(seeded(tmp_path, {"src/misc/x.c": ""})) != []


def test_arrow__pure_file_with_a_clock_header__is_found(tmp_path):
    tree = seeded(tmp_path, {"src/panel/x.c": "#include <stddef.h>\n#include <time.h>\n"})
    assert impure_headers(tree) == ["src/panel/x.c:2: a pure folder must not include <time.h>"]
