"""Expands abbreviations."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from agentrun.text_normalization.languages import VOCABULARIES
from agentrun.text_normalization.vocabulary import Vocabulary

_Word = str | Callable[[re.Match[str]], str]
_INITIALS = re.compile(r"\b(?:[A-Z]\.){2,}(\s*$)?")


def spoken(text: str, words: Vocabulary) -> str:
    """``text`` with its abbreviations written out, and initials without their dots.

    >>> from agentrun.text_normalization.languages import VOCABULARIES
    >>> spoken("Dr. Smith, 12 Main St., is in the U.S. office.", VOCABULARIES["en"])
    'Doctor Smith, 12 Main Street, is in the U S office.'
    """
    ended = text.rstrip().endswith(".")
    for pattern, word in _compiled(words.code):
        text = pattern.sub(word, text)
    text = _INITIALS.sub(_letters, text)
    return f"{text}." if ended and text[-1:].isalnum() else text


@cache
def _compiled(language: str) -> tuple[tuple[re.Pattern[str], _Word], ...]:
    return tuple((re.compile(pattern), word) for pattern, word in VOCABULARIES[language].abbreviations)


def _letters(found: re.Match[str]) -> str:
    """``U.S.`` as ``U S``; at the end of a text its last dot ends the sentence."""
    letters = " ".join(found[0].strip().rstrip(".").split("."))
    return letters if found[1] is None else f"{letters}."
