"""lifeboat factoryreset on a machine whose root is no squashfs: it has to refuse, and to say so in one sentence.

Nothing here may ever reach a disk. A sandbox without block devices makes sure of that: the program runs in mounts of its
own, where /dev and /sys are empty folders in RAM. Where the root is a squashfs, nothing of this runs.
"""

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


def run(*words, name="lifeboat", answer=""):
    """The program under a name, shut off from every disk."""
    head = ["factoryreset"] if name == "lifeboat" else []
    argv = ["unshare", "-m", "bash", "-c", SANDBOX, "sandbox", name, str(LIFEBOAT), *head, *words]
    return subprocess.run(argv, input=answer, capture_output=True, text=True, timeout=30)


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
