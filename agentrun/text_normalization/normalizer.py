"""One sentence of a model, as the voice is given it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from agentrun.text_normalization import (
    abbreviations,
    addresses,
    dates,
    markdown,
    money,
    numbers,
    postal_codes,
    symbols,
    telephone,
)
from agentrun.text_normalization.detection import language_of
from agentrun.text_normalization.languages import VOCABULARIES
from agentrun.text_normalization.pronunciation import Pronunciation
from agentrun.text_normalization.unspoken_text import HiddenText

_CODE_CALL = re.compile(r"(?<![\w.])(?:functions\.)?[a-z]+(?:_[a-z0-9]+)+\([^()]*\)")
"""A call as code has it, such as ``order_status(number=7)``."""
LONGEST = 1_000
"""Characters that are read at once, which bounds the time that it takes; a sentence has some hundred."""


class Normalizer:
    """``language`` is the voice's, such as ``en`` or ``de-AT``; each text may be in another that it tells.

    Without a vocabulary for the language, what can't be said is left out, and numbers stay as they are.
    ``pronounce`` is what words are to sound like.

    >>> Normalizer("en").spoken("**Sure!** It costs $5 😊, see [our page](https://rosa.example).")
    'Sure! It costs 5 dollars, see our page.'
    """

    def __init__(self, language: str, pronounce: Mapping[str, str] | None = None) -> None:
        self._language, _, region = language.replace("_", "-").partition("-")
        self._language = self._language.lower()
        self._day_first = None if self._language != "en" or region.upper() in ("", "US", "CA") else True
        self._pronunciation = Pronunciation(pronounce or {})

    def spoken(self, text: str) -> str:
        """What is to be said of ``text``, which is whole sentences; empty where that is nothing."""
        hidden = HiddenText()
        text = hidden.visible(text) + hidden.rest()
        pieces = (text[start : start + LONGEST] for start in range(0, len(text), LONGEST))
        return " ".join(part for part in map(self._spoken, pieces) if part)

    def _spoken(self, text: str) -> str:
        text = self._pronunciation.protect(text)
        text = markdown.plain(_CODE_CALL.sub("", symbols.without_pictures(text)))
        return self._pronunciation.restore(symbols.tidy(self._in_words(text)))

    def _in_words(self, text: str) -> str:
        words = VOCABULARIES.get(self._language_of(text))
        text = addresses.spoken(text, words)
        if words is None:
            return telephone.spoken(text, words)
        text = dates.spoken(text, words, day_first=self._day_first if words.code == "en" else None)
        text = numbers.spoken_ranges(telephone.spoken(text, words), words)
        text = money.spoken(dates.spoken_times(text, words), words)
        text = abbreviations.spoken(postal_codes.spoken(text, words), words)
        return symbols.as_words(numbers.spoken(text, words), words)

    def _language_of(self, text: str) -> str:
        """A language without a vocabulary is left alone: its own words may look like another's."""
        return language_of(text, self._language) if self._language in VOCABULARIES else self._language
