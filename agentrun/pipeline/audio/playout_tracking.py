"""Tracks what the caller has heard of an answer: where it began, how far it was played, what cut it."""

from __future__ import annotations

from collections.abc import Callable

from pipecat.frames.frames import (
    AggregatedTextFrame,
    BotStartedSpeakingFrame,
    BotStoppedSpeakingFrame,
    CancelFrame,
    Frame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    TTSAudioRawFrame,
    TTSStartedFrame,
    TTSTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection

from agentrun.pipeline.audio import spoken_piece
from agentrun.pipeline.audio.audible_line import AudibleLine
from agentrun.pipeline.audio.cut_answer import CutAnswer
from agentrun.pipeline.audio.line_frames import is_speech
from agentrun.pipeline.audio.spoken_piece import Piece
from agentrun.pipeline.services import end_of_answer
from agentrun.records import CutBy

_LATEST_SECONDS = 3.0
"""How much later Pipecat reports the end of audio that breaks off."""


class PlayoutTracker(AudibleLine):
    """Sits before the transport's output, which plays in real time, and matches words with their audio.

    A speech service announces each sentence before its sound (``announced``); a realtime model's words and
    sound come side by side. What is played is known from when the line began and ceased to speak.

    It waits for nothing, and needs no queue and no task of its own.
    """

    def __init__(self, *, announced: bool) -> None:
        super().__init__()
        self.announced = announced
        self.began: float | None = None
        """When the first audio of the current answer was played, on the event loop's clock."""
        self._answer = 0
        self.silent_for = 0.0  # seconds since the end of the sound, when its end was told
        self._generating = False
        self._pieces: list[Piece] = []
        self._silent: set[int] = set()  # segments, which may be told before they come here
        self._played = 0.0
        self._speaking_since: float | None = None
        self._is_silenced = self._is_left_over = False  # no sound since a cut; what it left is played
        self._cut: CutAnswer | None = None
        self.is_closed = False
        """Whether the line is closed, so that no answer is heard any more."""
        self._causes: dict[int, CutBy] = {}  # of interruptions that are not the caller's, by their id
        self._unremembered: str | None = None  # the context of a speech service that the model is not told of
        self._listeners: list[Callable[[float], None]] = []
        self._heard_listeners: list[Callable[[float], None]] = []

    def on_begin(self, listener: Callable[[float], None]) -> None:
        """Call ``listener`` when the first audio of each answer is played."""
        self._listeners.append(listener)

    def on_heard(self, listener: Callable[[float], None]) -> None:
        """Call ``listener`` at the end of each answer that was at least partly heard, with when it began."""
        self._heard_listeners.append(listener)

    def was_heard(self, began: float) -> None:
        """The answer that began at that time is over, and in the record."""
        for listener in self._heard_listeners:
            listener(began)

    def cut_by(self, cause: CutBy, interruption: InterruptionFrame) -> None:
        """Whose ``interruption`` is, which has still to come; any other one is the caller's."""
        self._causes[interruption.id] = cause

    def cut(self, cause: CutBy) -> None:
        """Nothing more of the answer is heard from now on."""
        if self._cut is None and self.began is not None:
            pieces, played = self._pieces, self._played_until(self._clock())
            words, remembered = spoken_piece.heard(pieces, played, self._silent)
            timed = any(piece.told for piece in self._pieces)
            by: CutBy = "" if self._all_heard() else cause
            self._cut = CutAnswer(words, self.began, by, remembered, timed, self.silent)
        self._forget()

    def take_cut(self) -> CutAnswer | None:
        """The answer that was cut last, as far as it was heard; None when none was."""
        cut, self._cut = self._cut, None
        return cut

    def take_whole(self, words: str) -> float:
        """The answer with these ``words`` has been heard to its end: when it began."""
        now = self._clock()
        began = now if self.began is None else self.began
        played = self._played_until(now)
        # a realtime model's answer is one piece
        count = spoken_piece.count(self._pieces, words, played) if self.announced else 1
        taken, self._pieces = self._pieces[:count], self._pieces[count:]
        self._played = max(0.0, played - sum(piece.seconds for piece in taken))
        self.began = None
        if self._speaking_since is not None:
            self._speaking_since = now
            if self._pieces:
                self._begin(now)
        return began

    def heard_of(self, words: str) -> str:
        """What was heard of a realtime model's answer that was played to its end: less if it broke off."""
        if self.announced or not self._pieces or self._pieces[0].whole:
            return words
        return self._pieces[0].share_of(words, self._pieces[0].seconds)

    def broke_off(self, *, for_good: bool = False) -> None:
        """The speech service has failed: no more is heard of a sentence whose sound has begun.

        Where it is ``for_good``, no sound of those behind it will come either.
        """
        for piece in self._pieces:
            piece.broken = piece.broken or (not piece.whole and (for_good or piece.seconds > 0))

    def unheard(self, segment: int) -> None:
        """The speech service has made silence of a sentence: its words were not said."""
        self._silent.add(segment)

    @property
    def silent(self) -> tuple[str, ...]:
        """The sentences that are open of which the speech service has made silence."""
        return tuple(piece.words for piece in self._pieces if piece.segment in self._silent)

    def close_line(self, by: CutBy = "agent") -> None:
        """Close the line to everything but its end; what the pipeline says or interrupts comes too late."""
        self.cut(by)
        self.is_closed = True

    def open_line(self) -> None:
        """Open the line again."""
        self.is_closed = False

    async def take(self, frame: Frame, direction: FrameDirection) -> None:
        if self.is_closed and direction is FrameDirection.DOWNSTREAM and is_speech(frame):
            return
        if isinstance(frame, TTSAudioRawFrame):
            self._sound(frame)
        elif isinstance(frame, TTSStartedFrame):
            self._starts(frame)
        elif isinstance(frame, InterruptionFrame) and direction is FrameDirection.DOWNSTREAM:
            self.cut(self._causes.pop(frame.id, "caller"))
        elif isinstance(frame, CancelFrame):
            self.cut("server")
        elif isinstance(frame, BotStartedSpeakingFrame):
            if not self.is_closed:
                self._started()
        elif isinstance(frame, BotStoppedSpeakingFrame):
            self._stopped(self._clock())
        elif isinstance(frame, LLMFullResponseStartFrame):
            self._answer += 1
            self._generating = True
        elif isinstance(frame, LLMFullResponseEndFrame):
            self._generating = False
            self._ended(broken_off=end_of_answer.is_broken_off(frame))
        elif isinstance(frame, AggregatedTextFrame):
            if self.announced and spoken_piece.take_silent(self._pieces, frame):
                return
            self._words(frame)
        await self.push_frame(frame, direction)

    def _started(self) -> None:
        if self._is_silenced:  # a last piece of what was cut, behind which no next beginning is told
            self._is_left_over = True
            return
        self._is_left_over = False
        if self._speaking_since is None:
            self._speaking_since = self._clock()
        if self.began is None:
            self._cut = None
            self._begin(self._speaking_since)

    def _stopped(self, now: float) -> None:
        self._is_left_over = False
        until = self._played + now - (self._speaking_since or now)
        self._played, self._speaking_since = self._played_until(now), None
        self.silent_for = min(max(0.0, until - self._played), _LATEST_SECONDS)

    def _begin(self, at: float) -> None:
        self.began = at
        for listener in self._listeners:
            listener(at)

    def _words(self, frame: AggregatedTextFrame) -> None:
        if isinstance(frame, TTSTextFrame):
            self._spoken(frame)
        elif self.announced and frame.will_be_spoken:
            context = frame.context_id
            remembered = context is None or context != self._unremembered
            self._pieces.append(
                Piece(self._answer, frame.text, frame.id, context=context, remembered=remembered)
            )

    def _starts(self, frame: TTSStartedFrame) -> None:
        """Pipecat says here alone whether words are the model's, and may announce words before and after."""
        if self.announced and not frame.append_to_context:
            self._unremembered = frame.context_id
            for piece in self._pieces:
                piece.remembered = piece.remembered and piece.context != frame.context_id

    def _spoken(self, frame: TTSTextFrame) -> None:
        """Words of a model beside their sound; those of a speech service come once all of that was made."""
        if not self.announced:
            self._piece().words += frame.text
            return
        spoken_piece.tell(self._pieces, frame)

    def _ended(self, *, broken_off: bool) -> None:
        """The words of a realtime model run ahead of their sound, and there is no more of it now."""
        for piece in self._pieces:
            if not self.announced and piece.answer == self._answer:
                piece.whole = not broken_off

    def _piece(self) -> Piece:
        """The words that the sound belongs to: of a realtime model, all of its answer."""
        if not self._pieces or (not self.announced and self._pieces[-1].answer != self._answer):
            self._pieces.append(Piece(self._answer, "", whole=self.announced or not self._generating))
        return self._pieces[-1]

    def _sound(self, frame: TTSAudioRawFrame) -> None:
        piece = spoken_piece.next_to_sound(self._pieces) if self.announced else None
        (piece or self._piece()).seconds += frame.num_frames / frame.sample_rate
        self._is_silenced = False
        if self._is_left_over:
            self._started()

    def _played_until(self, now: float) -> float:
        """How many seconds of the audio that has arrived have been played."""
        speaking = 0.0 if self._speaking_since is None else now - self._speaking_since
        return min(sum(piece.seconds for piece in self._pieces), self._played + speaking)

    def _all_heard(self) -> bool:
        left = sum(piece.length for piece in self._pieces) - self._played_until(self._clock())
        return not self._generating and left <= spoken_piece.SLACK_SECONDS

    def _forget(self) -> None:
        self._pieces.clear()
        self._played = 0.0
        self.began = self._speaking_since = None
        self._generating, self._is_silenced = False, True
