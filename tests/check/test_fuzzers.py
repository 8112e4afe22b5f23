"""Whatever parses bytes from outside has a fuzzer beside it, with seeds."""

import re

from tree import Tree, assert_none, seeded

# A function that takes bytes of any length: int lb_NAME(out..., const void *buf, size_t n)
PARSER = re.compile(r"\bint (lb_\w+)\([^;{}]*\bconst (?:void|uint8_t) \*\w+, size_t \w+\);")


def parsers(tree):
    found = {name for path in tree.files("src/proto/*.h", "src/plan/*.h", "src/image/*.h")
             for name in PARSER.findall(tree.text(path))}
    return sorted(found)


def unfuzzed(tree):
    fuzzers = {path: tree.text(path) for path in tree.files("tests/fuzz/fuzz_*.c")}
    everything = "\n".join(fuzzers.values())
    found = [f"{name}() has no fuzzer in tests/fuzz" for name in parsers(tree) if not re.search(rf"\b{name}\(", everything)]
    listed = tree.text("tests/fuzz/meson.build") if "tests/fuzz/meson.build" in tree.paths else ""
    for path in fuzzers:
        name = path.removeprefix("tests/fuzz/fuzz_").removesuffix(".c")
        if f"'{name}':" not in listed:
            found.append(f"{path}: is not in tests/fuzz/meson.build")
        if not tree.files(f"tests/fuzz/corpus/{name}/*"):
            found.append(f"{path}: has no seeds in tests/fuzz/corpus/{name}")
    return found


def test_fuzzers__every_parser__has_one_with_seeds():
    tree = Tree()
    assert len(parsers(tree)) >= 4
    assert_none(unfuzzed(tree))


def test_fuzzers__a_parser_without_one__is_found(tmp_path):
    header = "MUST_CHECK int lb_tlv_decode(struct lb_tlv *out,\n\t\t\t     const void *buf, size_t n);\n"
    assert unfuzzed(seeded(tmp_path, {"src/proto/tlv.h": header})) == ["lb_tlv_decode() has no fuzzer in tests/fuzz"]


def test_fuzzers__one_that_is_never_built_and_has_no_seeds__is_found(tmp_path):
    assert len(unfuzzed(seeded(tmp_path, {"tests/fuzz/fuzz_x.c": "", "tests/fuzz/meson.build": "'y': []"}))) == 2
