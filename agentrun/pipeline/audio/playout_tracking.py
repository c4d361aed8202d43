"""What the caller has heard of an answer that they cut."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from pipecat.frames.frames import (
    AggregatedTextFrame,
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseStartFrame,
    TTSAudioRawFrame,
    TTSTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

CHARACTERS_PER_SECOND = 15.0
"""Of English speech at an ordinary pace; it stands in for the length of sound that has not come yet."""


@dataclass(frozen=True)
class CutAnswer:
    """The ``words`` that were heard of an answer, which began ``ago`` seconds before it was cut."""

    words: str
    ago: float


@dataclass
class _Piece:
    """Words of one answer, and how much of their sound has come; ``whole`` when no more of it will."""

    answer: int
    words: str
    seconds: float = 0.0
    whole: bool = False

    @property
    def length(self) -> float:
        """Seconds that the words take, as far as can be known."""
        return self.seconds if self.whole else max(self.seconds, len(self.words) / CHARACTERS_PER_SECOND)


class PlayoutTracker(FrameProcessor):
    """Stands before the transport's output, which plays in real time, and keeps words and sound together.

    A speech service announces each sentence before its sound (``announced``); a realtime model's words and
    sound come side by side.
    """

    def __init__(self, *, announced: bool) -> None:
        super().__init__()
        self._announced = announced
        self._answer = 0
        self._pieces: list[_Piece] = []
        self._began: float | None = None
        self._cut: CutAnswer | None = None

    def take_cut(self) -> CutAnswer | None:
        """The answer that was cut last, as far as it was heard; None when none was."""
        cut, self._cut = self._cut, None
        return cut

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSAudioRawFrame):
            self._sound(frame)
        elif isinstance(frame, InterruptionFrame) and direction is FrameDirection.DOWNSTREAM:
            if self._pieces:
                began = self._began or asyncio.get_running_loop().time()
                self._cut = CutAnswer(self._heard(), asyncio.get_running_loop().time() - began)
            self._forget()
        elif isinstance(frame, BotStartedSpeakingFrame):
            self._began = self._began or asyncio.get_running_loop().time()
        elif isinstance(frame, BotStoppedSpeakingFrame):
            self._forget()
        elif isinstance(frame, LLMFullResponseStartFrame):
            self._answer += 1
        elif isinstance(frame, AggregatedTextFrame):
            self._words(frame)
        await self.push_frame(frame, direction)

    def _words(self, frame: AggregatedTextFrame) -> None:
        spoken = isinstance(frame, TTSTextFrame)
        if self._announced and spoken and self._pieces:
            # the words come again once all of their sound has been made
            self._pieces[-1].whole = True
        elif self._announced and not spoken:
            self._pieces.append(_Piece(self._answer, frame.text))
        elif not self._announced and spoken:
            self._piece().words += frame.text

    def _piece(self) -> _Piece:
        """The words that the sound belongs to: of a realtime model, all of its answer."""
        if not self._pieces or (not self._announced and self._pieces[-1].answer != self._answer):
            self._pieces.append(_Piece(self._answer, "", whole=True))
        return self._pieces[-1]

    def _sound(self, frame: TTSAudioRawFrame) -> None:
        self._piece().seconds += len(frame.audio) / 2 / frame.num_channels / frame.sample_rate

    def _heard(self) -> str:
        """The words of the latest answer that have been played until now."""
        if self._began is None:
            return ""
        left = asyncio.get_running_loop().time() - self._began
        heard: list[str] = []
        for piece in self._pieces:
            words = piece.words.split()
            share = 1.0 if piece.length <= left else left / piece.length
            if piece.answer == self._answer:
                heard += words[: round(len(words) * share)]
            left -= piece.length
            if left <= 0:
                break
        return " ".join(heard)

    def _forget(self) -> None:
        self._pieces.clear()
        self._began = None
