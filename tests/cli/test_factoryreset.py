"""lifeboat factoryreset on a machine whose root is no squashfs: it has to refuse, and to say so in one sentence.

Nothing here may ever reach a disk. A sandbox without block devices makes sure of that: the program runs in mounts of its
own, where /dev and /sys are empty folders in RAM. Where the root is a squashfs, nothing of this runs.
"""

import json
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIFEBOAT = Path(os.environ.get("LIFEBOAT_SANITIZED", ROOT / "build-sanitize")) / "src/lifeboat/lifeboat"
MOUNTS = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
READ_ONLY_ROOT = any(at in ("/", "/rom") and kind in ("squashfs", "erofs") for _, at, kind, *_ in MOUNTS)
SANDBOX = 'mount -t tmpfs none /sys && mount -t tmpfs none /dev && name=$1 && shift && exec -a "$name" "$@"'
NO_OVERLAY = ("lifeboat: this root has no overlay to reset: it is not squashfs or EROFS, and this board keeps no factory "
              "image to start over from\n")

pytestmark = [
    pytest.mark.skipif(not LIFEBOAT.exists(), reason=f"{LIFEBOAT} is not built"),
    pytest.mark.skipif(READ_ONLY_ROOT, reason="this machine has a read-only root: a reset could be real here"),
    pytest.mark.skipif(os.geteuid() != 0, reason="mounts of its own need root"),
]


def run(*words, name="lifeboat", answer="", sandbox=SANDBOX):
    """The program under a name, shut off from every disk."""
    head = ["factoryreset"] if name == "lifeboat" else []
    argv = ["unshare", "-m", "bash", "-c", sandbox, "sandbox", name, str(LIFEBOAT), *head, *words]
    return subprocess.run(argv, input=answer, capture_output=True, text=True, timeout=30)


def run_with_image(folder, *words, gate, record=""):
    """On a board with a factory image, whose gate was started from an initramfs (True), on the root itself (False), or
    never (None)."""
    (folder / "board.conf").write_text(f'storage {{ factory_image = "PARTLABEL=factory" record = "{record}" }}\n')
    put = f"mount -t tmpfs none /etc && mkdir /etc/lifeboat && cp {folder}/board.conf /etc/lifeboat && mount -t tmpfs none /run"
    if gate is not None:
        (folder / "status.json").write_text(json.dumps({"gate_in_initramfs": gate}))
        put += f" && mkdir /run/lifeboat && cp {folder}/status.json /run/lifeboat"
    return run(*words, answer="y\n", sandbox=f"{put} && {SANDBOX}")


@pytest.mark.parametrize("words", [(), ("-y",), ("-yr",), ("-n",), ("--dry-run",), ("-y", "-k"), ("-r", "-y", "--erase")])
@pytest.mark.parametrize("name", ["lifeboat", "factoryreset", "firstboot", "jffs2reset"])
def test_root_without_overlay__every_option_and_name__refused_and_not_even_asked(words, name):
    done = run(*words, name=name, answer="y\n")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", NO_OVERLAY)


@pytest.mark.parametrize("word", ["-x", "-yx", "-", "--", "--yes", "--eras", "now", "-y -z"])
@pytest.mark.parametrize("name", ["lifeboat", "firstboot", "jffs2reset"])
def test_usage__unknown_word__named_in_one_sentence(word, name):
    done = run(*word.split(), name=name, answer="y\n")
    called = "factoryreset" if name == "lifeboat" else name
    assert (done.returncode, done.stdout) == (100, "")
    wrong = word.split()[-1]
    assert done.stderr == f"{called}: '{wrong}' is not known; 'lifeboat factoryreset --help' lists what is\n"


@pytest.mark.parametrize("name", ["lifeboat", "factoryreset", "firstboot", "jffs2reset"])
def test_help__under_every_name__lists_the_options(name):
    done = run("--help", name=name)
    assert (done.returncode, done.stderr) == (0, "")
    for option in ("-y", "-r", "-k", "-n", "--erase", "lifeboat-factoryreset(8)"):
        assert option in done.stdout


@pytest.mark.parametrize("words", [("-y",), ("-yr",), ("-n",), ("-yr", "--erase"), ()])
@pytest.mark.parametrize("gate,record,why", [
    (None, "", "that is only safe when lifeboat is started from an initramfs, not from the root itself"),
    (False, "", "that is only safe when lifeboat is started from an initramfs, not from the root itself"),
    (True, "", "the board has no recovery record (storage.record) to ask the next boot in"),
    (True, "PARTLABEL=lifeboat", "the board has no recovery record (storage.record) to ask the next boot in"),
])
def test_root_with_factory_image__no_way_to_write_it_safely__refused_in_one_sentence(tmp_path, words, gate, record, why):
    done = run_with_image(tmp_path, *words, gate=gate, record=record)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"lifeboat: this root cannot be written anew: {why}; nothing was changed\n"


@pytest.mark.parametrize("words", [("-k",), ("-yk",), ("-ykr",), ("-nk",)])
def test_root_with_factory_image__file_to_keep__refused_before_anything_else(tmp_path, words):
    done = run_with_image(tmp_path, *words, gate=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == ("lifeboat: -k keeps a file of the overlay, and this root has none: it would be written anew as a "
                           "whole; leave -k out\n")
