"""Telephone numbers and other long numbers, digit by digit, with the pauses of their groups."""

from __future__ import annotations

import re

from agentrun.text_normalization.vocabulary import Vocabulary

_INTERNATIONAL = re.compile(r"(?<![\w+])(?:\+|00(?=[1-9]\d{1,2}[ /-]))\d[\d ()./-]{6,20}\d(?!\w)")
_NORTH_AMERICAN = re.compile(
    r"(?<![\w.])(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?!\w)|(?<![\w.-])\d{3}-\d{4}(?![\w-])"
)
_WITH_ZERO = re.compile(r"(?<![\w.,:/-])\(?0\d{1,5}\)?[ /-]\d[\d -]{3,14}\d(?![\w,/]\w)")
_DASHED = re.compile(r"(?<![\w-])\d{2,6}(?:-\d{2,6}){2,}(?![\w-])|(?<![\w-])\d{5}-\d{4}(?![\w-])")
_LONG = re.compile(r"(?<![\w.,+])\d{7,24}(?![\w]|[.,]\d)")
_LEADING_ZERO = re.compile(r"(?<![\w.,:/-])0\d{1,5}(?![\w]|[.,:/-]\d)")
_LONGEST_GROUP = 4


def spoken(text: str, words: Vocabulary | None) -> str:
    """``text`` with the digits of its long numbers one by one.

    >>> from agentrun.text_normalization.languages import VOCABULARIES
    >>> spoken("Call +1 (415) 555-0123.", VOCABULARIES["en"])
    'Call plus 1, 4 1 5, 5 5 5, 0 1 2 3.'
    """
    plus = words.plus if words else "+"
    for pattern in (_INTERNATIONAL, _NORTH_AMERICAN, _DASHED, _WITH_ZERO, _LONG, _LEADING_ZERO):
        text = pattern.sub(lambda found: _number(found[0], plus), text)
    return text


def _number(written: str, plus: str) -> str:
    """One number, its groups one after the other."""
    groups = [piece for group in re.findall(r"\d+", written) for piece in _pieces(group)]
    text = ", ".join(" ".join(group) for group in groups)
    return f"{plus} {text}" if written.startswith("+") else text


def _pieces(digits: str) -> list[str]:
    """A long group in threes, the last of them of up to four."""
    pieces = []
    while len(digits) > _LONGEST_GROUP:
        pieces.append(digits[:3])
        digits = digits[3:]
    return [*pieces, digits]
