"""Words that are pronounced differently from their spelling: ``pronounce:``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

_FIRST = 0xE000
"""Of Unicode's private signs, which stand for such a word until all others are written out."""
_MOST = 6_000
_PRIVATE = re.compile("[\ue000-\uf8ff]")
_ADDRESS = (
    r"[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,6}[a-z]{2,24}|(?:https?://|www\.)[^\s<>\"'`)\]]+"
    r"|(?<![\w.])(?:[\w-]{1,63}\.){1,6}(?-i:[a-z]{2,24})(?=/)[^\s<>\"'`)\]]*"
)
_BEFORE, _AFTER = r"(?<![\w@])(?<!\w[.])", r"(?!\w|(?-i:\.[a-z0-9])|[\w.+%-]{0,64}@\w)"
_BEFORE_FIGURE, _AFTER_FIGURE = r"(?<![\w@$€£¥₹])(?<![\d][.,:/-])", r"(?![\w@]|[.,:/-]\d| ?[%€$£¥₹])"


class Pronunciation:
    """``words`` is what each is to sound like; longest first, whole words, and whatever their case.

    A word that is all capitals is met in capitals alone, and none is met within an address or a figure.

    >>> spoken = Pronunciation({"Rosa's": "ROH-zahs", "IT": "I T"})
    >>> spoken.restore(spoken.protect("Welcome to Rosa's, it is by IT."))
    'Welcome to ROH-zahs, it is by I T.'
    """

    def __init__(self, words: Mapping[str, str]) -> None:
        entries = sorted(
            ((unicodedata.normalize("NFC", word), sound) for word, sound in words.items() if word.strip()),
            key=lambda each: -len(each[0]),
        )[:_MOST]
        self._sounds = [sound for _, sound in entries]
        every = "|".join(_entry(word) for word, _ in entries)
        self._pattern = re.compile(rf"{every}|{_ADDRESS}", re.IGNORECASE) if entries else None

    def protect(self, text: str) -> str:
        """``text`` with a private sign for each such word; without those that it had."""
        text = _PRIVATE.sub(" ", text)
        if self._pattern is None:
            return text
        return self._pattern.sub(
            lambda found: chr(_FIRST + found.lastindex - 1) if found.lastindex else found[0], text
        )

    def restore(self, text: str) -> str:
        """``text`` with what each of those words sounds like."""
        return _PRIVATE.sub(lambda found: self._sounds[ord(found[0]) - _FIRST], text)


def _entry(word: str) -> str:
    """A pattern for ``word`` alone, with one group."""
    literal = re.escape(word)
    if len(word) > 1 and word.isupper():
        literal = f"(?-i:{literal})"
    start = _BEFORE_FIGURE if word[0].isdigit() else _BEFORE
    end = _AFTER_FIGURE if word[-1].isdigit() else _AFTER
    return f"{start}({literal}){end}"
