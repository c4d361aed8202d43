"""The clock of a record, its copies, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from agentrun.records import CallRecord, Entry, Failover, KeyPress, Takeover, Turn, cost
from agentrun.records.invariants import violations

BEGAN = datetime(2026, 1, 2, 12, tzinfo=UTC)


class Clock:
    """A monotonic clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_times_come_from_the_monotonic_clock_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    record = CallRecord("CA1", "desk", "twilio", started=BEGAN, clock=clock)
    clock.now += 7.0
    record.answer()
    clock.now += 61.25
    # the machine's clock is set five hours back in mid call
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert record.elapsed() == 61.25
    record.hang_up()
    clock.now += 3.0
    cost.close(record)
    assert (record.answered, record.ended) == (BEGAN + timedelta(seconds=7), BEGAN + timedelta(seconds=68.25))
    assert record.seconds == record.elapsed() == 61.25
    assert record.cost["parts"] == {"twilio inbound": pytest.approx(2 * 0.0125)}


def test_a_call_that_nobody_answered_and_one_offline_cost_nothing() -> None:
    clock = Clock()
    unanswered = CallRecord("CA1", "desk", "twilio", clock=clock, direction="outbound")
    offline = CallRecord("CA2", "desk", "twilio", clock=clock, offline=True)
    offline.answer()
    offline.usage["llm openai/gpt-4o"] = {"input_tokens": 1e6}
    clock.now += 100.0
    for record in (unanswered, offline):
        cost.close(record)
        assert (record.cost["total"], record.cost["parts"]) == (0, {})
    assert (unanswered.seconds, offline.seconds) == (0.0, 100.0)


def test_a_service_that_counts_more_cached_than_given_pays_nothing_back() -> None:
    record = CallRecord("CA1", "desk", "local")
    record.usage["llm openai/gpt-4o"] = {"input_tokens": 10.0, "cached_tokens": 1e6}
    assert cost.estimate(record)["total"] >= 0


def test_prices_are_dated_and_their_sources_named() -> None:
    record = CallRecord("CA1", "desk", "twilio", seconds=5.0)
    record.usage["llm openai/gpt-4o"] = {"input_tokens": 10.0}
    found = cost.estimate(record)
    assert datetime.fromisoformat(found["prices"])
    assert list(found["sources"]) == ["openai", "twilio"]
    assert all(source.startswith("https://") for source in found["sources"].values())


def test_a_copy_stays_as_it_is_and_is_equal_until_something_changes() -> None:
    record = CallRecord("CA1", "desk", "twilio")
    copy = record.copied()
    assert copy == record
    changes: list[Callable[[], object]] = [
        lambda: record.transcript.append(Entry(0.0, "agent", "Hello.")),
        lambda: record.keypad.append(KeyPress(0.1, "5")),
        lambda: record.usage.setdefault("llm x/y", {}).update(input_tokens=2.0),
        lambda: record.errors.append("unknown: 500"),
    ]
    for change in changes:
        change()
        assert copy != record
        copy = record.copied()
        assert copy == record


def test_failovers_have_their_former_name_too() -> None:
    record = CallRecord("CA1", "desk", "twilio", failovers=[Failover(1.0, "llm", "b/2", "a/1", "gone")])
    assert record.takeovers == [Takeover(1.0, "llm", "b/2", "a/1", "gone")]
    row = record.as_json()
    assert row["failovers"] == row["takeovers"]
    assert row["failovers"][0]["service"] == "b/2"


def over(**more: object) -> dict[str, object]:
    """The record of a call of 10 s that contradicts nothing but for ``more``."""
    clock = Clock()
    record = CallRecord("CA1", "desk", "twilio", started=BEGAN, clock=clock)
    record.answer()
    record.transcript = [
        Entry(0.2, "agent", "Hello."),
        Entry(2.0, "caller", "Are you open?"),
        Entry(4.0, "agent", "We are", interrupted=True, cut_by="caller"),
        Entry(5.0, "caller", "Stop."),
    ]
    record.turns = [Turn(3.2, 800.0, {"endpointing": 300.0, "llm": 500.0})]
    record.ended_by, record.reason = "caller", "the caller hung up"
    clock.now += 10.0
    cost.close(record)
    return record.as_json() | more


def test_a_record_that_holds_has_no_violations() -> None:
    assert violations(over()) == []


def entry(
    at: float, text: str = "Yes.", cut_by: str = "", who: str = "agent", seconds: float = 0.0
) -> dict[str, object]:
    made = {"at": at, "who": who, "text": text, "name": "", "seconds": seconds}
    return made | {"interrupted": bool(cut_by), "cut_by": cut_by}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"ended_by": None}, "nobody ended it"),
        ({"reason": ""}, "it ended for no reason"),
        ({"seconds": -3.0}, "its times say otherwise"),
        ({"ended": "2026-01-02T07:00:00+00:00"}, "it ended before it was answered"),
        ({"transcript": [entry(3.0), entry(1.0)]}, "out of order"),
        ({"transcript": [entry(4.0), entry(44.0)]}, "outside of a call"),
        ({"transcript": [entry(4.0), entry(9.0, who="tool", seconds=7.0)]}, "went on after the call"),
        ({"transcript": [entry(4.0, " ")]}, "said nothing"),
        ({"transcript": [entry(4.0) | {"interrupted": True}]}, "is cut by ''"),
        ({"transcript": [entry(4.0, cut_by="hang-up"), entry(5.0)]}, "did not end the call"),
        ({"transcript": [entry(4.0, cut_by="server"), entry(5.0)]}, "another one came"),
        ({"transcript": [entry(1.0)]}, "where no answer began"),
        ({"turns": [{"at": 3.2, "total_ms": 800.0, "stages": {"llm": 800.0}}] * 2}, "waited for twice"),
        ({"turns": [{"at": 3.2, "total_ms": 800.0, "stages": {"llm": 80.0}}]}, "add up to something else"),
        ({"cost": {"total": -3.74, "parts": {"twilio inbound": -3.74}}}, "it paid the caller"),
        ({"offline": True, "cost": {"total": 1.0, "parts": {}}}, "offline"),
    ],
)
def test_each_contradiction_is_found(more: dict[str, object], words: str) -> None:
    found = violations(over(**more))
    assert any(words in each for each in found), found
