"""Ends a call in escalating steps, within a fixed time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from loguru import logger
from pipecat.pipeline.worker import PipelineWorker

from agentrun.pipeline import pipecat_private
from agentrun.records import CallRecord
from agentrun.session.speech.announcements import Announcements
from agentrun.session.speech.while_heard import while_heard

GOODBYE_SECONDS = 15.0
"""How long the agent may be silent while its last words are still to come."""
MOST_SECONDS = 60.0
"""How long its last words may take."""
HEARD_SECONDS, LEAST_HEARD_SECONDS = 10.0, 2.5
"""How long the silence before the last words may be; it depends on how long the caller has waited already."""
CANCEL_SECONDS = 3.0
"""How long a cancelled pipeline may go without one of its tasks ending before it is forced."""
MOST_WORDS = 300
_MOST_PERIODS = 4
FORCE_SECONDS = 2.0
"""How long each of the harder steps may take."""
_MOST_CANCELLATIONS = 2
"""A task of Pipecat's that cleans up when it is cancelled needs a second one when its cleaning hangs."""


async def stop_pipeline(
    running: asyncio.Task[None], worker: PipelineWorker, record: CallRecord | None = None
) -> None:
    """End a pipeline that is still running: cancel it, then force it, then cancel its tasks one by one.

    The end of the call in ``record`` is now, however long this takes; a failure of the pipeline is noted
    there.

    Pipecat waits for the end frame without a limit, and a processor that holds it up also holds up the cancel
    frame behind it (pipecat issues 3757, 5211, 5216). This returns within 21 s whatever a processor does.
    """
    if record:
        record.hang_up()
    if running.done():
        if record and not running.cancelled() and (error := running.exception()):
            logger.opt(exception=error).error("the pipeline failed")
            record.errors.append(f"the pipeline failed: {type(error).__name__}: {error}"[:MOST_WORDS])
        return
    cancelling = asyncio.create_task(worker.cancel(reason="the call is over"))
    try:
        if await _lets_go(running, worker):
            return
        logger.warning("a pipeline ignored its cancellation; forcing it")
        await pipecat_private.force_cancel(worker)
        if not await _done({running}, FORCE_SECONDS):
            await _dismantle(running, worker)
    finally:
        cancelling.cancel()


async def last_words(over: set[asyncio.Task[Any]], seconds: float, is_heard: Callable[[], bool]) -> None:
    """Wait while the agent is heard, at most until a task in ``over`` is done."""
    await while_heard(over, seconds, is_heard, MOST_SECONDS)


async def when_heard(
    voice: Announcements, worker: PipelineWorker, seconds: float, instead: Callable[[bool], Awaitable[None]]
) -> None:
    """Let the caller hear what is being said, then end the pipeline.

    Gives up after ``seconds`` without audio, at most ``HEARD_SECONDS``. ``instead`` is called with whether
    everything has been played, so that nobody is hung up on without a word.
    """
    await instead(await voice.heard(min(max(seconds, LEAST_HEARD_SECONDS), HEARD_SECONDS)))
    await worker.stop_when_done()


async def farewell(voice: Announcements, words: str, end: Callable[[], Awaitable[None]]) -> None:
    """Say ``words``, if there are any, then ``end``."""
    if words:
        await voice.say_whole(words)
    await end()


async def _lets_go(running: asyncio.Task[None], worker: PipelineWorker) -> bool:
    """Whether a cancelled pipeline ends; on a busy machine, waits as long as its tasks keep ending."""
    at_work = _at_work(worker)
    for _ in range(_MOST_PERIODS):
        if await _done({running}, CANCEL_SECONDS):
            return True
        before, at_work = at_work, _at_work(worker)
        if at_work >= before:
            break
    return False


def _at_work(worker: PipelineWorker) -> int:
    return sum(not task.done() for task in pipecat_private.tasks(worker))


async def _dismantle(running: asyncio.Task[None], worker: PipelineWorker) -> None:
    """Close what the processors have open, then cancel every task of the pipeline."""
    closing = asyncio.create_task(pipecat_private.clean_up(worker))
    await _done({closing}, FORCE_SECONDS)
    for _ in range(_MOST_CANCELLATIONS):
        pending = {task for task in (running, closing, *pipecat_private.tasks(worker)) if not task.done()}
        for task in pending:
            task.cancel()
        if await _done(pending, FORCE_SECONDS):
            return
    names = ", ".join(sorted(task.get_name() for task in pending if not task.done()))
    logger.error("parts of a pipeline can't be ended, and are left behind: {}", names)


async def _done(tasks: set[asyncio.Task[None]], seconds: float) -> bool:
    """Whether all of ``tasks`` end within ``seconds``."""
    if not tasks:
        return True
    _, pending = await asyncio.wait(tasks, timeout=seconds)
    return not pending
