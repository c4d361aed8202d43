"""Sums by the hour count each call once, and charts read them instead of the calls."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agentrun.records import CallRecord, Turn
from agentrun.records.call_figures import Figures
from agentrun.records.percentile import percentile
from agentrun.records.store import hourly
from agentrun.records.store.store import CallQuery, Store

STARTED = datetime(2026, 3, 1, 10, 30, tzinfo=UTC)
FIRST = hourly.hour(STARTED.isoformat())


@pytest.fixture
def opened() -> Iterator[Callable[[str], Store]]:
    with contextlib.ExitStack() as stack:
        yield lambda url: stack.enter_context(Store(url))


def row(number: int, agent: str = "desk", hours: int = 0, ended_by: Any = "caller") -> dict[str, Any]:
    started = STARTED + timedelta(hours=hours)
    record = CallRecord(f"CA{number}", agent, "twilio", started=started)
    record.turns = [Turn(1.0, 900.0 + number, {"llm": 400.0})]
    if ended_by:
        record.ended_by, record.ended = ended_by, started + timedelta(seconds=60)
    return record.as_json()


def test_a_call_is_in_the_figures_before_and_after_it_is_counted(url: str, opened: Any) -> None:
    store = opened(url)
    store.save([row(1), row(2, hours=3), row(3, "other", ended_by="error"), row(4, ended_by=None)], "one")
    before = store.hourly.read(None, FIRST)
    assert store.hourly.count() == 3, "the one that is up waits"
    assert store.hourly.count() == 0
    assert store.hourly.read(None, FIRST) == before
    assert {place: figures.calls for place, figures in before.items()} == {0: 3, 3: 1}
    assert (before[0].failed, before[0].ends["up"].count) == (1, 1)
    assert store.hourly.read("desk", FIRST, 24)[0].calls == 3
    assert store.hourly.read("desk", FIRST + 3)[0].percentile(0.5) == 902.0
    assert store.hourly.read("nobody", FIRST) == {}


def test_servers_that_count_at_once_count_each_call_once(url: str, opened: Any) -> None:
    stores = [opened(url) for _ in range(4)]
    stores[0].save([row(number, random.choice("abc"), number % 5) for number in range(300)], "one")

    def count(store: Store) -> int:
        return sum(iter(lambda: store.hourly.count(20), 0))

    with ThreadPoolExecutor(4) as pool:
        counted = sum(pool.map(count, stores))
    counted += count(stores[0])  # what another server held while it was skipped
    assert counted == 300
    found = stores[0].hourly.read(None, FIRST)
    assert sum(figures.calls for figures in found.values()) == 300
    assert found[0].stages["llm"].count == 60


def test_a_call_that_is_written_once_more_after_it_was_counted_is_not_counted_again(
    url: str, opened: Any
) -> None:
    store = opened(url)
    store.save([row(1)], "one")
    assert store.hourly.count() == 1
    store.save([{**row(1), "recording": "s3://calls/1.wav"}], "one")
    assert store.hourly.count() == 0
    assert store.hourly.read(None, FIRST)[0].calls == 1


def test_sums_go_with_the_calls_that_are_forgotten(url: str, opened: Any) -> None:
    store = opened(url)
    store.save([row(1), row(2, hours=48)], "one")
    store.hourly.count()
    assert store.forget(STARTED + timedelta(hours=24)) == 1
    assert list(store.hourly.read(None, FIRST)) == [48]


def test_calls_that_are_up_are_found_by_themselves_and_pages_skip(url: str, opened: Any) -> None:
    store = opened(url)
    store.save(
        [row(number, hours=number, ended_by=None if number == 3 else "agent") for number in range(6)], "x"
    )
    assert [found["id"] for found in store.find(CallQuery(up=True))] == ["CA3"]
    assert [found["id"] for found in store.find(CallQuery(most=2, skip=3))] == ["CA2", "CA1"]
    assert [found["id"] for found in store.find(CallQuery("desk", skip=5))] == ["CA0"]


def test_percentiles_of_sums_are_those_of_the_values_to_some_percent() -> None:
    dice, figures = random.Random(7), Figures()
    times = [dice.lognormvariate(6.9, 0.4) for _ in range(5000)]
    figures.add_call({"ended_by": "caller", "turns": [{"total_ms": ms, "stages": {}} for ms in times]})
    for part in (0.01, 0.5, 0.95, 0.99):
        assert figures.percentile(part) == pytest.approx(percentile(times, part), rel=0.03)


@pytest.mark.parametrize("ms", [0.0, -5.0, 1e12])
def test_a_time_that_no_answer_takes_is_counted_at_the_border(ms: float) -> None:
    figures = Figures()
    figures.add_call({"turns": [{"total_ms": ms, "stages": {}}]})
    assert figures.percentile(0.5) == ms


def test_a_call_that_is_counted_while_figures_are_read_is_not_missed(
    url: str, opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, other = opened(url), opened(url)
    store.save([row(1)], "one")
    uncounted = hourly._uncounted

    def count_first(agent: str | None, first: int) -> Any:
        assert other.hourly.count() == 1
        return uncounted(agent, first)

    monkeypatch.setattr(hourly, "_uncounted", count_first)
    assert store.hourly.read(None, FIRST)[0].calls == 1
