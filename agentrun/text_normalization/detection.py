"""Detects the language of a text by its most frequent words."""

from __future__ import annotations

import re

from agentrun.text_normalization.languages import VOCABULARIES

_WORD = re.compile(r"(?:(?:^|[.!?]\s+)\W{0,8}[^\W\d_]|(?<![^\W\d_])[^\W\d_A-ZÀ-ÖØ-Þ])[^\W\d_]+")
"""A word that is no name: in small letters, or the first of a sentence."""
_MARKS = " \t\n.,;:!?¿¡\"'()*_#>-–—“”„«»…"
_ADDRESS = re.compile(r"\S*(?:://|@|www\.)\S*")


def language_of(text: str, usual: str, enough: int = 2) -> str:
    """The code of the language that ``text`` is in; ``usual`` where it has fewer than ``enough`` of another's
    frequent words, or half as many of its own.

    >>> language_of("Wir haben einen Tisch für Sie, und der Preis ist 5,50 €.", "en")
    'de'
    >>> language_of("$12.50", "fr")
    'fr'
    """
    words = {word.strip(_MARKS).lower() for word in _WORD.findall(_ADDRESS.sub(" ", text))}
    counts = {code: len(words & one.frequent) for code, one in VOCABULARIES.items()}
    best = max(counts, key=lambda code: (counts[code], code == usual))
    return best if counts[best] >= enough and counts[best] > 2 * counts.get(usual, 0) else usual
