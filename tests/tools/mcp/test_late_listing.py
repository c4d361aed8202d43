"""A server that works for one after the other is late with its tools, and not lost for whom it serves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agentrun.tools.mcp import connection as module
from agentrun.tools.mcp.address import Address
from agentrun.tools.mcp.connection import Connection
from tests.calls.desk import until


class BusyServer:
    """Does one thing at a time: while it works for a request, nobody is told of its tools."""

    def __init__(self) -> None:
        self.opened = self.listed = 0
        self.is_deaf = False
        self._one = asyncio.Lock()
        self.done = asyncio.Event()

    async def call_tool(self, _name: str, _arguments: dict[str, Any]) -> str:
        async with self._one:
            await self.done.wait()
        return "booked"

    async def tools_of(self, _client: object) -> list[Any]:
        self.listed += 1
        if self.is_deaf:
            await asyncio.Event().wait()
        async with self._one:
            return []

    @asynccontextmanager
    async def open(self, *_: object) -> AsyncIterator[BusyServer]:
        self.opened += 1
        yield self


@pytest.fixture
async def served(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Connection, BusyServer]]:
    server = BusyServer()
    client = SimpleNamespace(opened=server.open, tools_of=server.tools_of)
    monkeypatch.setattr(module, "import_module", lambda _name: client)
    monkeypatch.setattr(module, "LIST_SECONDS", 0.02)
    monkeypatch.setattr(module, "REFRESH_SECONDS", 0.02)
    connection = Connection(Address("shop", "http://127.0.0.1:1/mcp", (), (), (), Path()))
    connection.open()
    await connection.tried.wait()
    yield connection, server
    await connection.close()


async def until_listed(server: BusyServer, more: int) -> None:
    wanted = server.listed + more
    await until(lambda: server.listed >= wanted, 20)


async def test_a_request_that_takes_long_is_answered(served: tuple[Connection, BusyServer]) -> None:
    connection, server = served
    running = asyncio.create_task(connection.call("book", {}))
    await until_listed(server, 5)
    server.done.set()
    assert str(await asyncio.wait_for(running, 20)) == "booked"
    assert (server.opened, connection.is_up) == (1, True)


async def test_a_server_that_is_late_twice_while_nobody_asks_is_connected_with_anew(
    served: tuple[Connection, BusyServer],
) -> None:
    _, server = served
    server.is_deaf = True
    await until(lambda: server.opened == 2, 20)
