"""lifeboat log, on record areas that a second implementation of docs/record.md has written."""

import json
import os
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIFEBOAT = Path(os.environ.get("LIFEBOAT_SANITIZED", ROOT / "build-sanitize")) / "src/lifeboat/lifeboat"
COPY = 16384
HEADER = 28
FAILSAFE, BUTTON = 4, 3  # states.def, reasons.def
THREE = ["boot 1: running, window-over: nobody asked for failsafe",
         "boot 2: failsafe, button: reset was pressed in the window",
         "boot 3: running, continued: \"normal\" \\ again"]

pytestmark = pytest.mark.skipif(not LIFEBOAT.exists(), reason=f"{LIFEBOAT} is not built")


def tlv(tag, value):
    return struct.pack(">HH", tag, len(value)) + value


def copy(seq, lines, boots=3, major=1, minor=0, more=b""):
    """One copy of the record, as docs/record.md describes it."""
    log = "".join(line + "\n" for line in lines).encode("ascii")
    payload = (tlv(1, struct.pack(">I", boots)) + tlv(2, b"\0") + tlv(3, bytes([FAILSAFE])) + tlv(4, bytes([BUTTON]))
               + tlv(5, b"\1") + tlv(6, b"key") + tlv(7, log) + more)
    head = b"LBRECORD" + struct.pack(">HHQI", major, minor, seq, len(payload))
    body = payload.ljust(COPY - HEADER, b"\0")
    return head + struct.pack(">I", zlib.crc32(head + body)) + body


EMPTY = bytes(COPY)


def run(*args):
    return subprocess.run([LIFEBOAT, "log", *args], capture_output=True, text=True, timeout=20)


@pytest.fixture
def area(tmp_path):
    def write(*copies):
        path = tmp_path / "area"
        path.write_bytes(b"".join(copies))
        return path
    return write


def lines_of(path, *args):
    done = run("--record", str(path), *args)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def refused(code, *args):
    """The one sentence that a refusal consists of."""
    done = run(*args)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_log__lines__are_printed_oldest_first(area):
    assert lines_of(area(copy(1, THREE), EMPTY)) == THREE


def test_log__two_copies__newer_one_wins(area):
    assert lines_of(area(copy(8, THREE), copy(9, ["nine"]))) == ["nine"]
    assert lines_of(area(copy(10, ["ten"]), copy(9, ["nine"]))) == ["ten"]
    assert lines_of(area(copy(2**32, ["large"]), copy(9, ["nine"]))) == ["large"]


@pytest.mark.parametrize("damaged", [0, 1])
@pytest.mark.parametrize("at", [0, 9, 13, 22, 25, HEADER, 200, COPY - 1])
def test_log__one_copy_damaged__other_one_is_printed(area, damaged, at):
    copies = [bytearray(copy(5, ["five"])), bytearray(copy(6, ["six"]))]
    copies[damaged][at] ^= 1
    assert lines_of(area(*copies)) == [["six"], ["five"]][damaged]


def test_log__newer_minor_version__unknown_field_is_skipped(area):
    assert lines_of(area(copy(1, THREE, minor=3, more=tlv(99, b"later")), EMPTY)) == THREE


def test_log__newer_major_version__older_copy_is_printed(area):
    assert lines_of(area(copy(7, ["new"], major=2), copy(6, ["old"]))) == ["old"]


def test_log__n__prints_the_last_lines(area):
    path = area(copy(1, THREE), EMPTY)
    for n in range(5):
        assert lines_of(path, "-n", str(n)) == THREE[max(0, 3 - n):]


def test_log__no_lines_yet__prints_nothing(area):
    assert lines_of(area(copy(1, []), EMPTY)) == []
    assert lines_of(area(copy(1, []), EMPTY), "-n", "2") == []


def test_log__empty_lines__are_lines(area):
    assert lines_of(area(copy(1, ["", "a", ""]), EMPTY)) == ["", "a", ""]
    assert lines_of(area(copy(1, ["", "a", ""]), EMPTY), "-n", "2") == ["a", ""]


def test_log__full_log__is_printed_whole(area):
    lines = [f"{i:063}" for i in range(128)]
    assert lines_of(area(copy(1, lines), EMPTY)) == lines
    assert refused(1, "--record", str(area(copy(1, lines + [""]), EMPTY)))


def test_log__json__holds_the_record(area):
    done = run("--json", "--record", str(area(EMPTY, copy(2**63 - 1, THREE, boots=2**32 - 1))))
    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "seq": 2**63 - 1, "boot_count": 2**32 - 1, "last_state": "failsafe", "last_state_code": FAILSAFE,
        "last_reason": "button", "last_reason_code": BUTTON, "last_mode_number": 0, "last_mode_outcome": "",
        "last_mode_failure": 0, "log": THREE}


@pytest.mark.parametrize("outcome,name", [(1, "begun"), (2, "done"), (3, "failed"), (77, "")])
def test_log__json__tells_a_program_what_a_rescue_mode_came_to(area, outcome, name):
    more = tlv(31, b"\4") + tlv(32, bytes([outcome])) + tlv(33, b"\2") + tlv(34, b"it is damaged\n")
    told = json.loads(run("--json", "--record", str(area(copy(1, THREE, more=more), EMPTY))).stdout)
    assert (told["last_mode_number"], told["last_mode_outcome"], told["last_mode_failure"]) == (4, name, 2)


def test_log__json_with_n__holds_the_last_lines(area):
    done = run("--json", "-n", "1", "--record", str(area(copy(1, THREE), EMPTY)))
    assert json.loads(done.stdout)["log"] == THREE[2:]


@pytest.mark.parametrize("copies", [(EMPTY, EMPTY), (b"\xff" * COPY, b"\xff" * COPY)])
def test_log__no_valid_copy__is_said(area, copies):
    assert "holds no recovery record" in refused(1, "--record", str(area(*copies)))


def test_log__copies_beyond_the_second__are_not_looked_at(area):
    assert "holds no recovery record" in refused(1, "--record", str(area(EMPTY, EMPTY, copy(1, THREE))))


def test_log__terminal_escape_in_a_record__is_not_printed(area):
    assert "holds no recovery record" in refused(1, "--record", str(area(copy(1, ["\x1b[2J"]), EMPTY)))


def test_log__dump_too_short__says_both_sizes(area):
    said = refused(1, "--record", str(area(copy(1, THREE))))
    assert "16384 bytes" in said and "32768" in said


def test_log__file_that_is_not_there__is_said(tmp_path):
    assert "is not there" in refused(1, "--record", str(tmp_path / "nothing"))


def test_log__directory__is_said(tmp_path):
    assert "neither a file nor a block device" in refused(1, "--record", str(tmp_path))


def test_log__fifo__does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    assert "neither a file nor a block device" in refused(1, "--record", str(tmp_path / "fifo"))


@pytest.mark.skipif(Path("/etc/lifeboat").exists(), reason="this machine has a board file")
def test_log__no_partition__says_what_to_set():
    said = refused(1)
    assert "PARTLABEL=lifeboat" in said and "storage.record" in said and "/etc/lifeboat/board.conf" in said


@pytest.mark.parametrize("args, word", [
    (["-n"], "-n"), (["-n", "x"], "x"), (["-n", "-1"], "-1"), (["-n", "3x"], "3x"), (["-n", ""], "''"), (["-n", "9" * 30], "9" * 30),
    (["--record"], "--record"), (["--jsno"], "--jsno"), (["-x"], "-x"), (["dump"], "--record dump")])
def test_log__wrong_command_line__names_the_word(args, word):
    assert word in refused(100, *args)


def test_log__full_output_device__fails(area):
    path = area(copy(1, THREE), EMPTY)
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([LIFEBOAT, "log", "--record", path], stdout=full, stderr=subprocess.PIPE, timeout=20)
    assert done.returncode == 111
