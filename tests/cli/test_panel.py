"""lifeboat panel on a machine without buttons: what it says, and how it starts and ends."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIFEBOAT = Path(os.environ.get("LIFEBOAT_SANITIZED", ROOT / "build")) / "src/lifeboat/lifeboat"
OK, NO, USAGE = 0, 1, 100

# A /run and an /etc of its own
PRIVATE = 'mount -t tmpfs run /run && mount -t tmpfs etc /etc && mkdir /etc/lifeboat && {} exec "$0" panel'

needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], stderr=subprocess.DEVNULL).returncode != 0,
    reason="a mount namespace needs root")


def start(prepare=""):
    return subprocess.Popen(["unshare", "-m", "sh", "-c", PRIVATE.format(prepare), LIFEBOAT], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def end(panel, number=signal.SIGTERM):
    """Everything that it says until it ends."""
    panel.send_signal(number)
    out, err = panel.communicate(timeout=30)
    return panel.returncode, out, err


def test_panel__with_an_argument__one_sentence():
    done = subprocess.run([LIFEBOAT, "panel", "-f"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (USAGE, "", "lifeboat panel: takes no argument, not '-f'\n")


@needs_root
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_panel__without_a_board_file__waits_and_ends_when_asked_to(number):
    panel = start()
    assert panel.stderr.readline() == "lifeboat: buttons that are watched: none\n"
    assert end(panel, number) == (OK, "", "")


@needs_root
def test_panel__board_file_with_a_button_that_is_not_there__one_sentence_and_it_waits():
    panel = start("printf 'button \"reset\" { key = 767 }' >/etc/lifeboat/board.conf &&")
    assert panel.stderr.readline() == "lifeboat: this machine has no button 'reset': going on without it\n"
    assert panel.stderr.readline() == "lifeboat: buttons that are watched: none\n"
    assert end(panel) == (OK, "", "")


@needs_root
def test_panel__board_file_with_a_mistake__the_sentence_of_the_check_and_it_waits():
    panel = start("echo 'button \"reset\" { key = 1 short = no }' >/etc/lifeboat/board.conf &&")
    assert panel.stderr.readline().startswith("lifeboat: /etc/lifeboat/board.conf:1: button.short must be \"none\"")
    assert panel.stderr.readline() == "lifeboat: buttons that are watched: none\n"
    assert end(panel) == (OK, "", "")


@needs_root
def test_panel__a_second_one__is_refused():
    panel = start()
    panel.stderr.readline()
    second = subprocess.run(["nsenter", "-t", str(panel.pid), "-m", LIFEBOAT, "panel"], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, timeout=30)
    assert (second.returncode, second.stdout) == (NO, "")
    assert second.stderr == "lifeboat: the buttons are watched already: another lifeboat panel is running\n"
    assert end(panel)[0] == OK
