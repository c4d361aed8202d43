"""Regions and postal codes at the end of an address."""

from __future__ import annotations

import re
from functools import cache

from agentrun.text_normalization.languages import VOCABULARIES
from agentrun.text_normalization.vocabulary import Vocabulary


def spoken(text: str, words: Vocabulary) -> str:
    """``text`` with its regions by their full names, and their postal codes digit by digit.

    >>> spoken("Springfield, IL 62704", VOCABULARIES["en"])
    'Springfield, Illinois, 6 2 7 0 4'
    """
    if not words.regions:
        return text
    return _pattern(words.code).sub(lambda found: _said(found, words), text)


@cache
def _pattern(language: str) -> re.Pattern[str]:
    short = "|".join(VOCABULARIES[language].regions)
    return re.compile(rf"(?<=, )({short})(?:,? (\d{{5}}|\d(?: \d){{4}}))?(?![\w])")


def _said(found: re.Match[str], words: Vocabulary) -> str:
    name = words.regions[found[1]]
    return f"{name}, {' '.join(found[2].replace(' ', ''))}" if found[2] else name
