"""The apology: heard in full, whatever the pipeline is busy with."""

from __future__ import annotations

import asyncio
import wave
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources

from loguru import logger
from pipecat.frames.frames import DataFrame, InterruptionFrame
from pipecat.pipeline.worker import PipelineWorker

from agentrun.pipeline import pushed_frames
from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.session.speech.announcements import Announcements, seconds
from agentrun.transports.connection import Connection

PACKAGED_WORDS = "I am sorry, something went wrong. Please call again in a few minutes. Goodbye."
"""What is said in the packaged sound, where neither the agent's voice nor Twilio's can be had."""
LATE_SECONDS = 8.0
"""How much longer than its sound the apology may take to be played."""
MOST_SECONDS = 45.0
"""How long the end of a call may wait for it, whatever is tried."""
_BEGIN_SECONDS = 2.5
_ECHO_SECONDS = 3.0


@dataclass
class _PlayedFrame(DataFrame):
    """Keeps its place behind the apology, and comes out of the line's output when that was played."""


class LastWords:
    """Says the last words of one call.

    Prepared sound goes to the line itself, and the line is closed to the pipeline before that: the order of
    the two is that of the output's own queue, and an interruption that a busy processor passes on later is
    dropped. ``started`` says whether the line can play at all.
    """

    def __init__(
        self,
        worker: PipelineWorker,
        parts: PipelineParts,
        connection: Connection,
        voice: Announcements,
        started: Callable[[], bool],
    ) -> None:
        self._worker, self._parts, self._voice = worker, parts, voice
        self._output = connection.transport.output()
        self._control = connection.control
        self._started = started
        self._played = asyncio.Event()
        pushed_frames.watch_pushed_frames(self._output, _PlayedFrame, lambda _frame: self._played.set())

    async def say(self, words: str, prepared: bytes | None, *, voice_works: bool) -> str | None:
        """Say ``words``, or other ones where these can't be had; those that were heard, None if none were.

        ``prepared`` is their sound. Without it the voice speaks if it ``voice_works``, then Twilio's, and at
        last a packaged sound.
        """
        if prepared is None and voice_works and await self._spoken(words):
            return words
        if prepared is not None and self._started():
            return words if await self._play(prepared) else None
        if self._control and await self._control.speak(words):
            return words
        if self._started():
            return PACKAGED_WORDS if await self._play(packaged()) else None
        return None

    async def _spoken(self, words: str) -> bool:
        """By the voice of the agent, which has spoken before."""
        if not await self._voice.silence():
            return False
        return await self._voice.begin(words, _BEGIN_SECONDS) and await self._voice.heard()

    async def _play(self, pcm: bytes) -> bool:
        if self._parts.playout:
            self._parts.playout.close_line()
        await self._output.queue_frame(InterruptionFrame())
        # what the pipeline is at comes to nothing; nobody waits for it to let go
        await self._worker.queue_frame(InterruptionFrame())
        await self._voice.play(pcm)
        await self._output.queue_frame(_PlayedFrame())
        try:
            await asyncio.wait_for(self._played.wait(), seconds(pcm) + LATE_SECONDS)
            if self._control is None:
                return True
            mark, echoed = self._control.mark()
            await self._output.queue_frame(mark)
            await asyncio.wait_for(echoed.wait(), _ECHO_SECONDS)
        except TimeoutError:
            logger.warning("the apology was sent, and not confirmed as heard")
            return False
        return True


def packaged() -> bytes:
    """``PACKAGED_WORDS`` as 24 kHz, 16-bit mono PCM."""
    with (
        resources.files("agentrun.session.speech").joinpath("apology.wav").open("rb") as file,
        wave.open(file) as sound,
    ):
        return bytes(sound.readframes(sound.getnframes()))
