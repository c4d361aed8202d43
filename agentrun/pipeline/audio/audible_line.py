"""Holds back an answer until its first audible sound, and silence within it that is too long."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections import deque

from pipecat.frames.frames import (
    AggregatedTextFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    TTSAudioRawFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from agentrun.pipeline.audio.voiced_sentences import sound_seconds
from agentrun.pipeline.services.speech.audible_sound import is_silent

MOST_SILENCE_SECONDS = 3.0
"""Within an answer: what is silent for longer is not being said, and the line is free until it goes on."""


class AudibleLine(FrameProcessor):
    """Has ``take`` given what comes, but for the silence that an answer begins with, and the words beside it.

    Behind it what can be heard is given at the time at which it would have been: as much of the silence is
    left out as it took to come. The words of an answer without any sound that can be heard are dropped.

    Of a longer silence within an answer the beginning is given: whoever waits for the rest is known to hear
    nothing then.
    """

    def __init__(self) -> None:
        super().__init__(enable_direct_mode=True)
        self._clock = asyncio.get_running_loop().time
        self._waits = True
        self._kept: deque[Frame] = deque()
        self._silent_since: float | None = None
        self._quiet = 0.0

    @abstractmethod
    async def take(self, frame: Frame, direction: FrameDirection) -> None:
        """Take the next frame for the line."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMFullResponseStartFrame):
            self._waits = True
            await self._give_words()
        elif isinstance(frame, LLMFullResponseEndFrame):
            await self._give_words()
        elif isinstance(frame, InterruptionFrame) and direction is FrameDirection.DOWNSTREAM:
            self._drop()
        elif self._waits and isinstance(frame, TTSAudioRawFrame | AggregatedTextFrame):
            if not isinstance(frame, TTSAudioRawFrame) or is_silent(frame.audio):
                self._keep(frame)
                return
            self._waits = False
            await self._give(0.0 if self._silent_since is None else self._clock() - self._silent_since)
        if not (isinstance(frame, TTSAudioRawFrame) and self._is_quiet_for_too_long(frame)):
            await self.take(frame, direction)

    def _is_quiet_for_too_long(self, frame: TTSAudioRawFrame) -> bool:
        if not is_silent(frame.audio):
            self._quiet = 0.0
            return False
        self._quiet += sound_seconds(frame)
        return self._quiet > MOST_SILENCE_SECONDS

    def _keep(self, frame: Frame) -> None:
        self._kept.append(frame)
        if self._silent_since is None and isinstance(frame, TTSAudioRawFrame):
            self._silent_since = self._clock()

    def _drop(self) -> None:
        self._kept.clear()
        self._silent_since = None

    async def _give_words(self) -> None:
        """Words beside which no sound has come are others' to judge; those of silence are not heard."""
        if self._silent_since is not None:
            self._drop()
        await self._give(0.0)

    async def _give(self, late: float) -> None:
        """Give what was kept, but for the silence of ``late`` seconds."""
        self._silent_since = None
        while self._kept:
            frame = self._kept.popleft()
            if isinstance(frame, TTSAudioRawFrame):
                seconds = sound_seconds(frame)
                if late >= seconds:
                    late -= seconds
                    continue
            await self.take(frame, FrameDirection.DOWNSTREAM)
