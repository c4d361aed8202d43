"""Calls are searched by what stands inside their records, by SQLite and by PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agentrun.records import CallRecord, Entry
from agentrun.records.store.queries import call_selection
from agentrun.records.store.queries.call_filter import NO_SUCCESS, SUCCESS, UP, CallFilter
from agentrun.records.store.store import CallQuery, Store

BEGAN = datetime(2026, 11, 29, 12, tzinfo=UTC)
FILTERS = (
    CallFilter(),
    CallFilter(outcome="caller"),
    CallFilter(outcome="busy"),
    CallFilter(outcome=UP),
    CallFilter(outcome=SUCCESS),
    CallFilter(outcome=NO_SUCCESS),
    CallFilter(number="(555) 000-1"),
    CallFilter(number="4930"),
    CallFilter(tool="find_tables"),
    CallFilter(tool="find"),
    CallFilter(text="GRÜẞE"),
    CallFilter(text="100%"),
    CallFilter(text="a_b"),
    CallFilter(text="'; DROP TABLE calls; --"),
    CallFilter(text="garden"),
    CallFilter(variables=(("guests", "4"),)),
    CallFilter(variables=(("guests", "4"), ("vip", "true"))),
    CallFilter(variables=(("name", ""),)),
    CallFilter(variables=(("name", "ana"),)),
    CallFilter(variables=(("vip", "null"),)),
    CallFilter(variables=(('odd"key', "x"),)),
    CallFilter(variables=(("dishes", "soup"),)),
    CallFilter("caller", "555", "find_tables", "garden", (("guests", "4"),)),
)


def call(number: int, **more: Any) -> dict[str, Any]:
    return CallRecord(
        f"CA{number}", "desk", "twilio", started=BEGAN - timedelta(minutes=number), **more
    ).as_json()


def rows() -> list[dict[str, Any]]:
    garden = Entry(1.0, "tool", '{"room": "garden"}', name="find_tables")
    both = {"ended": BEGAN, "ended_by": "caller", "from_number": "+15550001000"}
    old = call(5)
    del old["variables"], old["transcript"], old["analysis"]
    return [
        call(0, transcript=[garden], variables={"guests": 4, "vip": True, "name": "Ana"}, **both),
        call(1, transcript=[Entry(1.0, "caller", "Viele grüße, 100% sicher, axb")], to_number="+4930123456"),
        call(2, variables={"guests": 14, "vip": False, "name": ""}, analysis={"success": True}, **both),
        call(3, variables={"guests": 2.5, "vip": None, 'odd"key': "X"}, analysis={"success": False}),
        call(
            4, ended=BEGAN, outcome="busy", variables={"dishes": ["soup"], "name": "'; drop table calls; --"}
        ),
        old,
    ]


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store(url) as made:
        made.save(rows(), "a server")
        yield made


def ids(store: Store, has: CallFilter, **more: Any) -> list[str]:
    return [row["id"] for row in store.find(CallQuery(has=has, **more), ("from_number",))]


def test_the_database_finds_what_the_records_themselves_match(store: Store) -> None:
    wrong = {
        has: (ids(store, has), wanted)
        for has in FILTERS
        if ids(store, has) != (wanted := [row["id"] for row in rows() if has.matches(row)])
    }
    assert not wrong
    assert ids(store, FILTERS[-1]) == ["CA0"]
    assert ids(store, CallFilter(text="GRÜẞE")) == ["CA1"]
    assert ids(store, CallFilter(variables=(("vip", "false"),))) == ["CA2"]


def test_a_search_goes_with_pages_and_times(store: Store) -> None:
    assert ids(store, CallFilter(), before=BEGAN, most=2) == ["CA1", "CA2"]
    assert ids(store, CallFilter(variables=(("name", ""),)), most=1, skip=1) == ["CA2"]
    assert ids(store, CallFilter(outcome="caller"), agent="nobody") == []


def test_a_search_looks_into_so_many_calls_and_says_how_far_it_came(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.last_searched(CallQuery(has=FILTERS[1])) is None
    monkeypatch.setattr(call_selection, "MOST_SEARCHED", 2)
    assert ids(store, CallFilter(variables=(("guests", ""),))) == ["CA0"]
    until = store.last_searched(CallQuery(has=FILTERS[1]))
    assert until == (BEGAN - timedelta(minutes=1)).isoformat()
    assert ids(store, CallFilter(variables=(("guests", ""),)), before=datetime.fromisoformat(until)) == [
        "CA2",
        "CA3",
    ]
