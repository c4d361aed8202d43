"""Tasks that a server can't do without: each is watched, and restarted if it dies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from loguru import logger

REST_SECONDS = 1.0
"""Delay before a dead task is restarted, so that one that dies at once costs little."""
PROVEN_SECONDS = 5.0
"""How long a restarted task must run before it counts as healthy."""
LEAVE_SECONDS = 2.0
"""How long a task may take to return when asked to."""
Work = Callable[[], Coroutine[Any, Any, None]]


@dataclass
class _Watched:
    work: Work
    leave: Callable[[], None] | None
    watching: asyncio.Task[None] | None = None
    stopping: bool = False


class BackgroundTasks:
    """Runs each task until ``stop``; a task that returns, raises or is cancelled before that has died.

    A death is an ERROR in the log. While a task is dead, or has just been restarted, its name stands in
    ``failing``, and ``GET /ready`` says so.
    """

    def __init__(self, rest: float = REST_SECONDS, proven: float = PROVEN_SECONDS) -> None:
        self._rest = rest
        self._proven = proven
        self._failing: set[str] = set()
        self._watched: dict[str, _Watched] = {}
        self.running: dict[str, asyncio.Task[None]] = {}
        """The running tasks, by name."""

    @property
    def failing(self) -> list[str]:
        """The names of tasks that have died and are not healthy again."""
        return sorted(self._failing)

    def start(self, name: str, work: Work, leave: Callable[[], None] | None = None) -> str:
        """Start ``work``; returns its name, with a number if another task has that name already.

        ``leave`` asks it to return when it is to stop; without it, it is cancelled.
        """
        others = sum(each == name or each.startswith(f"{name} (") for each in self._watched)
        unique = f"{name} ({others + 1})" if others else name
        watched = self._watched[unique] = _Watched(work, leave)
        watched.watching = asyncio.create_task(self._watch(unique, watched), name=f"watch {unique}")
        return unique

    async def stop(self, *names: str) -> None:
        """Stop the tasks with these names, or all, and wait until they have ended."""
        chosen = [name for name in names or list(self._watched) if name in self._watched]
        await asyncio.gather(*(self._stop(name, self._watched.pop(name)) for name in chosen))

    async def _stop(self, name: str, watched: _Watched) -> None:
        watched.stopping = True
        if watched.leave and (running := self.running.get(name)):
            watched.leave()
            await asyncio.wait({running}, timeout=LEAVE_SECONDS)
        if watched.watching:
            watched.watching.cancel()
            await asyncio.wait({watched.watching})

    async def _watch(self, name: str, watched: _Watched) -> None:
        try:
            while not watched.stopping:
                await self._run(name, watched)
                await asyncio.sleep(self._rest)
        finally:
            self._failing.discard(name)
            self.running.pop(name, None)

    async def _run(self, name: str, watched: _Watched) -> None:
        """Run the task once, until it dies."""
        task = self.running[name] = asyncio.create_task(watched.work(), name=name)
        try:
            done, _ = await asyncio.wait({task}, timeout=self._proven)
            if not done:
                self._failing.discard(name)
                await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            await asyncio.wait({task})
            raise
        if watched.stopping:
            return
        self._failing.add(name)
        error = None if task.cancelled() else task.exception()
        how = "was cancelled" if task.cancelled() else "raised" if error else "returned"
        logger.opt(exception=error).error("the background task '{}' {}; it is restarted", name, how)
