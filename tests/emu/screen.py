"""Reading what the front panel has drawn."""


def text_of(rows):
    return ["".join(ch for ch, _ in row) for row in rows]


def find(rows, text):
    """(column, row) of a text on the screen."""
    for y, line in enumerate(text_of(rows)):
        if text in line:
            return line.index(text), y
    raise AssertionError(f"{text!r} is not on the screen:\n" + "\n".join(text_of(rows)))


def lamp_cell(rows, name):
    """The cell in the middle of the lamp above its label, and its look."""
    x, y = find(rows, name)
    return rows[y - 2][x + len(name) // 2]
