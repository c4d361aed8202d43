"""Text input and output, in place of speech to text and text to speech."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

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
    LLMTextFrame,
    TranscriptionFrame,
    TTSSpeakFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.turns.types import ProcessFrameResult
from pipecat.turns.user_start import BaseUserTurnStartStrategy
from pipecat.turns.user_stop import BaseUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies

from agentrun.pipeline.turns.enough_words import EnoughWords
from agentrun.spec.models.turns_and_limits import Turns
from agentrun.text_normalization.words import pieces

_SETTLE_SECONDS = 0.05


class TextTurnStart(BaseUserTurnStartStrategy):
    """A turn starts with its words."""

    async def process_frame(self, frame: Frame) -> ProcessFrameResult:
        if isinstance(frame, TranscriptionFrame):
            await self.trigger_user_turn_started()
            return ProcessFrameResult.STOP
        return ProcessFrameResult.CONTINUE


class TextTurnStop(BaseUserTurnStopStrategy):
    """A turn ends with its words, once the answer that they cut is in the conversation.

    Spoken words come after the interruption that they cause, written ones with it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._ending: asyncio.Task[None] | None = None

    async def process_frame(self, frame: Frame) -> ProcessFrameResult:
        if isinstance(frame, TranscriptionFrame):
            await self._cancel()
            self._ending = self.task_manager.create_task(self._end(), f"{self}::end")
            return ProcessFrameResult.STOP
        return ProcessFrameResult.CONTINUE

    async def cleanup(self) -> None:
        await super().cleanup()  # type: ignore[no-untyped-call]
        await self._cancel()

    async def _end(self) -> None:
        await asyncio.sleep(_SETTLE_SECONDS)
        self._ending = None
        await self.trigger_user_turn_stopped()

    async def _cancel(self) -> None:
        if self._ending:
            await self.task_manager.cancel_task(self._ending)
            self._ending = None


def strategies(turns: Turns, *, counts_words: bool) -> UserTurnStrategies:
    """Each line that the caller writes is a turn, and interrupts where speech would."""
    start: BaseUserTurnStartStrategy = TextTurnStart(enable_interruptions=turns.interruptions)
    if turns.min_words and counts_words:
        start = EnoughWords(min_words=turns.min_words, enable_interruptions=turns.interruptions)
    return UserTurnStrategies(start=[start], stop=[TextTurnStop()])


class TextReader(FrameProcessor):
    """Keeps the ``words`` of the caller's latest turn: a realtime model's aggregator keeps them for later."""

    def __init__(self) -> None:
        super().__init__()
        self.words = ""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TranscriptionFrame):
            self.words = frame.text
        await self.push_frame(frame, direction)


class TextWriter(FrameProcessor):
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
            await asyncio.sleep(len(pieces(frame.text)) / self._pace)
        if isinstance(frame, LLMFullResponseEndFrame):
            await self._stop()

    async def _stop(self) -> None:
        if self._writing:
            self._writing = False
            await self.broadcast_frame(BotStoppedSpeakingFrame)


@dataclass
class TextTurnFrame(DataFrame):
    """A turn that the caller wrote, on its way to a realtime model."""

    text: str
