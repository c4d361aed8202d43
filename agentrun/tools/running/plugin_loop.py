"""An event loop in a thread of its own, in which a plugin's ``async def`` code may block."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import sysconfig
import threading
import time
import traceback
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any

import httpx
from loguru import logger

from agentrun.http import shared_client
from agentrun.tools.running.contained_tasks import contained
from agentrun.tools.running.timed_steps import TimedSteps

HELD_SECONDS = 1.0
"""A loop that accepts no work for this long is held by blocking code."""
_CLOSE_SECONDS = 1.0
_LIBRARIES = (sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))


class LoopHeldError(RuntimeError):
    """The loop did not accept the work, and none of it has run."""


class PluginLoop:
    """An event loop that runs until ``close``, in a thread that keeps no process from ending.

    ``client`` makes what tools get as ``call.http`` there: a client's connections belong to one loop.
    """

    def __init__(self, name: str, client: Callable[[], httpx.AsyncClient]) -> None:
        self.loop = asyncio.new_event_loop()
        self._name = name
        self._make_client, self._client = client, None
        self._asked: float | None = None
        """When the oldest work was asked for that the loop has not taken on."""
        self._closing = False
        self._thread = threading.Thread(target=self._live, name=f"plugin-{name}", daemon=True)
        self._thread.start()

    _client: httpx.AsyncClient | None

    @property
    def client(self) -> httpx.AsyncClient:
        """The HTTP client for code that runs in this loop."""
        if self._client is None:
            self._client = self._make_client()
        return self._client

    @property
    def is_held(self) -> bool:
        """Whether blocking code keeps the loop from accepting work."""
        asked = self._asked
        return asked is not None and time.monotonic() - asked > HELD_SECONDS

    @property
    def is_here(self) -> bool:
        """Whether this is the loop's own thread."""
        return threading.current_thread() is self._thread

    async def run(self, work: Callable[[], Coroutine[Any, Any, Any]], name: str, linger: float) -> Any:
        """Run ``work`` there as a task called ``name``, in this task's context; gives what it gives.

        A cancellation is handed on, and its end waited for, at most ``linger`` seconds. Raises LoopHeldError
        when the loop doesn't take it on within ``HELD_SECONDS``.
        """
        claim: Future[Any] = Future()
        tasks: list[asyncio.Task[Any]] = []
        asked = time.monotonic()
        self._asked = self._asked or asked
        self.loop.call_soon_threadsafe(self._begin, claim, work, name, tasks)
        outcome = asyncio.wrap_future(claim)
        outcome.add_done_callback(lambda done: done.cancelled() or done.exception())
        patience: float | None = HELD_SECONDS
        cancelled = False
        while not outcome.done():
            try:
                await asyncio.wait({outcome}, timeout=patience)
            except asyncio.CancelledError:
                if claim.cancel():
                    raise
                self.loop.call_soon_threadsafe(lambda: [task.cancel() for task in tasks])
                patience, cancelled = linger, True
                continue
            if outcome.done():
                break
            if cancelled:
                raise asyncio.CancelledError
            if claim.cancel():
                self._asked = self._asked or asked
                raise LoopHeldError(f"the event loop of {self._name} is held at {self.place()}")
            patience = None
        return outcome.result()

    def place(self) -> str:
        """The author's line that the thread is at."""
        frame = sys._current_frames().get(self._thread.ident or 0)
        lines = [each for each in traceback.extract_stack(frame) if not each.filename.startswith(_LIBRARIES)]
        return f"{lines[-1].filename}:{lines[-1].lineno}" if frame and lines else "an unknown place"

    async def close(self) -> None:
        """Cancel what is running, and end the thread; a blocked thread is left behind."""
        self._closing = True
        with contextlib.suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self.loop.stop)
        await asyncio.to_thread(self._thread.join, _CLOSE_SECONDS)

    def _begin(
        self,
        claim: Future[Any],
        work: Callable[[], Coroutine[Any, Any, Any]],
        name: str,
        tasks: list[asyncio.Task[Any]],
    ) -> None:
        task = self.loop.create_task(self._carried(claim, work, name), name=name)
        tasks.append(task)
        task.add_done_callback(lambda done: _settle(claim, done))

    async def _carried(
        self, claim: Future[Any], work: Callable[[], Coroutine[Any, Any, Any]], name: str
    ) -> tuple[Any, BaseException | None]:
        """What ``work`` gives and raises; an exit would end the loop, so it is carried too."""
        self._asked = None
        if not claim.set_running_or_notify_cancel():
            return None, None
        try:
            with contained():
                return await TimedSteps(work(), name, HELD_SECONDS), None
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - it is raised in the task that waits
            return None, error

    def _live(self) -> None:
        asyncio.set_event_loop(self.loop)
        while not self._closing:
            try:
                self.loop.run_forever()
            except BaseException as error:  # noqa: BLE001 - a callback of an author's exits alone
                logger.error("plugin {}: a callback raised {}", self._name, type(error).__name__)
        with contextlib.suppress(BaseException):
            self.loop.run_until_complete(self._tidy())
        self.loop.close()

    async def _tidy(self) -> None:
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        if self._client:
            await shared_client.end(self._client)
        await self.loop.shutdown_asyncgens()


def _settle(claim: Future[Any], task: asyncio.Task[tuple[Any, BaseException | None]]) -> None:
    if claim.cancelled():
        return
    result, error = (None, asyncio.CancelledError()) if task.cancelled() else task.result()
    if error is None:
        claim.set_result(result)
    else:
        claim.set_exception(error)
