"""An apology that was not spoken yet when a call began is there when that call needs it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from agentrun.pipeline.audio import prepared_speech
from agentrun.server.calls.switchboard import Switchboard


async def test_a_call_that_began_before_gets_its_apology(monkeypatch: pytest.MonkeyPatch) -> None:
    resources: Any = SimpleNamespace(mcp=SimpleNamespace())
    board = Switchboard({}, resources)
    apologies = {"desk": SimpleNamespace(prepared=None), "other": SimpleNamespace(prepared=None)}
    for agent, apology in apologies.items():
        call = asyncio.create_task(asyncio.sleep(3600))
        parts, record = SimpleNamespace(apology=apology), SimpleNamespace(agent=agent)
        board._live[call] = SimpleNamespace(parts=parts, record=record)  # type: ignore[assignment, index]

    async def prepare(*_: object) -> dict[str, bytes | None]:
        return {"desk": b"sound"}

    monkeypatch.setattr(prepared_speech, "prepare", prepare)
    await board.speak_ahead()
    assert {name: one.prepared for name, one in apologies.items()} == {"desk": b"sound", "other": None}
    for task in list(board._live):
        task.cancel()
