"""The call begins with the first caller and ends with the last."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest

from agentrun.session.callers import Callers, LineEvents
from tests.server.daily.daily_desk import RoomLine


class Noted:
    """A line and what its callers' comings and goings led to."""

    def __init__(self, grace: float = 0.0) -> None:
        self.line = RoomLine()
        self.seen: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []
        events = LineEvents(
            *(self._noting(f"{kind}{{}}") for kind in ("came", "left ", "away ", "back ", "lost: "))
        )
        Callers(self.line, events, self._begin, grace).listen(("on_error",))

    def _noting(self, words: str) -> Callable[..., Awaitable[None]]:
        async def note(*about: Any) -> None:
            known = [round(one) if isinstance(one, float) else one for one in about or ("",)]
            self.seen.append(words.format(*known).strip())

        return note

    def _begin(self, _part: str, work: Awaitable[object]) -> asyncio.Task[None]:
        async def do() -> None:
            await work

        self.tasks.append(asyncio.create_task(do()))
        return self.tasks[-1]

    async def after(self) -> list[str]:
        """What was seen once every event has been handled."""
        await self.line.settled()
        return self.seen


@pytest.fixture
def noted() -> Noted:
    return Noted()


async def test_only_the_first_caller_begins_and_only_the_last_ends_the_call(noted: Noted) -> None:
    for who in ("one", "two"):
        await noted.line.comes(who)
    await noted.line.goes("one")
    assert await noted.after() == ["came"]
    await noted.line.goes("two")
    assert await noted.after() == ["came", "left 0"]


async def test_a_caller_who_comes_again_is_not_greeted_again(noted: Noted) -> None:
    await noted.line.comes("one")
    await noted.line.comes("two")
    await noted.line.goes("one")
    await noted.line.comes("three")
    assert await noted.after() == ["came"]


async def test_somebody_who_leaves_twice_ends_nobody_elses_call(noted: Noted) -> None:
    for who in ("one", "two"):
        await noted.line.comes(who)
    await noted.line.goes("one")
    await noted.line.goes("one")
    assert await noted.after() == ["came"]


@pytest.mark.parametrize("client", [SimpleNamespace(pc_id="SmallWebRTC#0"), None])
async def test_a_line_for_one_caller_says_nothing_of_who_it_is(noted: Noted, client: Any) -> None:
    await noted.line._call_event_handler("on_client_connected", client)
    await noted.line._call_event_handler("on_client_disconnected", client)
    assert await noted.after() == ["came", "left 0"]


async def test_a_line_that_is_lost_says_why(noted: Noted) -> None:
    await noted.line.fails("on_error", "put out of the room")
    assert await noted.after() == ["lost: put out of the room"]


async def test_the_last_caller_may_come_back_for_some_seconds_as_somebody_else() -> None:
    noted = Noted(grace=10.0)
    await noted.line.comes("one")
    await noted.line.goes("one")
    await asyncio.sleep(9)
    await noted.line.comes("two")
    await asyncio.sleep(30)
    assert await noted.after() == ["came", "away 10", "back 9"]
    await noted.line.goes("two")
    await noted.line.goes("two")
    await asyncio.sleep(11)
    assert await noted.after() == ["came", "away 10", "back 9", "away 10", "left 10"]


async def test_a_line_that_is_lost_while_its_caller_is_away_is_lost_at_once() -> None:
    noted = Noted(grace=10.0)
    await noted.line.comes("one")
    await noted.line.goes("one")
    await noted.line.fails("on_error", "put out of the room")
    assert await noted.after() == ["came", "away 10", "lost: put out of the room"]
    noted.tasks[0].cancel()
