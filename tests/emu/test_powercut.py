"""What is on a disk after a cut, from logs made here."""

import struct

import pytest

from vrouter.errors import EmuError
from vrouter.powercut import DISCARD, FLUSH, FUA, MAGIC, Recording

SECTOR = 512


def write(sector, letter, count=1, flags=0):
    return struct.pack("<QQQQ", sector, count, flags, 0).ljust(SECTOR, b"\0") + letter.encode() * SECTOR * count


def flush():
    return struct.pack("<QQQQ", 0, 0, FLUSH, 0).ljust(SECTOR, b"\0")


def recording(tmp_path, *entries):
    base, log = tmp_path / "base", tmp_path / "log"
    base.write_bytes(b"." * SECTOR * 8)
    # The number of entries in the super block is old after a kill: it must not count
    log.write_bytes(struct.pack("<QQQI", MAGIC, 1, 0, SECTOR).ljust(SECTOR, b"\0") + b"".join(entries))
    return Recording(base, log)


def after(tmp_path, record, **how):
    out = tmp_path / "out"
    counts = record.build(out, **how)
    data = out.read_bytes()
    return "".join(chr(data[at]) for at in range(0, len(data), SECTOR)), counts


def test_kill__writes_after_the_flush__are_kept(tmp_path):
    record = recording(tmp_path, write(0, "a"), flush(), write(1, "b"))
    assert after(tmp_path, record, policy="kill") == ("ab......", (2, 0))


def test_lose__writes_after_the_flush__are_gone(tmp_path):
    record = recording(tmp_path, write(0, "a"), flush(), write(1, "b"), write(2, "c", flags=FUA))
    assert after(tmp_path, record, policy="lose") == ("a.c.....", (2, 1))


def test_lose__cut_before_the_flush__the_flush_does_not_count(tmp_path):
    record = recording(tmp_path, write(0, "a"), flush(), write(1, "b"), flush())
    assert record.writes() == [0, 2]
    assert after(tmp_path, record, policy="lose", cut=2)[0] == "a......."
    assert after(tmp_path, record, policy="lose", cut=3)[0] == "ab......"


def test_write_through__every_policy__keeps_all_but_a_write_under_way(tmp_path):
    record = recording(tmp_path, write(0, "a"), flush(), write(1, "b"), write(2, "c", 2))
    record.write_through = True
    for policy in ("kill", "lose", "random", "torn"):
        assert after(tmp_path, record, policy=policy) == ("abcc....", (3, 0)), policy
    torn = {after(tmp_path, record, policy="torn", cut=3, seed=seed)[0] for seed in range(20)}
    assert torn == {"ab......", "abc....."}


def test_torn__last_write__ends_at_a_sector(tmp_path):
    record = recording(tmp_path, write(0, "a"), write(2, "b", 4))
    states = {after(tmp_path, record, policy="torn", seed=seed)[0] for seed in range(40)}
    assert states == {"a.......", "a.b.....", "a.bb....", "a.bbb..."}


def test_torn__flushed_last_write__is_whole_unless_it_was_under_way(tmp_path):
    for entries in ([write(0, "a"), write(2, "c", 2), flush()], [write(2, "c", 2, flags=FUA)]):
        record = recording(tmp_path, *entries)
        assert {after(tmp_path, record, policy="torn", seed=seed)[0][2:] for seed in range(20)} == {"cc...."}
        named = record.writes()[-1]
        states = {after(tmp_path, record, policy="torn", cut=named, seed=seed)[0][2:] for seed in range(20)}
        assert states == {"......", "c....."}


def test_random__seeds__many_states_but_flushed_data_always(tmp_path):
    record = recording(tmp_path, write(0, "a"), flush(), write(1, "b"), write(2, "c"), write(3, "d"))
    states = {after(tmp_path, record, policy="random", seed=seed)[0] for seed in range(60)}
    assert len(states) == 8 and all(state[0] == "a" for state in states)
    assert after(tmp_path, record, policy="random", seed=7) == after(tmp_path, record, policy="random", seed=7)


def test_discard__reads_as_zero_and_carries_no_data(tmp_path):
    gone = struct.pack("<QQQQ", 0, 2, DISCARD, 0).ljust(SECTOR, b"\0")
    record = recording(tmp_path, write(0, "a"), gone, write(5, "b"))
    assert after(tmp_path, record, policy="kill")[0] == "\0\0...b.."


def test_log__ends_within_an_entry__that_entry_never_was(tmp_path):
    record = recording(tmp_path, write(0, "a"), write(1, "b", 3)[: 2 * SECTOR])
    assert len(record.steps) == 1


def test_log__power_failed_before_the_first_write__empty(tmp_path):
    (tmp_path / "log").write_bytes(b"")
    assert Recording(tmp_path / "base", tmp_path / "log").steps == []


def test_build__unknown_policy__lists_them(tmp_path):
    with pytest.raises(EmuError, match="choose one of kill, lose, random, torn"):
        recording(tmp_path).build(tmp_path / "out", policy="nix")
