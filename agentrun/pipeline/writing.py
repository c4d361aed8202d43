"""Written words instead of sound: what a text line has in place of hearing and speaking."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from pipecat.frames.frames import (
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    CancelFrame,
    DataFrame,
    EndFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMMessagesAppendFrame,
    LLMTextFrame,
    TranscriptionFrame,
    TTSSpeakFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.turns.types import ProcessFrameResult
from pipecat.turns.user_start import BaseUserTurnStartStrategy
from pipecat.turns.user_stop import BaseUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from agentrun.transports.text import transcription


class WrittenTurnStart(BaseUserTurnStartStrategy):
    """A turn starts with its words."""

    async def process_frame(self, frame: Frame) -> ProcessFrameResult:
        if isinstance(frame, TranscriptionFrame):
            await self.trigger_user_turn_started()
            return ProcessFrameResult.STOP
        return ProcessFrameResult.CONTINUE


class WrittenTurnStop(BaseUserTurnStopStrategy):
    """A turn ends with its words."""

    async def process_frame(self, frame: Frame) -> ProcessFrameResult:
        if isinstance(frame, TranscriptionFrame):
            await self.trigger_user_turn_stopped()
            return ProcessFrameResult.STOP
        return ProcessFrameResult.CONTINUE


def strategies() -> UserTurnStrategies:
    """Each line that the caller writes is a turn, and interrupts."""
    return UserTurnStrategies(start=[WrittenTurnStart()], stop=[WrittenTurnStop()])


class Reader(FrameProcessor):
    """Takes RTVI's ``send-text`` as a turn of the caller's, which it otherwise only adds to the context.

    ``words`` are those of the caller's latest turn: a realtime model's aggregator keeps them for later.
    """

    def __init__(self) -> None:
        super().__init__()
        self.words = ""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if direction is FrameDirection.DOWNSTREAM:
            words = _written(frame)
            frame = transcription(words) if words else frame
            if isinstance(frame, TranscriptionFrame):
                self.words = frame.text
        await self.push_frame(frame, direction)


class Writer(FrameProcessor):
    """Stands where a voice would: fixed words become an answer, and an answer is as good as spoken.

    With a ``pace`` in words a second it takes as long as speech, so that it can be interrupted.
    """

    def __init__(self, pace: float | None = None) -> None:
        super().__init__()
        self._writing = False
        self._pace = pace

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if direction is FrameDirection.UPSTREAM:
            await self.push_frame(frame, direction)
        elif isinstance(frame, TTSSpeakFrame):
            for part in (LLMFullResponseStartFrame(), LLMTextFrame(frame.text), LLMFullResponseEndFrame()):
                await self._write(part)
        elif isinstance(frame, InterruptionFrame | EndFrame | CancelFrame):
            await self._stop()
            await self.push_frame(frame, direction)
        else:
            await self._write(frame)

    async def _write(self, frame: Frame) -> None:
        if isinstance(frame, LLMFullResponseStartFrame | LLMTextFrame | LLMFullResponseEndFrame):
            frame.skip_tts = True
        if isinstance(frame, LLMTextFrame) and not self._writing:
            self._writing = True
            await self.broadcast_frame(BotStartedSpeakingFrame)
        await self.push_frame(frame)
        if self._pace and isinstance(frame, LLMTextFrame):
            await asyncio.sleep(len(frame.text.split()) / self._pace)
        if isinstance(frame, LLMFullResponseEndFrame):
            await self._stop()

    async def _stop(self) -> None:
        if self._writing:
            self._writing = False
            await self.broadcast_frame(BotStoppedSpeakingFrame)


@dataclass
class WrittenTurnFrame(DataFrame):
    """A turn that the caller wrote, on its way to a realtime model."""

    text: str


def _written(frame: Frame) -> str:
    """The caller's words in a frame that asks the model to answer them."""
    if not isinstance(frame, LLMMessagesAppendFrame) or not frame.run_llm:
        return ""
    messages: list[Any] = list(frame.messages)
    if any(not isinstance(m, dict) or m.get("role") != "user" for m in messages):
        return ""
    return " ".join(str(m.get("content") or "") for m in messages).strip()
