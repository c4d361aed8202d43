"""A realtime model's connection is watched as long as the call goes on, and no longer."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from agentrun.session.responses.realtime_reconnection import RealtimeReconnection


async def test_a_call_that_is_over_is_not_connected_anew() -> None:
    closed: Any = SimpleNamespace(_receive_task=None)
    said: list[str] = []

    async def give_up(reason: str) -> None:
        said.append(reason)

    reconnection = RealtimeReconnection(closed, said.append, lambda: True, give_up, said.append, lambda: True)
    async with asyncio.timeout(10):
        await reconnection.watch()
    assert said == []
