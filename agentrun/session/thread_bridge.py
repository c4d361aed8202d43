"""Lets a tool's thread run coroutines in the event loop of its call."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Coroutine
from typing import Any, TypeVar

from agentrun.call import NoLineError
from agentrun.tools.running.contained_tasks import alone

T = TypeVar("T")


class ThreadBridge:
    """Runs coroutines in ``loop`` for other threads; must be created in the thread of ``loop``."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._thread = threading.get_ident()
        self._borrowed: set[asyncio.Task[Any]] = set()

    def run(self, work: Coroutine[Any, Any, T], *, is_open: bool) -> T:
        """Run ``work`` in the event loop, block the calling thread until it is done, and return its result.

        Raises RuntimeError in the event loop's own thread, and NoLineError if the call is not open.
        """
        if threading.get_ident() == self._thread:
            work.close()
            raise RuntimeError("call.run is for a def tool's thread; an async def awaits the call's methods")
        if not is_open:
            work.close()
            raise NoLineError("the call is over")
        return asyncio.run_coroutine_threadsafe(self._lend(work), self._loop).result()

    def close(self) -> None:
        """Cancel what threads are waiting for."""
        for task in self._borrowed:
            task.cancel()

    async def _lend(self, work: Awaitable[T]) -> T:
        task: Any = asyncio.current_task()
        self._borrowed.add(task)
        task.add_done_callback(self._borrowed.discard)
        return await alone(work)
