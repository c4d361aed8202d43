"""The scoreboard plugin as a server loads it, and a mock server for its feed on loopback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import httpx
import pytest

from agentrun import Call
from agentrun.plugins.find import find
from agentrun.plugins.importing import import_plugin

PROJECT = Path(__file__).parents[2]
Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


def load_plugin(name: str) -> ModuleType:
    """A plugin of the project."""
    [source] = find(PROJECT)[name]
    return import_plugin(source)


@pytest.fixture(scope="session")
def ncaa() -> ModuleType:
    return load_plugin("ncaa")


def response(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """One HTTP response with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@dataclass
class Feed:
    """An HTTP server that sends ``answer``, or lets it write, and remembers the paths it was asked for."""

    url: str = ""
    answer: bytes | Answer = b""
    asked: list[str] = field(default_factory=list)
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    serving: list[asyncio.Task[None] | None] = field(default_factory=list)
    client: httpx.AsyncClient = field(default_factory=httpx.AsyncClient)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.append(asyncio.current_task())
        with contextlib.suppress(ConnectionError):  # a caller who hangs up may reset the connection
            await self._answer(reader, writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        self.gone.set()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(request.split()[1].decode())
        if isinstance(self.answer, bytes):
            writer.write(self.answer)
        else:
            await self.answer(writer)
            await reader.read()

    @property
    def call(self) -> Call:
        """A call whose tools ask this feed."""
        return Call(
            id="CA1", agent="ncaa", transport="twilio", environ={"NCAA_API_URL": self.url}, client=self.client
        )


@pytest.fixture
async def feed() -> AsyncIterator[Feed]:
    feed = Feed()
    server = await asyncio.start_server(feed.serve, "127.0.0.1", 0)
    feed.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield feed
    await feed.client.aclose()
    server.close()
    await asyncio.gather(*(task for task in feed.serving if task))
