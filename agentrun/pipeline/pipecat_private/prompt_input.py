"""The way of a telephone caller's sound into the pipeline, and what waits on it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable
from typing import TypeVar

from pipecat.frames.frames import InputAudioRawFrame
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.transports.websocket.fastapi import FastAPIWebsocketInputTransport

from agentrun.transports import mulaw
from agentrun.transports.caller_audio import CallerAudio

_T = TypeVar("_T")


def hand_in(audio: CallerAudio, source: FrameProcessor | None) -> None:
    """Have ``audio`` put its frames where ``source``, a WebSocket's input, would put them.

    On Pipecat's way a message waits in the server's queue, wakes the task that receives, and is read twice.
    """
    if not isinstance(source, FastAPIWebsocketInputTransport):
        return

    def take(sound: bytes) -> bool:
        if source._audio_task is None or source._paused or not source._params.audio_in_enabled:
            return False
        if sound:
            source._audio_in_queue.put_nowait(InputAudioRawFrame(mulaw.decode_pcm(sound), mulaw.RATE, 1))
        return True

    audio.hand_to(take)


def wait_without_tasks() -> None:
    """Have ``asyncio.wait_for`` make no task for what it waits for, as from Python 3.12 on.

    Before, Pipecat puts one of its own there, which makes a task, a future and a timer for each piece of
    sound that comes or goes. Python's own stays before 3.11.4, where ``asyncio.timeout`` takes a limit that a
    cancelled task reaches as it cleans up for a cancellation: https://github.com/python/cpython/issues/102780.
    """
    if (3, 11, 4) <= sys.version_info < (3, 12):
        asyncio.wait_for = wait_for  # type: ignore[assignment]


async def wait_for(fut: Awaitable[_T], timeout: float | None) -> _T:
    """As in Python 3.12: https://github.com/python/cpython/blob/3.12/Lib/asyncio/tasks.py.

    Raises TimeoutError after ``timeout`` seconds.
    """
    if timeout is not None and timeout <= 0:
        task = asyncio.ensure_future(fut)
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
        if task.cancelled():
            raise TimeoutError
        return task.result()
    async with asyncio.timeout(timeout):
        return await fut
