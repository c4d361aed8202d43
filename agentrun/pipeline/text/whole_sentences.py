"""Splits text into sentences for a voice: a list number stays with its item, an ordinal with its noun."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace

from pipecat.utils.text.base_text_aggregator import Aggregation, BaseTextAggregator, TextType

from agentrun.pipeline.text.speech_text import SpeechText

_NUMERAL = re.compile(r"\s*\d{1,3}[.)]\s*")
"""The number of a list's item, which a sentence splitter takes for a sentence."""
_ORDINAL = re.compile(
    r"(?<!\w)(?:am|im|vom|zum|zur|beim|bis|ab|seit|der|die|das|den|dem|des|jede[rnms]?|und|oder)"
    r" (?:\d{1,2}\.[ –-]*)?\d{1,2}\.$",
    re.IGNORECASE,
)
"""A German ordinal, such as ``im 3.``, which a sentence splitter takes for the end of one."""

_WIDE = {ord("０") + value: str(value) for value in range(10)}
_WIDE_POINT = re.compile(r"(?<=\d)．")
"""A decimal point as Japanese and Chinese write it, which a sentence splitter takes for a full stop."""

LONGEST = 500
"""Characters of a sentence, half a minute of speech. OpenAI's voices refuse more than 4,096, and nothing is
heard before the end of one."""
_CLAUSE = re.compile(r"[,;:、，；：](?=\s|[^\x00-\x7f])|\s[–—-](?=\s)")


class WholeSentences(BaseTextAggregator):
    """Splits by ``inner``, in the language of ``text``, and puts together what belongs together.

    What is held goes out with the next sentence, or at the end of the answer: nothing is lost. A sentence
    that goes on and on is split behind a clause, or a word.
    """

    def __init__(self, inner: BaseTextAggregator, text: SpeechText) -> None:
        super().__init__(aggregation_type=inner.aggregation_type, language=inner.language)
        self._inner = inner
        self._speech_text = text
        self._held: Aggregation | None = None
        self._last = ""
        """The last sign that has come, of those that a wide point is read by."""

    @property
    def text(self) -> Aggregation:
        """What has come, and is no sentence yet."""
        return self._joined(self._inner.text)

    def set_language(self, language: str | None) -> None:
        """Split in another language from here on."""
        super().set_language(language)
        self._inner.set_language(language)

    async def aggregate(self, text: str) -> AsyncIterator[Aggregation]:
        """The sentences that are whole with ``text``."""
        language = self._speech_text.language
        if language and language != self.language:
            self.set_language(language)
        text = self._narrow(text) if language else text
        async for piece in self._inner.aggregate(text):
            whole = self._joined(piece)
            self._held = None
            if self._goes_on(whole):
                self._held = whole
            else:
                for part in _parts(whole):
                    yield part
        if not text.strip() or len(self._inner.text.text) <= LONGEST:
            return
        # what is flushed has lost its last space, which the next piece may need
        tail = text[len(text.rstrip()) :]
        if rest := await self._inner.flush():
            *whole_parts, begun = _parts(self._joined(rest))
            self._held = None
            for part in whole_parts:
                yield part
            async for part in self._inner.aggregate(begun.text.rstrip() + tail):
                yield part

    async def flush(self) -> Aggregation | None:
        """What is left at the end of an answer, such as the whole answer ``12.``."""
        rest, held = await self._inner.flush(), self._held
        whole = self._joined(rest) if rest else held
        self._held = None
        return whole

    async def handle_interruption(self) -> None:
        """What was held is not said any more."""
        self._held, self._last = None, ""
        await self._inner.handle_interruption()

    async def reset(self) -> None:
        """Begin anew."""
        self._held, self._last = None, ""
        await self._inner.reset()

    def _narrow(self, text: str) -> str:
        """``text`` with its wide figures as others are, and the point behind one as a decimal point."""
        signs = _WIDE_POINT.sub(".", self._last + text.translate(_WIDE))[len(self._last) :]
        self._last = signs[-1:] or self._last
        return signs

    def _joined(self, piece: Aggregation) -> Aggregation:
        if self._held is None:
            return piece
        return replace(piece, text=f"{self._held.text.rstrip()} {piece.text.lstrip()}")

    def _goes_on(self, piece: Aggregation) -> bool:
        if type(piece) is not Aggregation or piece.type != TextType.SENTENCE:
            return False
        language = self._speech_text.language
        if _NUMERAL.fullmatch(piece.text):
            return bool(language)
        return language.startswith("de") and _ORDINAL.search(piece.text[-40:]) is not None


def _parts(piece: Aggregation) -> list[Aggregation]:
    """``piece`` as it is, or one after the other where it is longer than a sentence may be."""
    parts = []
    while len(piece.text) > LONGEST:
        place = _end_of_clause(piece.text)
        parts.append(replace(piece, text=piece.text[:place]))
        piece = replace(piece, text=piece.text[place:].lstrip())
    return [*parts, piece]


def _end_of_clause(text: str) -> int:
    """Where to split the first ``LONGEST`` characters of ``text``: behind a clause, else between words."""
    head = text[:LONGEST]
    ends = [match.end() for match in _CLAUSE.finditer(head)] or [head.rfind(" ")]
    return ends[-1] if ends[-1] > LONGEST // 2 else max(head.rfind(" "), 0) or LONGEST
