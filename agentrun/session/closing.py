"""Closes the parts of a call, each even if another fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from loguru import logger

from agentrun.records import CallRecord

Step = Callable[[], Awaitable[object] | None]
LEAVE_SECONDS = 2.0
"""How long tasks that are cancelled may take to end."""


async def close(record: CallRecord, *steps: Step | None) -> None:
    """Run ``steps`` in turn; errors go to the log and to ``record``.

    A step is a function without arguments, which may return an awaitable; None is skipped.
    """
    for step in steps:
        try:
            if step and (rest := step()) is not None:
                await rest
        except Exception as error:  # noqa: BLE001 - the remaining parts must be closed too
            record.errors.append(f"not closed: {error!r}")
            logger.opt(exception=error).error("a part of call {} could not be closed", record.id)


async def end(tasks: Sequence[asyncio.Task[Any]]) -> None:
    """Cancel ``tasks``, and return when they have ended, or after ``LEAVE_SECONDS``."""
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=LEAVE_SECONDS)
        for task in tasks:
            if task.done() and not task.cancelled() and (error := task.exception()):
                logger.opt(exception=error).error("{} failed while a call ended", task.get_name())
