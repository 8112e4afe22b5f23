"""Tables: codes that go over the wire or to flash mean one thing for ever."""

import pytest
from tables import rows, table
from tree import Tree, assert_none

# file, macro, columns that must be unique
UNIQUE = [
    ("states", "STATE", {"id": 0, "code": 1, "name": 2}),
    ("reasons", "REASON", {"id": 0, "code": 1, "name": 2}),
    ("exits", "EXIT", {"id": 0, "code": 1}),
    ("lifeline_exits", "EXIT", {"id": 0, "code": 1}),
    ("profiles", "PROFILE", {"id": 0, "name": 1}),
    ("actions", "ACTION", {"id": 0, "name": 1}),
    ("holds", "HOLD", {"profile and key": (0, 1)}),
    ("policies", "POLICY", {"id": 0, "name": 1}),
    ("errors", "ERR", {"name": 0, "text": 1}),
    ("announce", "FIELD", {"id": 0, "tag": 1}),
    ("record", "RECORD_(?:INT|BLOB|TEXT)", {"tag": 0, "name": 1}),
    ("images", "IMAGE", {"id": 0, "name": 1}),
    ("refusals", "REFUSAL", {"id": 0, "code": 1, "name": 2}),
    ("protected", "PROTECTED", {"name": 0}),
    ("bootenv", "BOOTENV_SCHEME", {"id": 0, "name": 1}),
    ("bootenv", "BOOTENV_GOOD", {"name": 0}),
    ("applets", "APPLET", {"id": 0, "name": 1}),
    ("verbs", "VERB", {"id": 0, "name": 1}),
]


def repeated(found, column):
    values = [[row[at] for at in column] if isinstance(column, tuple) else row[column] for row in found]
    return sorted({str(value) for value in values if values.count(value) > 1})


def unsorted(found, column):
    names = [row[column] for row in found]
    return [name for name, after in zip(names, names[1:]) if name > after]


@pytest.mark.parametrize("name,macro,columns", UNIQUE, ids=[f"{row[0]}-{row[1]}" for row in UNIQUE])
def test_tables__codes_and_names__are_unique(name, macro, columns):
    found = table(Tree(), name, macro)
    assert found, f"src/tables/{name}.def has no {macro}(...) row"
    for column in columns.values():
        assert_none(repeated(found, column))


@pytest.mark.parametrize("name,macro", [("applets", "APPLET"), ("verbs", "VERB")])
def test_tables__what_is_listed_to_people__is_sorted_by_name(name, macro):
    assert_none(unsorted(table(Tree(), name, macro), 1))


def test_protected__names__are_sorted_once_in_either_case_and_none_is_the_overlays():
    names = [row[0].lower() for row in table(Tree(), "protected", "PROTECTED")]
    assert_none(unsorted([[name] for name in names], 0))
    assert_none(repeated([[name] for name in names], 0))
    assert_none([name for name in names if name in ("rootfs_data", "rootfs", "firmware", "ubi", "kernel")])


def test_tables__a_code_used_twice__is_found():
    found = rows('/* STATE(X, 0, "x", "") */\nSTATE(A, 1, "a", "one, two")\nSTATE(B, 1, "b", "x")\n', "STATE")
    assert found == [["A", "1", "a", "one, two"], ["B", "1", "b", "x"]]
    assert repeated(found, 1) == ["1"]
    assert repeated(found, 2) == []


def test_tables__a_row_out_of_order__is_found():
    assert unsorted([["x", "b"], ["y", "a"]], 1) == ["b"]
