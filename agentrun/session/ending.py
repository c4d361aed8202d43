"""The end of a call: firm, then harder, never later than its deadline."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from loguru import logger
from pipecat.pipeline.worker import PipelineWorker

from agentrun.pipeline import private
from agentrun.session.voice import Voice

HEARD_SECONDS = 10.0
CANCEL_SECONDS = 3.0
"""How long a cancelled pipeline may take to let go before it is forced."""


async def now(running: asyncio.Task[None], worker: PipelineWorker) -> None:
    """End a pipeline that is still running: cancel it, force it, let go of it.

    Pipecat waits for the end without a limit, and a processor that holds the end holds the cancel
    behind it (pipecat issues 3757, 5211, 5216). Returns within 10 s whatever a processor does.
    """
    if running.done():
        return
    cancelling = asyncio.create_task(worker.cancel(reason="the call is over"))
    try:
        if await _done(running, CANCEL_SECONDS):
            return
        logger.warning("a pipeline ignored its cancellation; forcing it")
        await private.force_cancel(worker)
        if await _done(running, CANCEL_SECONDS):
            return
        logger.error("a pipeline can't be ended; letting go of it")
        running.cancel()
        await _done(running, CANCEL_SECONDS)
    finally:
        cancelling.cancel()


async def when_heard(voice: Voice, worker: PipelineWorker) -> None:
    """Let the caller hear what is being said, then end the pipeline."""
    await voice.heard(HEARD_SECONDS)
    await worker.stop_when_done()


async def farewell(voice: Voice, words: str, end: Callable[[], Awaitable[None]]) -> None:
    """Say ``words``, then ``end``."""
    await voice.say_whole(words)
    await end()


async def _done(task: asyncio.Task[None], seconds: float) -> bool:
    done, _ = await asyncio.wait({task}, timeout=seconds)
    return bool(done)
