"""Words that are written in one way and said in another."""

from __future__ import annotations

import re
from collections.abc import Mapping

_FIRST = 0xE000
"""Of Unicode's private signs, which stand for such a word until all others are written out."""
_MOST = 6_000


class Pronunciation:
    """``words`` is what each is to sound like; longest first, whole words, and whatever their case.

    >>> spoken = Pronunciation({"Rosa's": "ROH-zahs"})
    >>> spoken.restore(spoken.protect("Welcome to Rosa's."))
    'Welcome to ROH-zahs.'
    """

    def __init__(self, words: Mapping[str, str]) -> None:
        entries = sorted(words.items(), key=lambda each: -len(each[0]))[:_MOST]
        self._sounds = [sound for _, sound in entries]
        self._places = {word.lower(): place for place, (word, _) in enumerate(entries)}
        every = "|".join(re.escape(word) for word, _ in entries)
        self._pattern = re.compile(rf"(?<!\w)(?:{every})(?!\w)", re.IGNORECASE) if entries else None

    def protect(self, text: str) -> str:
        """``text`` with a private sign for each such word."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: chr(_FIRST + self._places[found[0].lower()]), text)

    def restore(self, text: str) -> str:
        """``text`` with what each of those words sounds like."""
        last = _FIRST + len(self._sounds)
        return "".join(
            self._sounds[ord(sign) - _FIRST] if _FIRST <= ord(sign) < last else sign for sign in text
        )
