"""Background tasks of a socket, which end with it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from starlette.websockets import WebSocketDisconnect


class SocketTasks:
    """Tasks of one socket. One that finds the socket closed ends in silence."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Run ``work`` until it is done or ``close`` is called."""
        task = asyncio.create_task(_until_closed(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """End what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _until_closed(work: Coroutine[None, None, None]) -> None:
    """Starlette raises RuntimeError for what is sent after the server's own close."""
    try:
        await work
    except (WebSocketDisconnect, RuntimeError):
        return
