"""Normalizes text for matching, and maps positions back to the original."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True)
class NormalisedText:
    """``text`` is NFKC without what has no width; its character ``i`` came from ``starts[i]:ends[i]``."""

    text: str
    starts: tuple[int, ...] | None = None
    ends: tuple[int, ...] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where a part of ``text`` stands in what was written.

        >>> normalise("４１\\u200b５!").span(0, 3)
        (0, 4)
        """
        if self.starts is None or self.ends is None or end <= start:
            return start, end
        return self.starts[start], self.ends[end - 1]


def normalise(written: str) -> NormalisedText:
    """``written`` with compatible characters as the usual ones, letters whole, and nothing invisible in it.

    >>> normalise("fu\\u0308nf \\u200b４").text
    'fünf 4'
    """
    if written.isascii():
        return NormalisedText(written)
    letters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    place = 0
    while place < len(written):
        after = place + 1
        while after < len(written) and unicodedata.combining(written[after]):
            after += 1
        if unicodedata.category(written[place]) == "Cf":
            place = after
            continue
        for letter in unicodedata.normalize("NFKC", written[place:after]):
            letters.append(letter)
            starts.append(place)
            ends.append(after)
        place = after
    return NormalisedText("".join(letters), tuple(starts), tuple(ends))


def without_accents(word: str) -> str:
    """``word`` as it is written where there are no accents: ``três`` and ``tres`` are one."""
    if word.isascii():
        return word
    return "".join(one for one in unicodedata.normalize("NFD", word) if not unicodedata.combining(one))
