"""The files that belong to the project."""

import fnmatch
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


class Tree:
    def __init__(self, root=ROOT):
        self.root = Path(root)
        self.paths = sorted(_from_git(self.root) or _from_disk(self.root))

    def files(self, *patterns):
        """Paths relative to the top; "*" also matches "/"."""
        return [path for path in self.paths if any(fnmatch.fnmatch(path, pattern) for pattern in patterns)]

    def text(self, path):
        return (self.root / path).read_text(errors="replace")


def _from_git(root):
    """What is tracked, and what would be: an offence should show before it is committed."""
    if not (root / ".git").exists():
        return []
    argv = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout.split("\0")
    return [name for name in set(names) if name and (root / name).is_file()]


def _from_disk(root):
    found = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return [str(path) for path in found if not path.parts[0].startswith((".", "build"))]


def assert_none(found):
    """Name every offence, not only the first."""
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def seeded(folder, files):
    """A tree of its own with a fault in it: each check must be able to fail."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Tree(folder)
