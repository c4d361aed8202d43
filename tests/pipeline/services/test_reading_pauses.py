"""Messages that wait for a moment: none is lost, a connection is paused by one alone, and it ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
import uvloop
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve

from agentrun.pipeline.services.connections.reading_pauses import ReadingPauses


@contextlib.asynccontextmanager
async def connected() -> AsyncIterator[tuple[ClientConnection, ServerConnection]]:
    """Both ends of a WebSocket."""
    came: asyncio.Future[ServerConnection] = asyncio.get_running_loop().create_future()

    async def take(connection: ServerConnection) -> None:
        came.set_result(connection)
        await connection.wait_closed()

    async with serve(take, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with asyncio.timeout(20), connect(f"ws://127.0.0.1:{port}") as client:
            yield client, await came


async def _read_together() -> None:
    pauses = ReadingPauses()
    async with connected() as (client, server):
        pauses.begin(client.transport, 60.0)
        pauses.begin(client.transport, 60.0)
        for number in range(40):
            await server.send(str(number))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.recv(), 0.1)
        pauses.end()
        assert [await client.recv() for _ in range(40)] == [str(number) for number in range(40)]
        pauses.begin(client.transport, 0.01)
        await server.send("later")
        assert await client.recv() == "later"


async def _close_meanwhile() -> None:
    pauses = ReadingPauses()
    async with connected() as (client, server):
        pauses.begin(client.transport, 0.05)
        await server.close(1001, "over")
        await client.wait_closed()
        assert client.close_code == 1001
        pauses.begin(client.transport, 0.01)
        pauses.end()
    async with connected() as (client, _):
        pauses.begin(client.transport, 0.05)
        await client.close()
    pauses.end()


@pytest.mark.parametrize("work", [_read_together, _close_meanwhile])
@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_messages_wait_and_none_is_lost(work: object, loop: object) -> None:
    with asyncio.Runner(loop_factory=loop) as runner:  # type: ignore[arg-type]
        runner.run(work())  # type: ignore[operator]
