"""Whoever sends calls is told when to send none, and why."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.server.app import health_routes
from agentrun.server.auth.call_access import Access
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.lifecycle.drain import leave
from agentrun.server.lifecycle.settings import ServerSettings
from agentrun.testing import virtual_time


@pytest.fixture
def switchboard() -> Switchboard:
    return Switchboard({}, Resources())


async def ready(switchboard: Switchboard) -> tuple[int, str]:
    app = FastAPI()
    app.include_router(health_routes.router(switchboard, ServerSettings("127.0.0.1", Access.OPEN, {})))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1") as client:
        answer = await client.get("/ready")
    return answer.status_code, answer.json()["status"]


async def test_a_machine_is_ready_until_it_is_full_and_again_after(switchboard: Switchboard) -> None:
    switchboard.admission.carries = 2
    up: dict[Any, Any] = switchboard._live
    for number in range(2):
        assert await ready(switchboard) == (200, "ready")
        up[number] = SimpleNamespace()
    assert await ready(switchboard) == (503, "full")
    up.clear()
    assert await ready(switchboard) == (200, "ready")


def test_a_machine_that_leaves_says_so_first_and_lets_calls_in_meanwhile() -> None:
    async def run() -> None:
        switchboard, now = Switchboard({}, Resources()), asyncio.Event()
        leaving = asyncio.create_task(leave(switchboard, 300.0, now, lame_duck=10.0))
        await asyncio.sleep(9.9)
        assert await ready(switchboard) == (503, "leaving")
        assert not switchboard.admission.stopped
        await asyncio.sleep(0.2)
        assert await ready(switchboard) == (503, "stopping")
        await leaving

    virtual_time.run(run())


def test_a_second_signal_does_not_wait_for_the_balancer() -> None:
    async def run() -> float:
        switchboard, now = Switchboard({}, Resources()), asyncio.Event()
        now.set()
        began = asyncio.get_running_loop().time()
        await leave(switchboard, 300.0, now, lame_duck=10.0)
        return asyncio.get_running_loop().time() - began

    assert virtual_time.run(run()) < 1.0
