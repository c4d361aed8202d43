"""Normalizes one sentence of a model for the voice."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator, Mapping

from agentrun.text_normalization import (
    abbreviations,
    addresses,
    dates,
    latex,
    markdown,
    money,
    numbers,
    rates,
    symbols,
    telephone,
    written_amounts,
)
from agentrun.text_normalization.detection import language_of
from agentrun.text_normalization.languages import VOCABULARIES, regions
from agentrun.text_normalization.pronunciation import Pronunciation
from agentrun.text_normalization.unspoken import stage_directions
from agentrun.text_normalization.unspoken.unspoken_text import HiddenText
from agentrun.text_normalization.vocabulary import Vocabulary

_CODE_CALL = re.compile(
    r"(?<![\w.])(?:print\()?(?:(?:functions|default_api)\.)?(?:[a-z]+(?:_[a-z0-9]+)+\([^()]*\)"
    r"|[a-z]+(?:[A-Z][a-z0-9]+)+\((?:[^()]*[=:\"'][^()]*|\s*)\))\)?"
)
"""A call as code has it, such as ``order_status(number=7)``, or ``print(default_api.orderStatus())``."""
_RECIPIENT = re.compile(
    r"(?:\bassistant )?(?:\b(?:commentary|analysis) )?\bto=(?:functions|tools|browser|python)\b[\w.]*"
    r"(?: (?:commentary|analysis|code|json)\b)*"
)
"""To whom gpt-oss writes what it says to a tool, where a server has left its marks out."""
_SPACES = str.maketrans("\u00a0\u202f\u2007\u2009", "    ")
"""Spaces that stand within figures."""
_WIDE_COMMA = re.compile(r"(?<=\d)，(?=\d{3}(?!\d))")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z]{2,31});")
"""A sign as HTML has it."""
_ENOUGH = 3
"""Frequent words of another language that a sentence has to have: titles and names have two."""
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
        self._language, self._region = self._language.lower(), region.upper()
        self._day_first = None if self._language != "en" or self._region in ("", "US", "CA") else True
        self._pronunciation = Pronunciation(pronounce or {})

    @property
    def language(self) -> str:
        """The voice's language, without its region."""
        return self._language

    def spoken(self, text: str) -> str:
        """What is to be said of ``text``, which is whole sentences; empty where that is nothing."""
        hidden = HiddenText()
        text = hidden.visible(text) + hidden.rest()
        return " ".join(part for part in map(self._spoken, _pieces(text)) if part)

    def _spoken(self, text: str) -> str:
        text = _ENTITY.sub(lambda found: html.unescape(found[0]), text) if "&" in text else text
        text = _WIDE_COMMA.sub(",", unicodedata.normalize("NFC", text).translate(_SPACES))
        words = self._vocabulary(text)
        text = latex.plain(text, words)
        text = _RECIPIENT.sub("", stage_directions.without_directions(text))
        text = symbols.without_pictures(_CODE_CALL.sub("", self._pronunciation.protect(text)), words)
        text = markdown.plain(
            telephone.spoken_codes(text, words) if words else text,
            ordinals=words is None or words.code == "de",
        )
        text = symbols.tidy(self._in_words(text, words), has_words=words is not None)
        return self._pronunciation.restore(text)

    def _in_words(self, text: str, words: Vocabulary | None) -> str:
        text = addresses.spoken(text, words)
        if words is None:
            return telephone.spoken(text, words)
        text = dates.spoken(text, words, day_first=self._day_first if words.code == "en" else None)
        text = rates.spoken(written_amounts.plain(text, words), words)
        text = numbers.with_own_thousands(text, words)
        text = numbers.spoken_ranges(telephone.spoken(text, words), words)
        text = money.spoken(dates.spoken_times(text, words), words)
        text = abbreviations.spoken(addresses.spoken_regions(text, words), words)
        return symbols.as_words(numbers.spoken(text, words), words)

    def _vocabulary(self, text: str) -> Vocabulary | None:
        """A language without a vocabulary is left alone: its own words may look like another's."""
        if self._language not in VOCABULARIES:
            return None
        words = VOCABULARIES[language_of(text, self._language, _ENOUGH)]
        return regions.adapted(words, self._region) if words.code == self._language else words


def _pieces(text: str) -> Iterator[str]:
    """``text`` in pieces of a bounded length, cut between words where there are any."""
    start = 0
    while start < len(text):
        end = start + LONGEST
        if end < len(text):
            end = max(text.rfind(" ", start, end), text.rfind("\n", start, end)) + 1 or end
            end = end if end > start else start + LONGEST
        yield text[start:end]
        start = end
