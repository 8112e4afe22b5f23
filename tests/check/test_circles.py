"""No file needs a second one that needs the first: each can be read, and tested, with what stands below it."""

import subprocess

from objects import object_of, symbols
from test_arrow import includes
from tree import Tree, assert_none, seeded


def circles(needs):
    """Each circle of {name: names that it needs}, once, as a sorted list."""
    reached = {name: _reach(needs, name) for name in needs}
    found = {tuple(sorted(other for other in reached[name] if name in reached.get(other, ())))
             for name in needs if name in reached[name]}
    return [list(circle) for circle in sorted(found)]


def _reach(needs, start):
    seen, todo = set(), [start]
    while todo:
        for name in needs.get(todo.pop(), ()):
            if name not in seen:
                seen.add(name)
                todo.append(name)
    return seen


def headers(tree):
    return {path: {f"src/{name}" for _, name, quoted in includes(tree, path) if quoted}
            for path in tree.files("src/*.h")}


def calls(objects):
    """{name: names that it calls} of {name: object}."""
    known = symbols(objects.values())
    owner = {symbol: name for name, obj in objects.items() for symbol in known[str(obj)][0]}
    return {name: {owner[symbol] for symbol in known[str(obj)][1] if symbol in owner} for name, obj in objects.items()}


def test_circles__headers__have_none():
    assert_none([" and ".join(circle) + " include each other" for circle in circles(headers(Tree()))])


def test_circles__files__have_none():
    found = circles(calls({path: object_of(path) for path in Tree().files("src/*.c")}))
    assert_none([" and ".join(circle) + " call each other: what both need goes into a file below them"
                 for circle in found])


def test_circles__two_headers_that_include_each_other__are_found(tmp_path):
    tree = seeded(tmp_path, {"src/plan/a.h": '#include "plan/b.h"\n', "src/plan/b.h": '#include "plan/a.h"\n',
                             "src/plan/c.h": '#include "plan/a.h"\n#include "base/err.h"\n'})
    assert circles(headers(tree)) == [["src/plan/a.h", "src/plan/b.h"]]


def test_circles__three_files_that_call_each_other__are_found(tmp_path):
    sources = {"a": "void b(void); void a(void) { b(); }", "b": "void c(void); void b(void) { c(); }",
               "c": "void a(void); void c(void) { a(); }", "d": "void a(void); void d(void) { a(); }"}
    for name, text in sources.items():
        subprocess.run(["gcc", "-O0", "-c", "-x", "c", "-", "-o", f"{tmp_path}/{name}.o"], input=text, text=True, check=True)
    assert circles(calls({name: tmp_path / f"{name}.o" for name in sources})) == [["a", "b", "c"]]
