"""The stick that the front panel plugs in on a board with rescue modes."""

import subprocess

from vrouter.images import medkit


def names(image):
    return subprocess.run(["mdir", "-b", "-i", image, "::"], capture_output=True, text=True, check=True).stdout.split()


def test_stick__of_the_panel__has_the_medkit_by_its_name_and_follows_it(tmp_path, monkeypatch):
    made = tmp_path / "medkit-1.tar.gz"
    made.write_bytes(b"one")
    monkeypatch.setattr(medkit, "build_medkit", lambda board, lifeboat: made)
    stick = medkit.make_medkit_stick(tmp_path / "stick.img")
    assert names(stick) == ["::/virt-sd-medkit-latest.tar.gz"]
    with open(stick, "r+b") as file:
        file.write(b"owner's")
    medkit.make_medkit_stick(stick)
    assert stick.read_bytes()[:7] == b"owner's", "what was written to it stays"
    made = tmp_path / "medkit-2.tar.gz"
    made.write_bytes(b"two")
    medkit.make_medkit_stick(stick)
    assert stick.read_bytes()[:7] != b"owner's"
