"""Which language a text is in, by its most frequent words."""

from __future__ import annotations

import re

from agentrun.text_normalization.languages import VOCABULARIES

_WORD = re.compile(r"[^\W\d_]{2,}")
_ADDRESS = re.compile(r"\S*(?:://|@|www\.)\S*")
_ENOUGH = 2
"""Different frequent words that it takes: one alone stands in several languages."""


def language_of(text: str, usual: str) -> str:
    """The code of the language that ``text`` is in; ``usual`` where the text doesn't tell.

    >>> language_of("Wir haben einen Tisch für Sie, und der Preis ist 5,50 €.", "en")
    'de'
    >>> language_of("$12.50", "fr")
    'fr'
    """
    words = {word.lower() for word in _WORD.findall(_ADDRESS.sub(" ", text))}
    counts = {code: len(words & one.frequent) for code, one in VOCABULARIES.items()}
    best = max(counts, key=lambda code: (counts[code], code == usual))
    return best if counts[best] >= _ENOUGH and counts[best] > 2 * counts.get(usual, 0) else usual
