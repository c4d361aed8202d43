"""What versions are compared by stands beside the records, and is never older than they are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from agentrun.records import CallRecord, Entry, Turn, version_figures
from agentrun.records.store.queries.call_filter import CallFilter
from agentrun.records.store.store import CUT_OFF, CallQuery, Store
from agentrun.records.store.tables import CALLS

BEGAN = datetime(2026, 11, 1, tzinfo=UTC)
ENDED = BEGAN + timedelta(seconds=90)


def record(call_id: str = "CA1", **more: Any) -> CallRecord:
    made = CallRecord(call_id, "desk", "twilio", started=BEGAN, ended=ENDED, ended_by="caller", **more)
    made.spec_hash = made.spec_hash or "aaa"
    made.transcript = [
        Entry(1.0, "agent", "Good evening, and…", interrupted=True),
        Entry(2.0, "caller", "Hi!", interrupted=True),
        Entry(3.0, "tool", "no", "book", status="timeout"),
        Entry(4.0, "tool", "yes", "book", status="ok"),
        Entry(5.0, "agent", "It is booked."),
    ]
    made.turns = [Turn(3.0, 812.34, {"llm": 400.0}), Turn(5.0, 900.0, {})]
    return made


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store(url) as made:
        yield made


def change(store: Store, **values: Any) -> None:
    with store._engine.begin() as connection:
        connection.execute(sa.update(CALLS).values(values))


def only(store: Store, **wanted: Any) -> version_figures.VersionFigures:
    [(row, figures)] = store.versions(CallQuery("desk", **wanted))
    assert (row["id"], row["started"], row["ended"]) == ("CA1", BEGAN.isoformat(), ENDED.isoformat())
    return figures


def test_they_are_the_records_before_and_after_they_are_written_down(store: Store) -> None:
    cost = {"total": 0.25, "parts": {"llm openai": 0.25}}
    row = record(cost=cost, analysis={"state": "done", "success": True}).as_json()
    store.save([row], "me")
    before = only(store)
    assert store.search.add() == 1
    assert only(store) == before == version_figures.of_record(row)
    assert (before.answers, before.lines, before.cut, before.tools, before.failed) == (
        [812.3, 900.0],
        *(2, 1, 2, 1),
    )
    assert (before.spec_hash, before.ended_by, before.cost, before.success) == ("aaa", "caller", 0.25, True)
    assert only(store, has=CallFilter(text="booked")) == before


def test_a_record_is_not_read_for_them_once_they_are_written_down(store: Store) -> None:
    store.save([record().as_json()], "me")
    store.search.add()
    change(store, record={"spec_hash": "not read"})
    assert only(store).spec_hash == "aaa"


@pytest.mark.parametrize("indexed", [False, True], ids=["", "indexed by an older version"])
def test_those_of_a_record_that_has_changed_since_are_of_the_record(store: Store, indexed: bool) -> None:
    store.save([record().as_json()], "me")
    store.search.add()
    seen = datetime.now(UTC).isoformat()
    state = {"search_state": f"{seen}/{ENDED.isoformat()}"} if indexed else {}
    change(store, record=record(spec_hash="bbb").as_json(), seen=seen, **state)
    assert only(store).spec_hash == "bbb"
    assert store.search.add() == int(not indexed)
    assert only(store).spec_hash == "bbb"


@pytest.mark.parametrize("found", [7, [], {}, {"of": 7}, {"of": "now", "tools": None}, "null"], ids=str)
def test_what_is_of_another_shape_is_of_the_record(store: Store, found: object) -> None:
    store.save([record().as_json()], "me")
    store.search.add()
    change(store, version_figures=found)
    assert only(store).spec_hash == "aaa"


def test_a_call_whose_server_has_died_ended_by_an_error_and_one_that_is_up_has_not_ended(
    store: Store,
) -> None:
    up = record("CA2")
    up.ended = up.ended_by = None
    store.save([up.as_json()], "me")
    [(row, figures)] = store.versions(CallQuery("desk"))
    assert (row["ended"], figures.ended_by, figures.spec_hash) == (None, None, "aaa")
    with store._engine.begin() as connection:
        connection.execute(sa.text("UPDATE leases SET expires = 0"))
    [(row, figures)] = store.versions(CallQuery("desk"))
    assert (row["reason"], figures.ended_by) == (CUT_OFF, "error")
