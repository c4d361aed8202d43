"""Prepares the model's text for the voice: drops what is not spoken, and normalizes sentences."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace

from pipecat.frames.frames import (
    Frame,
    FunctionCallsStartedFrame,
    InterruptionFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.utils.text.base_text_aggregator import TextType

from agentrun.plan.plan import Plan
from agentrun.text_normalization import HiddenText, Normalizer, SpeakerLabel, ThinkingAhead, symbols

_KEPT_SENTENCES = 100
_SHORT = 1_000
"""Characters of an answer of which it is looked at whether anything is said."""
_HELD_BACK = 2
"""Answers in a row that are held back for an end of thinking, and have none, before one is not."""


class SpeechText:
    """The ``normalizer`` of a call, which a handoff replaces; None leaves every text as it is."""

    def __init__(self, normalizer: Normalizer | None) -> None:
        self.normalizer = normalizer
        self._sentences: deque[tuple[str, str]] = deque(maxlen=_KEPT_SENTENCES)

    @property
    def language(self) -> str:
        """The language of what is said, such as ``de``; empty where texts stay as they are."""
        return self.normalizer.language if self.normalizer else ""

    def spoken(self, text: str) -> str:
        """What is said of whole sentences; empty where that is nothing."""
        return self.normalizer.spoken(text) if self.normalizer else text

    async def transform(self, text: str, text_type: str | TextType) -> str:
        """A text transform for Pipecat's speech services; single tokens are too little to be read."""
        if text_type == TextType.TOKEN or self.normalizer is None:
            return text
        words = self.spoken(text)
        self._note(text, words)
        return words

    def is_silent(self, text: str) -> bool:
        """Whether the voice is given nothing of a sentence."""
        return not symbols.is_speakable(self.spoken(text))

    def said(self, written: str) -> str:
        """What was said of ``written``: sentences that have been spoken, one after the other."""
        rest, parts = " ".join(written.split()), []
        for sentence, words in self._sentences:
            if sentence and rest.startswith(sentence) and _ends(sentence, rest[len(sentence) :]):
                rest = rest[len(sentence) :].lstrip()
                parts.append(words)
        return " ".join(part for part in (*parts, self.spoken(rest)) if part)

    def _note(self, written: str, spoken: str) -> None:
        self._sentences.append((" ".join(written.split()), spoken))


def _ends(sentence: str, after: str) -> bool:
    """Whether ``sentence`` is a whole one before ``after``: ``12.`` is none in ``12.50``."""
    return not after or after[0].isspace() or not sentence[-1].isascii()


def of(plan: Plan) -> SpeechText:
    """How the texts of ``plan`` are said.

    The language is that of the voice, else that of the transcription, else the one its prompt is written in.
    """
    return SpeechText(normalizer(plan))


def normalizer(plan: Plan) -> Normalizer | None:
    """The normalizer of ``plan``, or None where its spec wants texts as they are."""
    spec = plan.spec
    if spec.pipeline.style == "realtime" or spec.pipeline.tts.text == "raw":
        return None
    return Normalizer(plan.language, spec.pronounce)


class HiddenTextFilter(FrameProcessor):
    """Stands behind the model: thinking, code, leaked calls of tools and who speaks go no further.

    Of a model that has ended its thinking without a beginning all is held back, from its next answer on, that
    comes before such an end: where a server's template begins it, nothing tells thinking from words. After
    ``_HELD_BACK`` answers in a row without one it is a model as others are.
    ``unsaid`` is given an answer of which not all is said, as the model wrote it, and why. With ``writes``
    the answers are read, and may have objects in them that are no calls.
    """

    def __init__(self, text: SpeechText, unsaid: Callable[[str, str], None], *, writes: bool = False) -> None:
        super().__init__()
        self._text = text
        self._unsaid = unsaid
        self._writes = writes
        self._to_hold_back = 0
        self._begin()

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if direction is FrameDirection.UPSTREAM or self._text.normalizer is None:
            await self.push_frame(frame, direction)
        elif isinstance(frame, LLMTextFrame):
            await self._words(frame)
        else:
            if isinstance(frame, LLMFullResponseEndFrame):
                await self._end()
            elif isinstance(frame, LLMFullResponseStartFrame | InterruptionFrame):
                self._begin()
            elif isinstance(frame, FunctionCallsStartedFrame):
                self._calls_tools = True
            await self.push_frame(frame, direction)

    def _begin(self) -> None:
        self._hidden = HiddenText(says_objects=self._writes)
        self._thinking = ThinkingAhead() if self._to_hold_back else None
        self._label = SpeakerLabel()
        self._written: list[str] = []
        self._visible: list[str] = []
        self._calls_tools = False
        self._last: LLMTextFrame | None = None

    async def _words(self, frame: LLMTextFrame) -> None:
        self._last = frame
        self._written.append(frame.text)
        text = self._thinking.visible(frame.text) if self._thinking else frame.text
        await self._push(frame, self._label.visible(self._hidden.visible(text)))

    async def _end(self) -> None:
        if self._last:
            rest = self._hidden.visible(self._thinking.rest()) if self._thinking else ""
            await self._push(self._last, self._label.visible(rest + self._hidden.rest()) + self._label.rest())
        text = "".join(self._written).strip()
        if text and not self._calls_tools and not self._is_said("".join(self._visible)):
            self._unsaid(text, "nothing of it can be said")
        elif self._hidden.found or self._label.found or (self._thinking and self._thinking.found):
            self._unsaid(text, "a part of it is not for the caller")
        self._learn()
        self._begin()

    def _learn(self) -> None:
        """Whether the model thinks first; a call of a tool may come without thinking and words."""
        if self._hidden.thought_aloud or (self._thinking and self._thinking.found):
            self._to_hold_back = _HELD_BACK
        elif self._to_hold_back and self._last and not self._calls_tools:
            self._to_hold_back -= 1

    def _is_said(self, text: str) -> bool:
        return symbols.is_speakable(text) and (len(text) > _SHORT or not self._text.is_silent(text))

    async def _push(self, frame: LLMTextFrame, text: str) -> None:
        if text:
            self._visible.append(text)
            await self.push_frame(frame if text == frame.text else _with_text(frame, text))


def _with_text(frame: LLMTextFrame, text: str) -> LLMTextFrame:
    changed = replace(frame, text=text)
    changed.skip_tts, changed.append_to_context = frame.skip_tts, frame.append_to_context
    return changed
