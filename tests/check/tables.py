"""The rows of src/tables/*.def, as Python reads them."""

import re


def rows(text, macro):
    """The fields of each MACRO(...) row: strings without quotes, the rest as it stands."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    found = []
    for match in re.finditer(rf"^{macro}\((.*)\)\s*$", text, re.M):
        fields = re.findall(r'\s*("(?:[^"\\]|\\.)*"|[^,"]+)\s*(?:,|$)', match.group(1))
        found.append([field.strip().strip('"') for field in fields])
    return found


def table(tree, name, macro):
    path = f"src/tables/{name}.def"
    return rows(tree.text(path), macro) if path in tree.paths else []
