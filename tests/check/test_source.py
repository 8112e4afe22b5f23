"""How code is written: what CONTRIBUTING.md asks for and a program can see."""

import ast
import re
import subprocess

from rules import FILE_LINES_MAX, FUNCTION_LINES_MAX
from tree import ROOT, Tree, assert_none, seeded

LATER = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX"]) + r")\b")
# Paths of one machine, and hosts that packages come from: neither is true anywhere else.
ELSEWHERE = re.compile("|".join([
    r"(?<![\w.-])/wo" + r"rk/", r"(?<![\w.-])/ro" + r"ot/(?!\.ssh|\.profile)\S", r"(?<![\w.-])/ho" + r"me/\w+/",
    r"pypi\." + "org", r"pythonhosted\." + "org", r"npmjs\." + r"(org|com)", r"crates\." + "io",
    r"proxy\.golang\." + "org", r"docker\." + "io", r"ghcr\." + "io", r"deb\.debian\." + "org", "arti" + "factory",
]))


def texts(tree):
    """(path, text) of each file that is text."""
    for path in tree.paths:
        data = (tree.root / path).read_bytes()
        if b"\0" not in data[:8192] and path != "LICENSE":
            yield path, data.decode(errors="replace")


def lines_matching(tree, pattern):
    return [f"{path}:{number}: {line.strip()}" for path, text in texts(tree)
            for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)]


def walks_by_hand(text):
    """Line numbers where a pointer grows and a rest shrinks by the same amount within three lines."""
    lines = text.splitlines()
    for i, line in enumerate(lines):
        for grown, amount in re.findall(r"\b([\w.>-]+)\s*\+=\s*([^;,]+)[;,]", line):
            window = " ".join(lines[max(0, i - 2):i + 3])
            if re.search(r"\b[\w.>-]+\s*-=\s*" + re.escape(amount.strip()) + r"\s*[;,)]", window):
                yield i + 1, grown


def hand_walked(tree):
    return [f"{path}:{number}: {name} += n; rest -= n: use base/bytes.h or an offset"
            for path in tree.files("src/*.c", "src/*.h") if path != "src/base/bytes.h"
            for number, name in walks_by_hand(tree.text(path))]


def c_functions(text):
    """(name's line, length) of each function; clang-format puts its braces at the start of a line."""
    lines = text.splitlines()
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start:
            yield start, number - start
            start = None


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno - node.lineno


def is_python(tree, path):
    return path.endswith(".py") or tree.text(path).startswith("#!/usr/bin/env python3")


def scripts(tree):
    return [path for path in tree.files("scripts/*", "emu/*", "tests/*.py", ".ci/*") if "." not in path.split("/")[-1]
            or path.endswith((".py", ".sh"))]


def too_long(tree):
    found = []
    python = [path for path in scripts(tree) if is_python(tree, path)]
    for path in [*tree.files("src/*.[ch]", "tests/*.[ch]"), *python]:
        text = tree.text(path)
        functions = c_functions(text) if path.endswith((".c", ".h")) else python_functions(text)
        found += [f"{path}:{start}: a function of {length} lines" for start, length in functions
                  if length > FUNCTION_LINES_MAX]
        count = text.count("\n")
        if count > FILE_LINES_MAX:
            found.append(f"{path}: {count} lines: split it by subject")
    return found


def not_formatted(root, paths):
    argv = ["clang-format", "--dry-run", "-Werror", f"--style=file:{ROOT}/.clang-format", *paths]
    done = subprocess.run(argv, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return sorted({line.split(":")[0] for line in done.stdout.splitlines() if "-Wclang-format-violations" in line})


def broken_shell(tree):
    found = []
    for path in scripts(tree):
        shebang = tree.text(path).split("\n")[0]
        if shebang in ("#!/bin/sh", "#!/bin/bash"):
            done = subprocess.run([shebang[2:], "-n", path], cwd=tree.root, stderr=subprocess.PIPE, text=True)
            found += done.stderr.splitlines()
    return found


def test_source__words_for_later__are_not_there():
    assert_none(lines_matching(Tree(), LATER))


def test_source__paths_and_hosts_of_one_place__are_not_there():
    assert_none(lines_matching(Tree(), ELSEWHERE))


def test_source__bytes_from_outside__are_never_walked_by_hand():
    assert_none(hand_walked(Tree()))


def test_source__functions_and_files__have_a_size_for_people():
    assert_none(too_long(Tree()))


def test_source__c_files__are_formatted():
    tree = Tree()
    assert_none(not_formatted(tree.root, tree.files("src/*.[ch]", "tests/*.[ch]")))


def test_source__shell_scripts__can_be_parsed():
    assert_none(broken_shell(Tree()))


def test_source__a_word_for_later__is_found(tmp_path):
    assert len(lines_matching(seeded(tmp_path, {"src/x.c": "/* TO" + "DO: later */\n"}), LATER)) == 1


def test_source__a_path_and_a_host__are_found(tmp_path):
    files = {"a": "cd /wo" + "rk/main\n", "b": "https://pypi." + "org/x\n", "c": "/ro" + "ot/.cache\n", "d": "/root/.ssh\n"}
    assert [line[0] for line in lines_matching(seeded(tmp_path, files), ELSEWHERE)] == ["a", "b", "c"]


def test_source__a_hand_walked_buffer__is_found(tmp_path):
    tree = seeded(tmp_path, {"src/proto/x.c": "\tp += len;\n\trem -= len;\n", "src/proto/y.c": "\tat += len;\n\tk -= 2;\n"})
    assert [line.split(":")[0] for line in hand_walked(tree)] == ["src/proto/x.c"]


def test_source__a_long_function__is_found(tmp_path):
    body = "\tf();\n" * (FUNCTION_LINES_MAX + 1)
    tree = seeded(tmp_path, {"src/x.c": f"void g(void)\n{{\n{body}}}\n", "scripts/y.py": "def g():\n" + "    f()\n" * 80})
    assert len(too_long(tree)) == 2


def test_source__a_long_file__is_found(tmp_path):
    assert len(too_long(seeded(tmp_path, {"src/x.c": "int x;\n" * (FILE_LINES_MAX + 1)}))) == 1


def test_source__a_file_in_another_layout__is_found(tmp_path):
    seeded(tmp_path, {"good.c": "int f(void)\n{\n\treturn 0;\n}\n", "bad.c": "int f(void) { return 0; }\n"})
    assert not_formatted(tmp_path, ["good.c", "bad.c"]) == ["bad.c"]


def test_source__a_broken_shell_script__is_found(tmp_path):
    assert broken_shell(seeded(tmp_path, {"scripts/x": "#!/bin/sh\nif true; then\n"})) != []
