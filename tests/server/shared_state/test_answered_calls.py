"""A call is answered once, whoever shows its webhook again, and when."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agentrun.records.store.store import Store
from agentrun.server.shared_state import answered_calls, memory
from agentrun.server.shared_state.answered_calls import AnsweredCalls
from agentrun.server.shared_state.memory import MemoryBackend
from agentrun.server.shared_state.sql import SqlBackend
from agentrun.server.shared_state.state import SharedState
from tests.records.conftest import postgresql, url

__all__ = ["postgresql", "url"]
CALL = "CA" + "1" * 32


async def claims(first: AnsweredCalls, second: AnsweredCalls) -> tuple[bool, bool, bool, bool]:
    """What two processes are told of the same call, and of it at another agent."""
    return (
        await first.claim("desk", CALL),
        await second.claim("desk", CALL),
        await second.has("desk", CALL),
        await second.has("other", CALL),
    )


async def test_a_process_answers_a_call_once() -> None:
    calls = AnsweredCalls()
    assert await claims(calls, calls) == (True, False, True, False)
    await calls.forget("desk", CALL)
    assert await calls.claim("desk", CALL)


async def test_the_workers_of_a_server_answer_it_once(tmp_path: Path) -> None:
    backends = [SqlBackend(f"sqlite:///{tmp_path}/shared.sqlite") for _ in range(2)]
    first, second = (AnsweredCalls(SharedState(backend)) for backend in backends)
    assert await claims(first, second) == (True, False, True, False)
    for backend in backends:
        backend.close()


async def test_servers_that_share_a_store_answer_it_once_also_after_a_restart(url: str) -> None:
    with Store(url) as one, Store(url) as other:
        assert await claims(AnsweredCalls(store=one.answered), AnsweredCalls(store=other.answered)) == (
            True,
            False,
            True,
            False,
        )
    with Store(url) as again:
        assert await AnsweredCalls(store=again.answered).has("desk", CALL)


def test_of_twenty_that_claim_at_once_one_has_it(tmp_path: Path) -> None:
    stores = [Store(f"sqlite:///{tmp_path}/calls.sqlite3") for _ in range(4)]

    def claim(number: int) -> bool:
        return stores[number % 4].answered.claim("desk", CALL)

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(claim, range(20))) == 1
    for store in stores:
        store.close()


class Broken:
    """A store whose database is gone, or hangs."""

    def __init__(self, fail: Callable[[], None]) -> None:
        self.fail = fail

    def has(self, agent: str, call_id: str) -> bool:
        self.fail()
        return False

    claim = has

    def forget(self, agent: str, call_id: str) -> None:
        self.fail()


def gone() -> None:
    raise OSError("no route to host")


@pytest.mark.parametrize("fail", [gone, lambda: time.sleep(0.5)])
async def test_a_store_that_does_not_answer_stops_no_call(
    fail: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answered_calls, "STORE_SECONDS", 0.1)
    calls = AnsweredCalls(store=Broken(fail))
    async with asyncio.timeout(5):
        assert not await calls.has("desk", CALL)
        assert await calls.claim("desk", CALL)
        assert not await calls.claim("desk", CALL)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST_ANSWERED", 10)
    calls = MemoryBackend()
    for number in range(50):
        assert calls.claim("desk", f"CA{number}")
    assert len(calls._answered) == 10
