"""The file trees of the images, read back as the formats say."""

import io
import stat
import tarfile

from vrouter.images.tree import Tree


def sample():
    tree = Tree()
    tree.file("etc/motd", "hello\n")
    tree.file("bin/tool", b"#!/bin/sh\n", 0o755)
    tree.file("empty", b"")
    tree.link("bin/sh", "tool")
    tree.chardev("dev/console", 5, 1)
    tree.dir("tmp", 0o1777)
    return tree


def parse_newc(data):
    found, at = {}, 0
    while True:
        assert data[at : at + 6] == b"070701" and at % 4 == 0
        values = [int(data[at + 6 + 8 * i : at + 14 + 8 * i], 16) for i in range(13)]
        mode, size, name_size = values[1], values[6], values[11]
        name = data[at + 110 : at + 110 + name_size - 1].decode()
        assert data[at + 109 + name_size] == 0
        at = -(-(at + 110 + name_size) // 4) * 4
        if name == "TRAILER!!!":
            return found
        found[name] = (mode, data[at : at + size], tuple(values[9:11]))
        at = -(-(at + size) // 4) * 4


def test_cpio__parsed_by_the_format__every_entry_complete():
    found = parse_newc(sample().cpio())
    assert found["etc/motd"] == (stat.S_IFREG | 0o644, b"hello\n", (0, 0))
    assert found["bin/sh"] == (stat.S_IFLNK | 0o777, b"tool", (0, 0))
    assert found["dev/console"] == (stat.S_IFCHR | 0o600, b"", (5, 1))
    assert found["empty"][1] == b""


def test_cpio__folders__stand_before_what_is_in_them():
    names = list(parse_newc(sample().cpio()))
    for index, name in enumerate(names):
        parent = name.rpartition("/")[0]
        assert not parent or parent in names[:index], name


def test_tar__read_back__owner_is_root_and_links_and_devices_survive():
    with tarfile.open(fileobj=io.BytesIO(sample().tar())) as archive:
        members = {member.name: member for member in archive}
    assert all((member.uid, member.gid) == (0, 0) for member in members.values())
    assert members["bin/sh"].linkname == "tool"
    assert (members["dev/console"].devmajor, members["dev/console"].devminor) == (5, 1)
    assert members["bin/tool"].mode == 0o755


def test_extra__script_and_text__only_the_script_is_executable(tmp_path):
    (tmp_path / "data").write_bytes(b"\x00\x01")
    tree = Tree()
    tree.add_extra({"sbin/x": "#!/bin/sh\n", "etc/x": "text", "lib/x": tmp_path / "data"})
    assert tree.entries["sbin/x"].mode & 0o777 == 0o755
    assert tree.entries["etc/x"].mode & 0o777 == 0o644
    assert tree.entries["lib/x"].data == b"\x00\x01"
