"""lifeboat upgrade --follow: what is told on the socket, to a person and to a program."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIFEBOAT = Path(os.environ.get("LIFEBOAT_SANITIZED", ROOT / "build-sanitize")) / "src/lifeboat/lifeboat"
PRIVATE = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /run && mkdir /run/lifeboat && exec "$@"', "sh"]
pytestmark = [
    pytest.mark.skipif(not LIFEBOAT.exists(), reason=f"{LIFEBOAT} is not built"),
    pytest.mark.skipif(subprocess.run([*PRIVATE, "true"], capture_output=True).returncode != 0, reason="no namespace of mounts"),
]

# Starts the follower first: it waits for somebody to work. Then one that works, as often as there are lists of lines.
SERVER = """
import json, os, socket, subprocess, sys
follower = subprocess.Popen(sys.argv[2:])
server = socket.socket(socket.AF_UNIX)
server.bind("/run/lifeboat/progress.sock")
server.listen()
client, _ = server.accept()
for line in json.loads(sys.argv[1]):
    client.sendall(line.encode())
client.close()
sys.exit(follower.wait(20))
"""


def follow(lines, *words):
    argv = [*PRIVATE, sys.executable, "-c", SERVER, json.dumps(lines), str(LIFEBOAT), "upgrade", "--follow", *words]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60)


STEPS = ['{"work":"upgrading","step":"saving the settings"}\n', '{"work":"upgrading","step":"writing","percent":40}\n']
GOOD = '{"work":"upgrading","result":"complete","why":""}\n'
BAD = '{"work":"upgrading","result":"refused","why":"the image is for another board"}\n'


def test_follow__a_work_that_goes_well__each_line_and_exit_code_0():
    done = follow([*STEPS, GOOD])
    assert done.stdout == "upgrading: saving the settings\nupgrading: writing, 40 %\nupgrading: complete\n"
    assert (done.returncode, done.stderr) == (0, "")


def test_follow_json__the_lines_as_they_come_in_whatever_pieces():
    text = "".join([*STEPS, BAD])
    done = follow([text[:7], text[7:60], text[60:]], "--json")
    assert (done.returncode, done.stdout) == (1, text)


def test_follow__a_work_that_fails__says_why_and_ends_with_1():
    done = follow([BAD])
    assert (done.returncode, done.stdout) == (1, "upgrading: refused: the image is for another board\n")


def test_follow__the_other_end_without_a_result__is_no_success():
    done = follow([STEPS[1], "nonsense\n", "[]\n"])
    assert done.returncode == 1 and done.stdout == "upgrading: writing, 40 %\n"
    assert "has ended without a result" in done.stderr


def test_follow__another_word__is_not_understood():
    done = subprocess.run([LIFEBOAT, "upgrade", "--follow", "x"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 100 and "--json" in done.stderr
