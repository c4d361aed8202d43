"""Passes the caller's audio to a language model that hears, without speech to text."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import Callable
from typing import Any

import soundfile
from numpy import frombuffer
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    LLMContextFrame,
    UserStartedSpeakingFrame,
    UserStoppedSpeakingFrame,
)
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

from agentrun.pipeline.turns.held_words import HeldWords

Message = dict[str, Any]
Heard = Callable[[Message, bytes], None]
"""Receives every utterance: its message in the context, and the audio as a WAV file."""

PRE_ROLL_SECONDS = 0.6
"""Audio kept from before the turn was detected, so that its first word is complete."""
LONGEST_SECONDS = 120.0


class AudioTurns(FrameProcessor):
    """Sits behind the user aggregator and, at the end of a turn, gives the turn's audio to the model."""

    def __init__(self, context: LLMContext, heard: Heard, held: HeldWords) -> None:
        super().__init__()
        self._held = held
        self._context = context
        self._heard = heard
        self._audio = bytearray()
        self._rate = 16_000
        self._speaking = False

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            self._keep(frame)
        elif isinstance(frame, UserStartedSpeakingFrame):
            self._speaking = True
        elif isinstance(frame, UserStoppedSpeakingFrame) and self._speaking:
            self._speaking = False
            await self.push_frame(frame, direction)
            await self._give()
            return
        elif isinstance(frame, EndFrame | CancelFrame):
            self._audio.clear()
        await self.push_frame(frame, direction)

    def _keep(self, frame: InputAudioRawFrame) -> None:
        self._rate = frame.sample_rate
        self._audio += frame.audio
        longest = LONGEST_SECONDS if self._speaking else PRE_ROLL_SECONDS
        del self._audio[: max(0, len(self._audio) - int(longest * self._rate) * 2)]

    async def _give(self) -> None:
        pcm, rate = bytes(self._audio), self._rate
        self._audio.clear()
        wav = await asyncio.to_thread(_as_wav, pcm, rate)
        sound = {"data": base64.b64encode(wav).decode(), "format": "wav"}
        message: Any = {"role": "user", "content": [{"type": "input_audio", "input_audio": sound}]}
        self._heard(message, wav)
        if self._held.holds(written=False):
            self._held.keep([message])
            return
        self._held.join()
        self._context.add_message(message)
        await self.push_frame(LLMContextFrame(self._context))


def _as_wav(pcm: bytes, rate: int) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, frombuffer(pcm, dtype="<i2"), rate, format="WAV", subtype="PCM_16")
    return file.getvalue()
