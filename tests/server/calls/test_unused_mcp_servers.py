"""An MCP server is let go of when neither a spec as it is now, nor a draft, nor a call names it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agentrun import spec
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from agentrun.server.calls.switchboard import Switchboard
from agentrun.tools.mcp.connection import Connection

ENV = {"OPENAI_API_KEY": "test"}


def plan(folder: Path, *ports: int) -> Plan:
    """A plan of ``desk`` with a server at each of these ports, where nobody is."""
    uses = ", ".join(f"{{mcp: {{url: 'http://127.0.0.1:{port}/mcp'}}}}" for port in ports)
    path = folder / "desk.yaml"
    path.write_text(f"name: desk\ntransport: local\nprompts: {{system: Hi.}}\ntools: [{uses}]\n")
    return planning.make(spec.load(path), (), ENV)


@pytest.fixture
def closed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The servers that were let go of; none is connected with."""
    labels: list[str] = []

    async def close(connection: Connection) -> None:
        labels.append(connection.address.label)

    monkeypatch.setattr(Connection, "open", lambda *_: None)
    monkeypatch.setattr(Connection, "close", close)
    return labels


@pytest.fixture
async def board(tmp_path: Path) -> AsyncIterator[Switchboard]:
    async with Resources() as resources:
        board = Switchboard({"desk": plan(tmp_path, 1, 2)}, resources)
        board.load_services()
        yield board
        await board.close()


async def test_an_edit_that_names_another_server_lets_go_of_the_former(
    closed: list[str], board: Switchboard, tmp_path: Path
) -> None:
    await board.replace(plan(tmp_path, 2, 3))
    await asyncio.sleep(0)
    assert [label.count(":1/") for label in closed] == [1]
    assert len(board.resources.mcp._connections) == 2


async def test_a_server_that_a_call_or_a_draft_names_stays_until_they_are_over(
    closed: list[str], board: Switchboard, tmp_path: Path
) -> None:
    call = asyncio.create_task(asyncio.sleep(3600))
    board._run_by[call] = board.plans["desk"]  # type: ignore[index]
    board.drafts.keep(plan(tmp_path, 4))
    await board.replace(plan(tmp_path, 5))
    await asyncio.sleep(0)
    assert closed == []
    del board._run_by[call]  # type: ignore[arg-type]
    call.cancel()
    board._close_unused_servers()
    await asyncio.sleep(0)
    assert len(closed) == 2
    assert len(board.resources.mcp._connections) == 2


async def test_the_servers_of_an_edit_that_is_being_prepared_stay(
    closed: list[str], board: Switchboard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call ends meanwhile."""

    async def prepare(*_: object) -> dict[str, bytes | None]:
        board._close_unused_servers()
        return {}

    monkeypatch.setattr("agentrun.server.calls.switchboard.prepared_speech.prepare", prepare)
    await board.replace(plan(tmp_path, 1, 2, 6))
    await asyncio.sleep(0)
    assert closed == []
    assert len(board.resources.mcp._connections) == 3
