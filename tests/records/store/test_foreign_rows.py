"""Rows of a foreign shape, of another version or changed by hand, hold up no page, no sum, no other call."""

from __future__ import annotations

import copy
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from agentrun.cli.output import call_csv, call_figures, call_list, call_record
from agentrun.cli.output.printable_console import PrintableConsole
from agentrun.records import CallRecord, Entry, Failover, Turn, record_shape, resumption
from agentrun.records.call_figures import Figures
from agentrun.records.store.hourly import EPOCH
from agentrun.records.store.queries.call_filter import CallFilter
from agentrun.records.store.store import CallQuery, Store
from agentrun.records.store.tables import CALLS
from agentrun.server.dashboard.record_source import LINE

BEGAN = datetime(2026, 11, 1, 12, tzinfo=UTC)
FOREIGN: tuple[Any, ...] = (None, 5, "x", True, [], {}, [None], ["x"], [{}], {"a": 1}, {"a": None})
INSERTION = sa.text(
    "INSERT INTO calls (agent, id, started, ended, record, owner, seen, key, resume)"
    " VALUES ('desk', :id, :started, :ended, :record, 'gone', :started, :key, :resume)"
)
FILTERS = (
    CallFilter(outcome="caller"),
    CallFilter(outcome="success"),
    CallFilter(number="555"),
    CallFilter(tool="book"),
    CallFilter(text="table"),
    CallFilter(text="tïsch"),
    CallFilter(variables=(("guests", "4"),)),
)


def whole() -> dict[str, Any]:
    """A record with something in each of its parts."""
    record = CallRecord("CA0", "desk", "twilio", "+15551234567", "+15557654321", started=BEGAN)
    record.transcript = [
        Entry(1.0, "caller", "A table for four."),
        Entry(2.0, "tool", "ok", "book", {"x": 1}),
    ]
    record.turns = [Turn(1.0, 900.0, {"llm": 400.0})]
    record.failovers = [Failover(1.0, "llm", "a", "b")]
    record.variables, record.usage = {"guests": 4}, {"llm openai/gpt": {"input_tokens": 3}}
    record.errors, record.ended, record.ended_by = ["broken"], BEGAN, "caller"
    record.cost = {"total": 0.1, "currency": "USD", "prices": "2026", "parts": {"llm a": 0.1}, "unknown": []}
    record.analysis = {"state": "done", "success": True, "summary": "Booked.", "fields": {"n": 1}}
    return record.as_json()


def foreign() -> Iterator[Any]:
    """Records in which one part is missing or is something else, and what is no record at all."""
    yield from FOREIGN
    paths: list[tuple[str | int, ...]] = [(name,) for name in whole()]
    for name in ("transcript", "turns", "failovers"):
        paths += [(name, 0), *((name, 0, field) for field in whole()[name][0])]
    for name in ("cost", "analysis", "usage", "variables"):
        paths += [(name, field) for field in whole()[name]]
    for path in paths:
        for value in (..., *FOREIGN):
            record = copy.deepcopy(whole())
            place: Any = record
            for step in path[:-1]:
                place = place[step]
            if value is not ...:
                place[path[-1]] = value
            else:
                place.pop(path[-1])
            yield record
    later = {"new": [1, {"deep": None}]}
    yield {**whole(), **later, "transcript": [{**whole()["transcript"][0], "who": "robot", **later}]}


def fill(store: Store, *, up: bool) -> list[str]:
    """Put the foreign rows into the store, with a good one behind them; all ids, the newest first."""
    records = [*foreign(), whole()]
    rows = [
        {
            "id": f"CA{number}",
            "started": BEGAN.replace(second=number % 60, microsecond=999_999 - number).isoformat(),
            "ended": None if up else BEGAN.isoformat(),
            "record": json.dumps(record),
            "key": f"key{number}.x",
            "resume": json.dumps(FOREIGN[number % len(FOREIGN)]) if up else None,
        }
        for number, record in enumerate(records)
    ]
    with store._engine.begin() as connection:
        connection.execute(INSERTION, rows)
    rows.sort(key=lambda row: row["started"] or "", reverse=True)
    return [str(row["id"]) for row in rows]


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store(url) as made:
        yield made


def test_they_are_read_listed_and_written_out(store: Store) -> None:
    every = fill(store, up=False)
    found = list(store.find(CallQuery()))
    assert [row["id"] for row in found] == every
    for parts in (LINE, (*LINE, "transcript"), ("ended_by", "turns")):
        assert [row["id"] for row in store.find(CallQuery(), parts)] == every
    assert all(row == record_shape.whole(row) for row in found)
    assert len(list(call_csv.of_calls(found))) == len(found) + 1
    console = PrintableConsole(width=160, file=io.StringIO())
    console.print(call_list.table(found, 160))
    list(call_figures.budgets(found))
    for row in found:
        call_csv.of_transcript(row)
        call_record.show(row, console)


def test_they_are_counted_and_indexed_and_searched_for(store: Store) -> None:
    every = fill(store, up=False)
    good = f"CA{len(every) - 1}"
    for _ in ("without the index", "with it"):
        for has in FILTERS:
            words = [row["id"] for row in store.find(CallQuery(has=has), ("from_number",))]
            assert (good in words) is (has.text != "tïsch"), has
        assert [row["id"] for row, _ in store.versions(CallQuery())] == every
        store.search.add(len(every))
    assert store.search.add() == 0
    assert store.hourly.count(len(every)) == len(every)
    sums: dict[int, Figures] = store.hourly.read("desk", int(EPOCH.timestamp()))
    assert sum(each.calls for each in sums.values()) == len(every)


def test_a_part_of_a_list_that_is_no_object_costs_no_page(store: Store) -> None:
    fill(store, up=False)
    [line] = store.find(CallQuery(most=1, has=CallFilter(tool="book")), LINE)
    assert [turn["total_ms"] for turn in line["turns"]] in ([900.0], [])


def test_those_whose_server_is_gone_are_closed_and_may_be_resumed(store: Store) -> None:
    every = fill(store, up=True)
    ended = {row["ended_by"] for row in store.find(CallQuery(up=False))}
    assert ended == {"error", "caller"}, "they are cut off, but for those whose end is known"
    taken = [store.resuming.take("desk", call_id, "mine", 0) for call_id in every[::3]]
    for row in taken:
        assert row is not None
        assert resumption.read(row.record, row.snapshot, row.key, row.age).record.agent == "desk"
    closed = store.close_abandoned(["gone"])
    assert len(closed) == len(every) - len(taken), "those that were taken are another one's now"
    assert store.get(every[-1], "desk") is not None


def test_what_another_version_wrote_is_still_there_when_they_are_closed(store: Store) -> None:
    every = fill(store, up=True)
    before = records(store)
    assert len(store.close_abandoned(["gone"])) == len(every)
    end = {"ended", "ended_by", "reason", "seconds"}
    for call_id, record in records(store).items():
        old = before[call_id]
        known = isinstance(old, dict) and old.get("ended_by") == "caller"
        assert record["ended_by"] == ("caller" if known else "error")
        if type(old) is dict:
            assert {**record, **dict.fromkeys(end)} == {**old, **dict.fromkeys(end)}


def test_what_another_version_wrote_is_still_there_when_they_are_analysed(store: Store) -> None:
    every = fill(store, up=False)
    before = records(store)
    with store._engine.begin() as connection:
        connection.execute(sa.text("UPDATE calls SET analysis = 'waiting'"))
    assert len(store.analyses.claim(["desk"], "mine", [], len(every))) == len(every)
    for call_id in every:
        assert store.analyses.settle("desk", call_id, "mine", {"analysis": {"state": "done"}})
    for call_id, record in records(store).items():
        old = before[call_id]
        assert record["analysis"] == {"state": "done"}
        if type(old) is dict:
            assert {**record, "analysis": None} == {**old, "analysis": None}


def records(store: Store) -> dict[str, Any]:
    """What stands in each row."""
    with store._engine.connect() as connection:
        return {row.id: row.record for row in connection.execute(sa.select(CALLS.c.id, CALLS.c.record))}
