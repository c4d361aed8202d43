"""What the agent says without being asked: fixed words, and audio that was prepared at start."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from pipecat.frames.frames import (
    InterruptionFrame,
    LLMMessagesAppendFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStartedFrame,
    TTSStoppedFrame,
)
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameProcessor

from agentrun.pipeline.parts import Parts

PREPARED_RATE = 24_000
"""Hz of prepared audio: 16-bit mono PCM."""
_CHUNK_BYTES = PREPARED_RATE * 2 // 10
_INTERRUPTION_SECONDS = 0.5
_ANSWER_SECONDS = 5.0
_WORDS_SECONDS = 15.0


class Voice:
    """Speaks into one call, past a language model or a speech service that no longer answers."""

    def __init__(self, worker: PipelineWorker, parts: Parts, output: FrameProcessor) -> None:
        self._worker = worker
        self._parts = parts
        self._output = output
        self._silenced = asyncio.Event()
        self._began = asyncio.Event()
        self._finished = asyncio.Event()
        worker.add_reached_downstream_filter((InterruptionFrame,))
        worker.add_event_handler("on_frame_reached_downstream", self._reached)

    async def say(self, text: str) -> None:
        """Have ``text`` spoken word for word: by the speech service, or by a model that is asked to."""
        if self._parts.tts:
            await self._worker.queue_frame(TTSSpeakFrame(text))
            return
        wish = f'Say exactly these words and nothing else: "{text}"'
        message: Any = {"role": "developer", "content": wish}
        # past the caller's aggregator, which would keep it until the caller's next turn
        await self._parts.llm.queue_frame(LLMMessagesAppendFrame([message], run_llm=True))

    async def say_whole(self, text: str) -> None:
        """Have ``text`` spoken, and wait for what would not come out before the end of the call.

        Words for the speech service keep their place before the end; a model's answer has to be waited for.
        """
        self._began.clear()
        self._finished.clear()
        await self.say(text)
        if self._parts.tts:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._began.wait(), _ANSWER_SECONDS)
            await asyncio.wait_for(self._finished.wait(), _WORDS_SECONDS)

    def note(self, *, speaking: bool) -> None:
        """The agent's first or last sound has gone out."""
        (self._began if speaking else self._finished).set()

    async def silence(self) -> None:
        """Drop what is being said, thought and spoken."""
        self._silenced.clear()
        await self._worker.queue_frame(InterruptionFrame())
        try:
            await asyncio.wait_for(self._silenced.wait(), _INTERRUPTION_SECONDS)
        except TimeoutError:
            return

    async def play(self, pcm: bytes) -> None:
        """Play prepared audio, without any service."""
        await self._output.queue_frame(TTSStartedFrame())
        for start in range(0, len(pcm), _CHUNK_BYTES):
            chunk = pcm[start : start + _CHUNK_BYTES]
            await self._output.queue_frame(TTSAudioRawFrame(chunk, PREPARED_RATE, 1))
        await self._output.queue_frame(TTSStoppedFrame())

    async def say_prepared(self, text: str, pcm: bytes | None) -> None:
        """Say ``text`` as the audio that was prepared for it, where there is some."""
        await (self.play(pcm) if pcm else self.say(text))

    async def _reached(self, _worker: PipelineWorker, frame: object) -> None:
        if isinstance(frame, InterruptionFrame):
            self._silenced.set()


def seconds(pcm: bytes) -> float:
    """How long prepared audio lasts."""
    return len(pcm) / 2 / PREPARED_RATE
