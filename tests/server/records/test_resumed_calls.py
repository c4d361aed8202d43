"""A call is resumed by whoever waited for it: what a slow store gives too late is let go."""

from __future__ import annotations

import asyncio
import threading

import pytest

from agentrun.records import CallRecord
from agentrun.records.store.resuming import ResumedRow
from agentrun.server.records import resumed_calls
from agentrun.server.records.resumed_calls import ResumedCalls


class SlowTable:
    """Gives the one call that it has once it may; notes which key was let go."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.let_go_of: list[str] = []

    def take(self, agent: str, call_id: str, _owner: str, times: int) -> ResumedRow:
        self.may_answer.wait(10.0)
        return ResumedRow(CallRecord(call_id, agent, "twilio").as_json(), {}, f"key.{times + 1}", 0.0)

    def let_go(self, _agent: str, _call_id: str, key: str) -> None:
        self.let_go_of.append(key)


async def test_a_call_that_is_got_in_time_is_kept() -> None:
    table = SlowTable()
    table.may_answer.set()
    taken = await ResumedCalls(table, "me").take("desk", "CA1", 0)  # type: ignore[arg-type]
    assert taken is not None
    assert (taken.record.id, taken.record.key) == ("CA1", "key.1")
    assert table.let_go_of == []


async def test_a_call_that_is_got_when_nobody_waits_any_more_is_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resumed_calls, "STORE_SECONDS", 0.05)
    table = SlowTable()
    assert await ResumedCalls(table, "me").take("desk", "CA1", 0) is None  # type: ignore[arg-type]
    assert table.let_go_of == []
    table.may_answer.set()
    async with asyncio.timeout(10):
        while not table.let_go_of:  # noqa: ASYNC110 - another thread
            await asyncio.sleep(0.01)
    assert table.let_go_of == ["key.1"]
