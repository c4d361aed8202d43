"""The word error rate of a transcript."""

from __future__ import annotations

import re
from collections.abc import Sequence


def words(text: str) -> list[str]:
    """In lower case and without punctuation.

    >>> words("What's the score?")
    ["what's", 'the', 'score']
    """
    return re.findall(r"[a-z0-9']+", text.lower())


def word_errors(wanted: Sequence[str], heard: Sequence[str]) -> int:
    """Words to change, add or leave out: Levenshtein's distance.

    >>> word_errors(["what's", "the", "score"], ["what", "score"])
    2
    """
    row = list(range(len(heard) + 1))
    for number, word in enumerate(wanted, 1):
        last, row[0] = row[0], number
        for place, other in enumerate(heard, 1):
            last, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, last + (word != other))
    return row[-1]
