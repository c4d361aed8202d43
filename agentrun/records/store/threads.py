"""Runs a store's blocking methods in threads that nobody has to wait for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from agentrun.tools.running.threads import NoThreadError, Threads

T = TypeVar("T")
READ_SECONDS = 10.0
"""How long somebody waits for what stands in a store."""


class StoreThreads:
    """Runs functions in at most ``most`` daemon threads, and waits for each no longer than it may take.

    A database that is frozen holds a thread for ever. The standard library's pool is joined when the process
    ends, which would then never end.
    """

    def __init__(self, name: str, most: int = 1) -> None:
        self._threads = Threads(name, most)

    async def run(self, work: Callable[..., T], *args: object, seconds: float = READ_SECONDS) -> T:
        """The result of ``work``; raises what that raises, and TimeoutError after ``seconds``.

        What has not begun by then never runs; what has goes on, and nobody hears of its result. Where the
        machine gives no thread it is a TimeoutError at once.
        """
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._threads, partial(work, *args))
        future.add_done_callback(heed)
        try:
            async with asyncio.timeout(seconds):
                return await asyncio.shield(future)
        except NoThreadError as error:
            raise TimeoutError(str(error)) from None
        except BaseException:
            future.cancel()
            raise


def heed(future: asyncio.Future[T]) -> None:
    """An error that nobody waits for any more is not worth a warning."""
    if not future.cancelled():
        future.exception()
