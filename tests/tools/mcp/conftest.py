"""A real MCP server on loopback, over HTTP and over stdio, that can be killed and started again."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from agentrun.call import Call
from agentrun.http.bound_socket import bind
from agentrun.spec.models.tools.mcp import McpServer
from agentrun.tools.mcp.connection import Connection
from agentrun.tools.mcp.servers import McpServers, McpTools
from agentrun.tools.results.outcome import Outcome
from agentrun.tools.running.invoke import invoke
from tests.calls.desk import until

SHOP = Path(__file__).parent / "shop.py"
SHOP_ARGUMENTS = (sys.executable, "-W", "ignore", str(SHOP), "stdio")
SECONDS = 60.0


@dataclass
class HttpShop:
    """The shop at an address; ``start`` returns when it answers."""

    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    async def start(self) -> None:
        if not self.port:
            sock = bind("127.0.0.1", 0)
            self.port = sock.getsockname()[1]
            sock.close()
        command = [sys.executable, "-W", "ignore", str(SHOP), str(self.port)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: ASYNC220
        async with asyncio.timeout(SECONDS), httpx.AsyncClient() as client:
            while not await self._answers(client):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)

    async def _answers(self, client: httpx.AsyncClient) -> bool:
        try:
            return bool(await client.get(self.url))
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()


@dataclass
class Desk:
    """The servers of a process, and what an agent that names ``server`` does with its tools."""

    server: McpServer
    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    servers: McpServers = field(default_factory=McpServers)

    async def connect(self) -> Connection:
        [connection] = self.servers.open([self.server], self.folder, self.environ, offline=False)
        await asyncio.wait_for(connection.tried.wait(), SECONDS)
        return connection

    def found(self) -> McpTools:
        return self.servers.bring([], [self.server], self.folder, self.environ)

    async def run(self, name: str, **arguments: Any) -> Outcome:
        [tool] = [tool for tool in self.found().tools if tool.name == name]
        return await invoke(tool, Call("CA1", "desk", "twilio"), arguments)


async def until_up(connection: Connection) -> None:
    await until(lambda: connection.is_up, SECONDS)


def stdio(**more: Any) -> McpServer:
    """The shop as a program."""
    return McpServer(command=SHOP_ARGUMENTS, **more)


@pytest.fixture
async def shop() -> AsyncIterator[HttpShop]:
    shop = HttpShop()
    await shop.start()
    yield shop
    shop.stop()
