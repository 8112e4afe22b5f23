"""What one LED says in the dialogue of the rescue modes: docs/rescue-modes.md read backwards.

Pure: the lit stretches of the LED in, words out. A mode and a failure are told by a count of blinks, so a rate alone
would take them for something else.
"""

from __future__ import annotations

import re
from pathlib import Path

BLINK_S = 0.2  # lit, and dark between two blinks of a count
SLACK_S = 0.12  # of a busy machine
BEFORE_MODE_S = 0.5 + BLINK_S
BEFORE_CAUSE_S = 0.8 + BLINK_S
AFTER_MODE_S = 0.5  # then it is lit; behind a cause it stays dark for longer
BETWEEN_BEATS_S = 1.5 + BEFORE_CAUSE_S

TABLES = Path(__file__).resolve().parents[2] / "src/tables"
_ROW = re.compile(r'^(?:MODE\(\w+,\s*(\d+),\s*\d+,\s*"\w+"|FAILURE\(\w+,\s*(\d+),\s*"\w+"),\s*"([^":]*)', re.M)


def has_menu(board_conf):
    return re.search(r"^\s*menu\s*\{", board_conf, re.M) is not None


def words(path):
    """{number: text} of modes.def or failures.def; of a failure what stands before the colon."""
    return {int(mode or failure): text for mode, failure, text in _ROW.findall(path.read_text())}


def _near(is_s, should_s, slack_s=SLACK_S):
    return abs(is_s - should_s) <= slack_s


class _Count:
    def __init__(self, start, dark_before):
        self.start, self.end, self.blinks, self.dark_before = start, start, 0, dark_before


def _stretches(segs):
    """[(start, end)] lit, whatever the colour."""
    out = []
    for start, end, _ in segs:
        if out and out[-1][1] == start:
            out[-1] = (out[-1][0], end)
        else:
            out.append((start, end))
    return out


def _last_count(lit, now):
    """The count of blinks that is the newest, and the lit stretch behind it or None."""
    count, behind, dark_from = None, None, None
    for start, end in lit:
        dark = start - dark_from if dark_from is not None else 0
        dark_from = end
        short = _near(end - start, BLINK_S) or (end == now and end - start < BLINK_S)
        if count and not behind and _near(dark, AFTER_MODE_S):
            behind = (start, end)
        elif short and count and not behind and _near(dark, BLINK_S):
            count.blinks, count.end = count.blinks + 1, end
        elif short and (_near(dark, BEFORE_MODE_S) or _near(dark, BEFORE_CAUSE_S) or _near(dark, BETWEEN_BEATS_S, 0.2)):
            count, behind = _Count(start, dark), None
            count.blinks, count.end = 1, end
        else:
            count, behind = None, None
    return count, behind


def say(segs, now, modes, failures):
    """What the light says: text; "" while it is counting; None when it is not of this dialogue."""
    count, behind = _last_count(_stretches(segs), now)
    if not count:
        return None
    if _near(count.dark_before, BEFORE_MODE_S):
        if behind:
            return f"mode {count.blinks}: {modes[count.blinks]}" if count.blinks in modes else None
        return "" if now - count.end < AFTER_MODE_S + SLACK_S else None
    if now - count.end > BETWEEN_BEATS_S + 0.2:
        return None
    if now - count.end < AFTER_MODE_S + SLACK_S:
        return ""
    return f"{count.blinks} blinks, it failed: {failures[count.blinks]}" if count.blinks in failures else None
