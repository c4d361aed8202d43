"""Numbers, spoken and written."""

from __future__ import annotations

import re

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_LARGE = "twenty thirty forty fifty sixty seventy eighty ninety"
_BY_WORD = {
    **{word: number for number, word in enumerate(_SMALL.split())},
    **{word: (number + 2) * 10 for number, word in enumerate(_LARGE.split())},
}
_ANY_SMALL = _SMALL.replace(" ", "|")
_ANY_LARGE = _LARGE.replace(" ", "|")
_NUMBER = re.compile(
    rf"\b\d[\d,]*(?:\.\d+)?\b|\b(?:{_ANY_LARGE})(?:[ -](?:{_ANY_SMALL}))?\b|\b(?:{_ANY_SMALL})\b",
    re.IGNORECASE,
)


def find_number(said: str, *, whole: bool) -> tuple[int | float, slice] | None:
    """The first number in ``said``, and where it stands.

    >>> find_number("A table for twenty-one, please", whole=True)
    (21, slice(12, 22, None))
    """
    for match in _NUMBER.finditer(said):
        number = as_number(match[0])
        if number == int(number):
            return int(number), slice(*match.span())
        if not whole:
            return number, slice(*match.span())
    return None


def as_number(text: str) -> float:
    """``twenty-one``, ``1,200`` or ``2.5`` as a number."""
    if text[0].isdigit():
        return float(text.replace(",", ""))
    return float(sum(_BY_WORD[word] for word in re.split(r"[ -]", text.lower())))
