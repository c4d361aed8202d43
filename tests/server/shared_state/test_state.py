"""A database that is away stops no call: what is decided then, how soon, and who is told."""

from __future__ import annotations

import asyncio
import functools
import math
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import pytest

from agentrun.server.admission.limits import Limits, Refusal
from agentrun.server.shared_state import state as shared_state
from agentrun.server.shared_state.backend import Asked, Change, Heartbeat, Place, Process, Released, Up
from agentrun.server.shared_state.database import DECIDE_SECONDS
from agentrun.server.shared_state.memory import MemoryBackend
from agentrun.server.shared_state.state import SharedState
from agentrun.server.twilio.stream_tokens import StreamTokens

ME, OTHER = Process("me"), Process("other")


class Database(MemoryBackend):
    """What two processes share until it is ``gone``."""

    def __init__(self) -> None:
        super().__init__(time_of_day=lambda: time.time() + 60.0)
        self.gone: Callable[[], object] = lambda: None

    def ask(self, asked: Asked) -> Refusal | None:
        self.gone()
        return super().ask(asked)

    def apply(self, changes: Sequence[Change], owner: str) -> None:
        self.gone()
        super().apply(changes, owner)

    def beat(self, me: Process, up: Collection[Place]) -> Heartbeat:
        self.gone()
        return super().beat(me, up)

    def use(self, name: str, seconds: float) -> bool:
        self.gone()
        return super().use(name, seconds)

    def claim(self, agent: str, call_id: str) -> bool:
        self.gone()
        return super().claim(agent, call_id)


def refuse() -> None:
    raise ConnectionRefusedError("connection refused")


def asked(number: int, calls: int | None = None) -> Asked:
    return Asked("desk", f"CA{number}", "+1555", 61.0, Limits(calls=calls))


async def settled(state: SharedState) -> None:
    """Wait until the others know what has changed."""
    async with asyncio.timeout(5):
        while state._writing and not state._writing.done():  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.005)


@pytest.fixture
async def both() -> tuple[Database, SharedState, SharedState]:
    database = Database()
    mine, others = SharedState(database, ME), SharedState(database, OTHER)
    for state in (mine, others, mine):
        await state.beat()
    return database, mine, others


Both = tuple[Database, SharedState, SharedState]


async def test_what_one_process_does_the_other_knows(both: Both) -> None:
    _, mine, others = both
    assert await mine.ask(asked(0, 1)) is None
    others.change(Up(Place("desk", "CA0", "+1555")))
    await settled(others)
    assert await mine.ask(asked(1, 1)) is not None
    others.change(Released("desk", "CA0"))
    assert await others.ask(asked(2, 1)) is None, "it asks after it has told of the release"


async def test_the_clock_is_the_databases(both: Both) -> None:
    assert both[1].time() - time.time() == pytest.approx(60.0, abs=1.0)


async def test_a_clock_of_the_machine_that_is_set_makes_no_token_too_old(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, _ = both[1:]
    for state in (mine, SharedState(me=ME)):
        tokens = StreamTokens([bytes(32)], state.time, state.use)
        token, before = tokens.mint("desk", "CA1", "+1555", "+1666"), state.time()
        address = tokens.address_of(token)
        for jump in (3600.0, -3600.0):
            wrong = time.time() + jump
            with monkeypatch.context() as patched:
                patched.setattr(time, "time", lambda now=wrong: now)
                assert state.time() - before < 30.0
                assert tokens.expects(address, "desk")
        assert await tokens.redeem(token, "desk", "CA1") is not None


@pytest.fixture
def silence() -> Iterator[Callable[[], object]]:
    """What a database does that says nothing for as long as a test lasts."""
    over = threading.Event()
    yield functools.partial(over.wait, 100)
    over.set()


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long each wait might have lasted, whatever a busy machine makes of it."""
    wait, seconds = asyncio.wait, list[float]()

    async def noted(tasks: Any, *, timeout: float | None = None, **more: Any) -> Any:
        seconds.append(math.inf if timeout is None else timeout)
        return await wait(tasks, timeout=timeout, **more)

    monkeypatch.setattr(asyncio, "wait", noted)
    return seconds


@pytest.mark.parametrize("silent", [False, True], ids=["refused", "silent"])
async def test_while_it_is_away_a_process_decides_within_its_share_of_the_limit(
    both: Both, silent: bool, silence: Callable[[], object], waited: list[float]
) -> None:
    database, mine, _ = both
    told: list[bool] = []
    alone: list[str] = []
    mine.on_away(told.append)
    mine.on_decided_alone(alone.append)
    assert await mine.ask(asked(0, 4)) is None
    database.gone = silence if silent else refuse
    waited.clear()
    async with asyncio.timeout(30):
        second = await mine.ask(asked(1, 4))
    assert waited, "the wait that is bounded is the one that is seen here"
    assert sum(waited) <= DECIDE_SECONDS
    waited.clear()
    async with asyncio.timeout(30):
        third = await mine.ask(asked(2, 4))
        assert await mine.use("token", 60)
        assert not await mine.use("token", 60)
        assert await mine.claim("desk", "CA1")
        assert not await mine.claim("desk", "CA1")
    assert waited == [], "nobody waits again"
    assert (second is None, third is None) == (True, False), "two machines: two of four"
    assert (told, mine.away) == ([True], True)
    assert alone == ["admission", "admission", "token", "answered"]


async def test_who_was_let_in_while_it_was_away_is_not_taken_for_a_call_of_others(both: Both) -> None:
    database, mine, others = both
    assert await mine.ask(asked(0, 9)) is None
    database.gone = refuse
    assert await mine.ask(asked(1, 9)) is None
    database.gone = lambda: None
    await mine.beat()
    assert await mine.elsewhere() == []
    others.change(Up(Place("desk", "CA0", "+1555")))
    await settled(others)
    assert await mine.elsewhere() == [("desk", "CA0")]
    # its webhook comes again: now they know of it
    assert await mine.ask(asked(1, 9)) is None
    others.change(Up(Place("desk", "CA1", "+1555")))
    await settled(others)
    assert sorted(await mine.elsewhere()) == [("desk", "CA0"), ("desk", "CA1")]


async def test_when_it_is_back_it_learns_what_is_up_and_what_is_over(both: Both) -> None:
    database, mine, others = both
    assert await mine.ask(asked(0, 9)) is None
    mine.change(Up(Place("desk", "CA0", "+1555")))
    await settled(mine)
    database.gone = refuse
    assert await mine.ask(asked(1, 9)) is None
    mine.change(Up(Place("desk", "CA1", "+1666")))
    mine.change(Released("desk", "CA0"))
    await mine.beat()
    assert mine.away
    database.gone = lambda: None
    told = await mine.beat()
    assert (mine.away, told.up) == (False, 1)
    assert await others.ask(asked(2, 1)) is not None
    mine.change(Released("desk", "CA1"))
    await settled(mine)
    assert await others.ask(asked(2, 1)) is None


async def test_a_change_that_got_lost_is_told_by_the_next_heartbeat(both: Both) -> None:
    database, mine, others = both
    assert await mine.ask(asked(0)) is None
    mine.change(Up(Place("desk", "CA0", "+1555")))
    await settled(mine)
    database.gone = refuse
    mine.change(Released("desk", "CA0"))
    await settled(mine)
    database.gone = lambda: None
    await mine.beat()
    assert await others.ask(asked(1, 1)) is None


async def test_it_is_looked_for_while_it_is_away(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_state, "AWAY_SECONDS", 0.01)
    database, mine, _ = both
    database.gone = refuse
    running = asyncio.create_task(mine.run())
    async with asyncio.timeout(5):
        while not mine.away:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.005)
        database.gone = lambda: None
        while mine.away:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(0.005)
    running.cancel()


async def test_who_leaves_frees_its_places(both: Both) -> None:
    _, mine, others = both
    assert await mine.ask(asked(0)) is None
    mine.change(Up(Place("desk", "CA0", "+1555")))
    await settled(mine)
    await mine.close()
    assert await others.ask(asked(1, 1)) is None
    assert [process.id for process in (await others.beat()).processes] == ["other"]
