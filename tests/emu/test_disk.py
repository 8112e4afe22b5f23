"""The disk of a board: its partitions, and where the overlay is on it."""

import pytest

from vrouter import load_board
from vrouter.errors import EmuError
from vrouter.images import disk, rootfs
from vrouter.images.tree import Tree
from vrouter.storage import Layout

MIB = 1 << 20
BOARD = load_board("virt-disk")


def built(tmp_path, make=rootfs.squashfs, behind=0, parts=()):
    tree = Tree()
    tree.file("etc/motd", b"x" * 100_000)
    tree.file("etc/shadow", b"root", 0o600)
    tree.chardev("dev/console", 5, 1)
    root, out = tmp_path / "root", tmp_path / "disk.img"
    make(tree, root)
    disk.build(BOARD, Layout(root, behind, parts=parts), out)
    return root.stat().st_size, out


def test_partitions__named_once_or_twice__lie_behind_the_root(tmp_path):
    _, image = built(tmp_path, parts=(("other", 3), ("a b", 2)))
    found = disk.partitions(image)
    assert list(found) == ["lifeboat", "rootfs", "other", "a b"]
    assert (found["other"][1], found["a b"][1]) == (3 * MIB, 2 * MIB)
    ends = [sum(place) for place in found.values()]
    assert all(start >= end for (start, _), end in zip(list(found.values())[1:], ends))
    _, image = built(tmp_path, parts=(("twice", 1), ("twice", 2)))
    assert disk.partitions(image)["twice"][1] == 2 * MIB


@pytest.mark.parametrize("make", [rootfs.squashfs, rootfs.erofs])
def test_overlay_area__behind_either_root__begins_at_the_next_64_kib(tmp_path, make):
    used, image = built(tmp_path, make, behind=4 * MIB)
    start, size = disk.overlay_area(BOARD, image)
    root_at, root_size = disk.partitions(image)["rootfs"]
    assert (start - root_at) % 65536 == 0 and used - 4096 <= start - root_at < used + 65536
    assert start + size == root_at + root_size


def test_overlay_area__a_partition_of_that_name__is_it(tmp_path):
    _, image = built(tmp_path, parts=(("rootfs_data", 2),))
    assert disk.overlay_area(BOARD, image) == disk.partitions(image)["rootfs_data"]


def test_overlay_area__behind_an_ext4_root__there_is_none(tmp_path):
    _, image = built(tmp_path, rootfs.ext4)
    with pytest.raises(EmuError, match="no overlay behind it"):
        disk.overlay_area(BOARD, image)


def test_slots__two_roots__each_with_its_room(tmp_path):
    roots = []
    for name in "ab":
        tree = Tree()
        tree.file("etc/slot-version", f"{name}\n")
        roots.append(tmp_path / name)
        rootfs.squashfs(tree, roots[-1])
    out = tmp_path / "disk.img"
    disk.build(load_board("virt-ab"), Layout(roots[0], 8 * MIB, roots[1]), out)
    found = disk.partitions(out)
    assert list(found) == ["lifeboat", "rootfs_a", "rootfs_b"]
    with open(out, "rb") as image:
        for (start, size), root in zip(list(found.values())[1:], roots):
            image.seek(start)
            assert image.read(root.stat().st_size) == root.read_bytes()
            assert size >= root.stat().st_size + 8 * MIB
