"""The call begins with the first caller and ends with the last."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from agentrun.session.callers import Callers
from tests.server.daily.daily_desk import RoomLine


class Noted:
    """A line and what its callers' comings and goings led to."""

    def __init__(self) -> None:
        self.line = RoomLine()
        self.seen: list[str] = []
        Callers(self.line, self._came, self._left, self._lost).listen(("on_error",))

    async def _came(self) -> None:
        self.seen.append("came")

    async def _left(self) -> None:
        self.seen.append("left")

    async def _lost(self, reason: str) -> None:
        self.seen.append(f"lost: {reason}")

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
    assert await noted.after() == ["came", "left"]


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
    assert await noted.after() == ["came", "left"]


async def test_a_line_that_is_lost_says_why(noted: Noted) -> None:
    await noted.line.fails("on_error", "put out of the room")
    assert await noted.after() == ["lost: put out of the room"]
