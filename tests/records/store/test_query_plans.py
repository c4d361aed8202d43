"""No page reads every record: plans look at as many calls as a page has, or as a search looks into."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from agentrun.records import CallRecord, Entry, Turn
from agentrun.records.store import hourly
from agentrun.records.store.hourly import HOUR
from agentrun.records.store.queries import call_selection
from agentrun.records.store.queries.call_filter import CallFilter
from agentrun.records.store.store import CallQuery, Store
from agentrun.server.dashboard.record_source import LINE

CALLS, INDEXED, SEARCHED = 1200, 1100, 40
MOST_ROWS = 6 * SEARCHED
"""The newest calls of the index and those that are in none, to be chosen, looked into and read."""
NOW = datetime.now(UTC)
BEGAN = NOW - timedelta(minutes=CALLS)
FILTERS = (
    CallFilter(text="open"),
    CallFilter(text="nowhere"),
    CallFilter(text="zq"),
    CallFilter(outcome="agent"),
    CallFilter(number="555", tool="book"),
    CallFilter(variables=(("order", "000"),), text="open", outcome="caller"),
)
QUERIES = (
    CallQuery(most=20),
    CallQuery(most=20, skip=40),
    CallQuery("desk", most=20, before=NOW - timedelta(minutes=30)),
    CallQuery(most=20, up=True),
    *(CallQuery(most=20, has=has) for has in FILTERS),
    *(CallQuery("desk", most=20, has=has, since=BEGAN) for has in FILTERS),
)


def row(number: int) -> dict[str, Any]:
    began = NOW - timedelta(minutes=number)
    record = CallRecord(
        f"CA{number}", "desk" if number % 2 else "clinic", "twilio", "+15551234567", started=began
    )
    record.transcript = [Entry(1.0, "caller", "Are you open?")]
    record.turns, record.variables = [Turn(1.0, 900.0, {"llm": 400.0})], {"order": f"{number:04}"}
    if number >= 5:
        record.ended, record.ended_by = began, "caller"
    return record.as_json()


@pytest.fixture
def store(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """More calls than anything looks at, of which the newest are in no index yet."""
    monkeypatch.setattr(call_selection, "MOST_SEARCHED", SEARCHED)
    monkeypatch.setattr(hourly, "MOST_UNCOUNTED", SEARCHED)
    with Store(url) as made:
        made.save([row(number) for number in range(CALLS)], "a server")
        made.search.add(INDEXED)
        made.hourly.count(INDEXED)
        with made._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("ANALYZE"))
        yield made


def asked(store: Store) -> list[tuple[str, Any]]:
    """The statements of every page, with what was bound to them."""
    found: list[tuple[str, Any]] = []

    def note(_cursor: object, _c: object, statement: str, bound: Any, *_: object) -> None:
        found.append((statement, bound))

    sa.event.listen(store._engine, "before_cursor_execute", note)
    for query in QUERIES:
        list(store.find(query, LINE))
        if query.has:
            store.last_searched(query)
    store.versions(CallQuery("desk", most=50))
    store.get("CA7", "desk")
    store.get("CA7")
    store.ids("CA7")
    store.hourly.read("desk", int((NOW - timedelta(days=1)).timestamp()) // HOUR)
    store.hourly.read(None, int((NOW - timedelta(days=30)).timestamp()) // HOUR, 24)
    store.resuming.times("desk", "CA1")
    store.lapsed()
    store.search.add(1)
    store.hourly.count(1)
    sa.event.remove(store._engine, "before_cursor_execute", note)
    return [(statement, bound) for statement, bound in found if " calls" in statement]


def test_every_page_is_found_by_an_index(store: Store) -> None:
    statements = asked(store)
    assert len(statements) > len(QUERIES)
    look = _scans if store._engine.dialect.name == "sqlite" else _looks
    for statement, bound in statements:
        with store._engine.connect() as connection:
            assert (problem := look(connection, statement, bound)) == "", f"{problem}: {statement}"


def _looks(connection: sa.Connection, statement: str, bound: Any) -> str:
    """What is wrong with PostgreSQL's plan: no index, or more calls than a search looks into."""
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    [(found,)] = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", bound).all()
    scans = [node for node in _nodes(found[0]["Plan"]) if node.get("Relation Name") == "calls"]
    if any(node["Node Type"] == "Seq Scan" for node in scans):
        return "every call is read"
    rows = sum(
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] for node in scans
    )
    return "" if rows <= MOST_ROWS else f"{rows} calls are looked at"


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)


def _scans(connection: sa.Connection, statement: str, bound: Any) -> str:
    """What is wrong with SQLite's plan: a table whose rows are gone through without an index."""
    details = [step[3] for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", bound)]
    for condition, index in (
        ("search_state <>", "calls_unindexed"),
        ("NOT calls.counted", "calls_uncounted"),
    ):
        if condition in statement and not any(index in step for step in details):
            return f"{index} is not used, and records are read"
    return next((step for step in details if step.startswith("SCAN calls") and "USING" not in step), "")
