"""The objects of build/, and the symbols that they define and take from elsewhere."""

import subprocess
from pathlib import PurePath

from tree import ROOT

BUILD = ROOT / "build"  # gcc, without sanitizers, which would add calls of their own


def object_of(path):
    """src/FOLDER/some/file.c: meson puts the objects of one folder side by side."""
    folder, *rest = PurePath(path).parts[1:]
    objects = list((BUILD / "src" / folder).glob(f"*.p/{'_'.join(rest)}.o"))
    assert objects, f"{path} has no object in build/: run scripts/build, and name the file in its meson.build"
    return objects[0]


def symbols(objects):
    """{object: (defined, taken from elsewhere)}, sets of names."""
    found = {str(obj): (set(), set()) for obj in objects}
    out = subprocess.run(["nm", "-A", "--format=posix", *found], check=True, stdout=subprocess.PIPE, text=True).stdout
    for line in out.splitlines():
        obj, name, kind = line.rsplit(": ", 1)[0], *line.rsplit(": ", 1)[1].split()[:2]
        if kind.isupper():
            found[obj][kind == "U"].add(name)
    return found
