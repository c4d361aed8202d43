"""A call is resumed by one server, and who had it before writes nothing any more."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from agentrun.records import CallRecord, Entry, Turn
from agentrun.records.entries import own_fields
from agentrun.records.resumption import read
from agentrun.records.store.store import Store
from agentrun.records.store.tables import CALLS
from tests.records.store.stored_calls import lapse

STATE = {"state": {"guests": 4}, "runs": [["book", "{}", "ok", "Booked."]], "parameters": {"a": "b"}}
Open = Callable[[str], Store]


@pytest.fixture
def open_store() -> Iterator[Open]:
    with contextlib.ExitStack() as stack:
        yield lambda url: stack.enter_context(Store(url))


def up(store: Store, record: CallRecord, state: Any = STATE) -> None:
    store.save([record.as_json()], "one", keys=[record.key], snapshots=[state])


def test_a_call_goes_over_with_its_words_and_what_its_tools_know(url: str, open_store: Open) -> None:
    store, record = open_store(url), CallRecord("CA1", "desk", "twilio", "+1555")
    record.answer()
    record.transcript.append(Entry(1.0, "caller", "A table for four."))
    up(store, record)
    assert store.resuming.times("desk", "CA1") == 0
    taken = store.resuming.take("desk", "CA1", "two", 0)
    assert taken is not None
    call = read(taken.record, taken.snapshot, taken.key, taken.age)
    assert call.messages == [{"role": "user", "content": "A table for four."}]
    assert (call.is_owed, call.state, call.runs) == (True, {"guests": 4}, STATE["runs"])
    assert call.record.elapsed() >= 0.0
    assert call.record.started == record.started
    assert store.resuming.times("desk", "CA1") == 1


def test_of_many_at_once_one_resumes_it(url: str, open_store: Open) -> None:
    stores = [open_store(url) for _ in range(4)]
    up(stores[0], CallRecord("CA1", "desk", "twilio"))
    with ThreadPoolExecutor(4) as pool:
        asked = pool.map(
            lambda each: each[1].resuming.take("desk", "CA1", str(each[0]), 0), enumerate(stores)
        )
        assert sum(taken is not None for taken in asked) == 1


def test_the_server_that_had_it_writes_nothing_any_more(url: str, open_store: Open) -> None:
    store, record = open_store(url), CallRecord("CA1", "desk", "twilio")
    up(store, record)
    taken = store.resuming.take("desk", "CA1", "two", 0)
    assert taken is not None
    record.transcript.append(Entry(1.0, "agent", "From the grave."))
    record.close()
    assert store.save([record.as_json()], "one", keys=[record.key]) == [], "and that is no error"
    row = store.get("CA1")
    assert row is not None
    assert (row["ended"], row["transcript"]) == (None, [])
    mine = read(taken.record, taken.snapshot, taken.key, taken.age).record
    mine.transcript.append(Entry(2.0, "agent", "We were cut off."))
    mine.close()
    assert store.save([mine.as_json()], "two", keys=[mine.key]) == []
    row = store.get("CA1")
    assert row is not None
    assert row["transcript"][0]["text"] == "We were cut off."


def test_a_call_that_is_over_or_may_not_be_is_not_resumed(url: str, open_store: Open) -> None:
    store, record = open_store(url), CallRecord("CA1", "desk", "twilio")
    up(store, record)
    record.close()
    up(store, record)
    up(store, CallRecord("CA2", "desk", "twilio"), None)
    for call_id in ("CA1", "CA2", "CA3"):
        assert store.resuming.times("desk", call_id) is None
        assert store.resuming.take("desk", call_id, "two", 0) is None


def test_who_had_it_learns_that_it_goes_on_elsewhere(url: str, open_store: Open) -> None:
    store, record = open_store(url), CallRecord("CA1", "desk", "twilio")
    up(store, record)
    assert not store.resuming.is_elsewhere("desk", "CA1", record.key)
    assert store.resuming.take("desk", "CA1", "two", 0) is not None
    assert store.resuming.is_elsewhere("desk", "CA1", record.key)
    assert not store.resuming.is_elsewhere("desk", "CA2", record.key)


def test_whether_another_server_is_there_is_what_its_lease_says(url: str, open_store: Open) -> None:
    store = open_store(url)
    store.touch("one")
    assert not store.resuming.has_others("one")
    store.touch("two")
    assert store.resuming.has_others("one")


def test_an_abandoned_call_leaves_nothing_of_its_state(url: str, open_store: Open) -> None:
    store, record = open_store(url), CallRecord("CA1", "desk", "twilio")
    up(store, record)
    record.close()
    up(store, record)
    assert store.resuming.take("desk", "CA1", "two", 0) is None


def test_what_another_version_has_written_is_read_as_far_as_it_is_known() -> None:
    row = {
        **CallRecord("CA1", "desk", "twilio", started=datetime(2026, 1, 1, 12, tzinfo=UTC)).as_json(),
        "transcript": [{"at": 1.0, "who": "caller", "text": "Hello.", "mood": "glad"}],
        "ended_by": "server",
        "weather": "fine",
    }
    call = read(row, {"unfinished": [["look", "{}"]], "later": 1, "elapsed": 30.0}, "key.1", 1.0)
    assert call.record.transcript == [Entry(1.0, "caller", "Hello.")]
    assert (call.record.ended_by, call.record.key) == (None, "key.1")
    assert 31.0 <= call.record.elapsed() < 40.0
    assert [message["role"] for message in call.messages] == ["user", "developer"]
    assert "look" in call.messages[1]["content"]


def test_what_another_version_has_written_is_still_there_when_the_call_goes_on(
    url: str, open_store: Open
) -> None:
    store, record = open_store(url), CallRecord("CA1", "desk", "twilio")
    heard = Entry(1.0, "caller", "Hello.", others={"mood": "glad"})
    record.transcript = [heard, Entry(2.0, "agent", "Good evening", others={"voice": {"name": "Ada"}})]
    record.turns = [Turn(2.0, 900.0, {"llm": 400.0}, others={"later": 1})]
    record.others = {"weather": "fine", "legs": [{"at": 1.0}], "clock": "noon"}
    up(store, record)
    taken = store.resuming.take("desk", "CA1", "two", 0)
    assert taken is not None
    mine = read(taken.record, taken.snapshot, taken.key, taken.age).record
    mine.transcript[1] = replace(mine.transcript[1], interrupted=True)
    mine.transcript.append(Entry(3.0, "caller", "Bye."))
    mine.close()
    assert store.save([mine.as_json()], "two", keys=[mine.key]) == []
    row = store.get("CA1")
    assert row is not None
    assert (row["weather"], row["legs"], row["clock"]) == ("fine", [{"at": 1.0}], "noon")
    first, second, third = row["transcript"]
    assert first["mood"] == "glad"
    assert (second["voice"], second["interrupted"]) == ({"name": "Ada"}, True)
    assert third.keys() == {each.name for each in own_fields(Entry)}, "and nothing of it is its own"
    assert row["turns"][0]["later"] == 1


def test_what_another_version_has_written_in_another_shape_is_as_it_was_unless_it_has_changed_here(
    url: str, open_store: Open
) -> None:
    store, record = open_store(url), CallRecord("CA1", "desk", "twilio")
    record.transcript = [Entry(1.0, "caller", "Hello.")]
    row = record.as_json()
    written = {
        **row,
        "machine": {"name": "a", "zone": "eu"},
        "cost": [{"sum": 3}],
        "usage": {"llm openai/gpt-4o": {"tokens": 5, "cached": {"tokens": 2}}, "stt": "12 s"},
        "transcript": [{**row["transcript"][0], "at": "a second"}, "a door bangs"],
        "dropped": {"0": "mumbling"},
        "recording": ["a.wav", "b.wav"],
    }
    store.save([written], "one", keys=[record.key], snapshots=[STATE])
    taken = store.resuming.take("desk", "CA1", "two", 0)
    assert taken is not None
    mine = read(taken.record, taken.snapshot, taken.key, taken.age).record
    assert (mine.machine, mine.cost, mine.dropped, len(mine.transcript)) == ("", {}, [], 1)
    mine.transcript.append(Entry(3.0, "caller", "Bye."))
    mine.usage["llm openai/gpt-4o"]["tokens"] = 9
    mine.recording = "c.wav"
    mine.close()
    assert store.save([mine.as_stored()], "two", keys=[mine.key]) == []
    with store._engine.connect() as connection:
        stored = connection.execute(sa.text("SELECT record FROM calls")).scalar_one()
    row = json.loads(stored) if isinstance(stored, str) else stored
    for name in ("machine", "cost", "dropped"):
        assert row[name] == written[name], name
    assert [row["recording"], row["ended"] is None] == ["c.wav", False], "what is new here is new there"
    assert row["usage"] == {"llm openai/gpt-4o": {"tokens": 9, "cached": {"tokens": 2}}, "stt": "12 s"}
    assert row["transcript"][:2] == written["transcript"]
    assert row["transcript"][2]["text"] == "Bye."
    assert mine.as_json()["machine"] == "", "pages are given what they know"


def test_a_call_that_is_let_go_may_be_resumed_by_another_server(url: str, open_store: Open) -> None:
    store, record = open_store(url), CallRecord("CA1", "desk", "twilio")
    up(store, record)
    taken = store.resuming.take("desk", "CA1", "two", 0)
    assert taken is not None
    store.resuming.let_go("desk", "CA1", record.key)
    store.resuming.let_go("desk", "CA1", taken.key)
    again = store.resuming.take("desk", "CA1", "three", 1)
    assert again is not None
    assert again.key == f"{record.key}.2"


def test_a_call_that_nobody_took_up_in_the_end_is_closed(url: str, open_store: Open) -> None:
    store = open_store(url)
    up(store, CallRecord("CA1", "desk", "twilio"))
    store.touch("two")
    taken = store.resuming.take("desk", "CA1", "two", 0)
    assert taken is not None
    store.resuming.let_go("desk", "CA1", taken.key)
    lapse(store)
    store.touch("two")
    assert list(store.lapsed()) == [""]
    assert [row["id"] for row in store.close_abandoned([""])] == ["CA1"]


def test_a_call_that_rings_elsewhere_is_not_cut_off_with_its_server(url: str, open_store: Open) -> None:
    store, record = open_store(url), CallRecord("CA1", "desk", "twilio")
    record.answer()
    record.ended_by, record.reason = "agent", "the agent transferred the caller"
    up(store, record, {**STATE, "rings": 30.0})
    lapse(store)
    store.touch("two")
    assert store.lapsed() == {}
    assert store.close_abandoned(["one"]) == []
    row = store.get("CA1")
    assert row is not None
    assert row["ended"] is None
    assert store.resuming.times("desk", "CA1") == 0, "its caller may come back"

    with store._engine.begin() as connection:
        connection.execute(sa.update(CALLS).values(resume={**STATE, "rings_until": "2026-01-01T00:01:00"}))
    assert list(store.lapsed()) == ["one"]
    seen = store.get("CA1")
    [closed] = store.close_abandoned(["one"])
    assert seen == closed == store.get("CA1")
    assert (closed["ended_by"], closed["reason"]) == ("agent", "the agent transferred the caller")
    assert closed["ended"] == closed["started"], "what it rang is not of the call"
    assert store.resuming.times("desk", "CA1") is None


@pytest.mark.parametrize("hours", [-1, 0, 1])
def test_how_long_a_call_has_lasted_is_no_matter_of_the_machines_clocks(
    url: str, open_store: Open, hours: int
) -> None:
    store = open_store(url)
    started = datetime.now(UTC) + timedelta(hours=hours)
    record = CallRecord("CA1", "desk", "twilio", started=started)
    record.answer()
    up(store, record, {"elapsed": 20.0})
    taken = store.resuming.take("desk", "CA1", "two", 0)
    assert taken is not None
    call = read(taken.record, taken.snapshot, taken.key, taken.age).record
    assert 20.0 <= call.elapsed() < 30.0
    call.close()
    assert call.ended is not None
    assert 20.0 <= (call.ended - started).total_seconds() < 30.0
