"""Every fault of every part: the caller hears something in time, and the record says why."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import pytest

from agentrun.pipeline.service_labels import PARTS
from tests.calls.fault_rows import line_play, play
from tests.calls.fault_rows.row import AGAIN, ANSWER, APOLOGY, MOST_SILENCE, NOTHING, REPEAT, SORRY, Row
from tests.calls.fault_table import ROWS

STATES = ("_late", "_stalled", "_empty", "_lost")
"""How the kind of an error ends that is about an answer which stayed out."""
QUICK = ("500 once", "empty once", "hangs", "401", "TLS", "deaf once", "raises", "exits", "cut")
"""What runs each time; the others run with the slow ones."""


def _case(row: Row) -> object:
    quick = row.name in QUICK and not row.fallback and not row.beside
    return pytest.param(row, id=row.id, marks=() if quick else pytest.mark.slow)


def entries(played: play.Played) -> str:
    """Where a record may name what went wrong."""
    tools = [(e.status, e.text) for e in played.record.transcript if e.who == "tool"]
    return f"{played.record.errors} {played.record.reason} {tools}"


@pytest.mark.parametrize("row", [_case(row) for row in ROWS])
def test_a_fault_has_the_outcome_that_the_table_says(tmp_path: Path, row: Row) -> None:
    played = (line_play if row.part == "line" else play).play(tmp_path, copy.deepcopy(row))
    said, record = played.said, played.record
    ends = "caller" if row.goes_on or row.record == "the caller hung up" else "error"
    assert record.ended_by == ends, play.shown(played)
    assert row.record in entries(played), play.shown(played)
    if row.part != "line":
        assert_parts_are_named(row, played)
    if row.hears == NOTHING:
        return
    assert said, "the caller was left in silence"
    assert played.silence <= min(row.within, MOST_SILENCE), play.shown(played)
    if row.hears == SORRY:
        assert said[-1] == APOLOGY, play.shown(played)
    elif row.hears == AGAIN:
        assert said[-1] == REPEAT, play.shown(played)
    elif row.hears == ANSWER:
        assert is_answered(" ".join(said)), play.shown(played)
    else:
        assert APOLOGY not in said, play.shown(played)


def assert_parts_are_named(row: Row, played: play.Played) -> None:
    """The reason why a call was ended, and each error about a part, say which part it was, and where."""
    record = played.record
    if record.ended_by == "error":
        assert re.search(r" at https?://127\.0\.0\.1:", record.reason), play.shown(played)
    about = [each for each in record.errors if each.partition(":")[0].endswith(STATES)]
    assert all(any(f"{part} (" in each for part in PARTS.values()) for each in about), play.shown(played)
    if record.ended_by == "error" and row.part in PARTS and not row.beside:
        assert PARTS[row.part] in record.reason, play.shown(played)


def is_answered(said: str) -> bool:
    """Whether one of the answers was heard."""
    first = play.SENTENCES.text.split(". ")[0]
    return any(words in said for words in (first, play.MORE.text, "Hello."))
