"""Failover between voices: the next one says what has not been said yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pipecat.frames.frames import (
    AggregatedTextFrame,
    EndFrame,
    Frame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    ServiceSwitcherFrame,
    ServiceUpdateSettingsFrame,
    StartFrame,
    SystemFrame,
    TTSAudioRawFrame,
    TTSSpeakFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection
from pipecat.utils.text.simple_text_aggregator import SimpleTextAggregator

from agentrun.pipeline.failover.failover import OURS, Directed, Failover, Member
from agentrun.pipeline.session_listener import SessionListener
from agentrun.pipeline.text.speech_text import SpeechText
from agentrun.pipeline.text.whole_sentences import WholeSentences
from agentrun.text_normalization.words import pieces

_NOT_OURS = SystemFrame | StartFrame | EndFrame | ServiceSwitcherFrame | ServiceUpdateSettingsFrame
Sentence = AggregatedTextFrame | TTSSpeakFrame


class TextToSpeechFailover(Failover):
    """Gives a voice whole sentences, and keeps each one until it has been spoken.

    Sentences are counted as spoken by the words that a voice reports, by the end of what it was told to say,
    and by the end of an answer, whichever comes first: voices report words in their own spelling.
    """

    part = "tts"

    def __init__(self, members: Sequence[Member], listener: SessionListener, text: SpeechText) -> None:
        super().__init__(members, listener)
        self._speech_text = text
        self._silent: set[int] = set()
        self._text = WholeSentences(SimpleTextAggregator(), text)
        self._owed: list[Frame] = []
        self._spoken = 0
        self._sounding = False
        self._announced: set[int] = set()
        self._open = False
        """Whether the beginning of an answer has come out, and its end has not."""

    @property
    def busy(self) -> bool:
        return self._head() is not None

    def is_work(self, frame: Frame, direction: FrameDirection) -> bool:
        return direction is FrameDirection.DOWNSTREAM and not isinstance(frame, _NOT_OURS)

    async def take(self, frame: Frame, _direction: FrameDirection) -> None:
        if isinstance(frame, LLMFullResponseStartFrame | TTSSpeakFrame) and not self._owed:
            await self.prefer()
        if isinstance(frame, LLMTextFrame) and not frame.skip_tts:
            async for piece in self._text.aggregate(frame.text):
                await self._owe(AggregatedTextFrame(piece.text, piece.type, raw_text=piece.text))
            return
        if isinstance(frame, LLMFullResponseEndFrame) and not frame.skip_tts:
            rest = await self._text.flush()
            if rest:
                await self._owe(AggregatedTextFrame(rest.text, rest.type, raw_text=rest.text))
        await self._owe(frame)

    def passes(self, frame: Frame) -> Sequence[Frame]:
        if isinstance(frame, TTSAudioRawFrame):
            self._sounding = True
            if self.deadline:
                self.wait()
        elif isinstance(frame, TTSTextFrame):
            self._count(frame.text)
        elif isinstance(frame, AggregatedTextFrame):
            self._announced.add(frame.id)
        elif isinstance(frame, TTSStoppedFrame):
            self._stopped()
        else:
            self._emitted(frame)
        return (frame,)

    def left(self) -> Sequence[Directed]:
        head = self._head()
        if head is not None and self._spoken:
            self._owed[self._owed.index(head)] = replace(head, text=_after(head.text, self._spoken))
        self._spoken, self._sounding = 0, False
        self._announced.clear()
        return [(frame, FrameDirection.DOWNSTREAM) for frame in (*self._beginning(), *self._owed)]

    def forget(self) -> None:
        self._owed = [frame for frame in self._owed if not frame.interruptible]
        self._spoken, self._sounding, self._open = 0, False, False
        self._announced.clear()

    def overdue(self) -> None:
        """Silence after sound is the end of what was to be said: the words may be counted otherwise."""
        self.deadline.lift()
        if self._sounding:
            self._said_up_to(len(self._owed))
        else:
            super().overdue()

    async def _interrupted(self, frame: Frame, direction: FrameDirection) -> None:
        await self._text.handle_interruption()
        await super()._interrupted(frame, direction)

    async def _owe(self, frame: Frame) -> None:
        """Note what is to be said, or what has its place between sentences, and hand it on."""
        idle = not self.busy
        if isinstance(frame, Sentence) and self._speech_text.is_silent(frame.text):
            self._silent.add(frame.id)
        self._owed.append(frame)
        if idle and self.busy:
            self._sounding = False
            self.wait()
        await self.give(frame)

    def _beginning(self) -> Sequence[Frame]:
        """Tells a voice that goes on with an answer that it is one; without, it says each sentence by itself
        and waits 3 s behind it. The line has been told already."""
        if not self._open:
            return ()
        begun = LLMFullResponseStartFrame()
        begun.metadata[OURS] = self.name
        return (begun,)

    def _head(self) -> Sentence | None:
        """The oldest sentence that was not spoken; what the voice is given nothing of makes no sound."""
        sentences = (frame for frame in self._owed if isinstance(frame, Sentence))
        return next((s for s in sentences if _letters(s.text) and s.id not in self._silent), None)

    def _count(self, text: str) -> None:
        """Note spoken words; a sentence is done when as many letters have been spoken as it has."""
        self._spoken += _letters(text)
        head = self._head()
        while head is not None and self._spoken >= _letters(head.text):
            self._spoken -= _letters(head.text)
            self._said_up_to(self._owed.index(head) + 1)
            head = self._head()

    def _stopped(self) -> None:
        """A voice is at the end of what it was told to say; one that stayed silent says so as well."""
        head = self._head()
        if head is None or not self._sounding:
            return
        done = [n for n, frame in enumerate(self._owed) if frame is head or frame.id in self._announced]
        if isinstance(head, TTSSpeakFrame) or head.id in self._announced:
            self._spoken = 0
            self._said_up_to((done[0] if isinstance(head, TTSSpeakFrame) else done[-1]) + 1)

    def _emitted(self, frame: Frame) -> None:
        """What was between sentences has come out; at the end of an answer all before it is done."""
        if isinstance(frame, LLMFullResponseStartFrame | LLMFullResponseEndFrame):
            self._open = isinstance(frame, LLMFullResponseStartFrame)
        place = next((n for n, owed in enumerate(self._owed) if owed.id == frame.id), None)
        if place is None:
            return
        del self._owed[place]
        if isinstance(frame, LLMFullResponseEndFrame):
            self._spoken = 0
            self._said_up_to(place)

    def _said_up_to(self, place: int) -> None:
        """The sentences before ``place`` have been spoken, and the next one is due."""
        self._owed = [
            frame for n, frame in enumerate(self._owed) if n >= place or not isinstance(frame, Sentence)
        ]
        self._sounding = False
        if self.busy:
            self.wait()
        else:
            self.deadline.lift()
            self.succeeded()


def _letters(text: str) -> int:
    return sum(character.isalnum() for character in text)


def _after(text: str, letters: int) -> str:
    """``text`` without the words that contain its first ``letters`` letters and digits.

    >>> _after("We are open.", 5)
    'open.'
    >>> _after("営業時間です。", 4)
    'です。'
    """
    words = pieces(text)
    while len(words) > 1 and letters >= _letters(words[0]):
        letters -= _letters(words.pop(0))
    return "".join(words).strip()
