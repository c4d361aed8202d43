"""Finds telephone and card numbers in running text, also when spoken: "four one five, double five …"."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from agentrun.records.redaction import number_words

PHONE_DIGITS = 7
"""As many digits in a row, or more, count as a telephone number: E.164 has at most 15, and two may follow."""
_CARD_DIGITS = range(13, 20)
"""ISO/IEC 7812 has up to 19; the shortest in use has 13."""
_TIMES = {"double": 2, "triple": 3, "treble": 3}
_BETWEEN = frozenset(
    {"dash", "hyphen", "minus", "dot", "plus", "space", "then", "and", "uh", "er", "um", "ah"}
)
_COUNTED = (
    "dollars?|euros?|pounds?|francs?|yen|cents?|people|persons?|fans?|visitors?|users?|votes?|points?|miles?|meters?|"
    "metres?|kilometers?|kilometres?|feet|calls?|times|copies|units|shares|bytes|words|tokens|inhabitants|"
    "residents|students|tickets|views|followers|Euro|Menschen|personas|habitantes"
)
_BEFORE_AMOUNTS = (
    "costs?|cost us|about|nearly|almost|around|over|under|than|paid|pay|worth|totals?|totalling|raised|"
    "earned|sold|population of|attendance of|budget of|revenue of|salary of|price of|sum of|amount of"
)
"""What tells an amount with commas from a telephone number that was written down with commas."""
_NO_NUMBER = (
    r"(?<!\d)\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?(?!\d|-\d)",  # a date
    r"(?<![\d/.-])\d{1,2}(?P<sep>[/.])\d{1,2}(?P=sep)\d{4}(?![/.-]?\d)",
    r"(?<![\d:])\d{1,2}:\d\d(?::\d\d(?:[.,]\d+)?)?(?![\d:])",  # a time
    r"(?<![\d,.+])\d{1,3}(?:,\d{3})+\.\d{1,2}(?!,?\d)",  # an amount
    r"(?<![\d,.+])\d{1,3},\d{3}(?!,?\d)",
    r"[$€£¥]\s?\d{1,3}(?:,\d{3})+(?!,?\d)",
    rf"(?<![\d,.+])\d{{1,3}}(?:,\d{{3}})+(?=\s*(?:{_COUNTED})\b)",
    rf"\b(?:{_BEFORE_AMOUNTS})\s+\d{{1,3}}(?:,\d{{3}})+(?!,?\d)",
    r"(?<![\d.+])\d{1,6}\.\d{1,2}(?!\.?\d)",
    r"(?<![0-9A-Za-z])[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?![0-9A-Za-z])",  # an id
    r"(?<![0-9A-Za-z])(?:[A-Z]{2}|[a-z]{2,8}[_-])?(?=[0-9]*[a-f])[0-9a-f]{16,}(?![0-9A-Za-z])",
)
_SIGN = rf"[{''.join(number_words.SIGNS)}]"
_FEWEST_SIGNS = 3
"""Of Chinese, Japanese or Korean digits in a row: each of them alone is a word as well."""
_GAP = re.compile(r"[\s._,()/+*#·•\[\]'’‐-―−-]{0,6}")


@dataclass(frozen=True)
class NumberMatch:
    """A number in a text; ``kind`` is ``phone`` or ``card``."""

    kind: str
    start: int
    end: int


@dataclass(frozen=True)
class _Part:
    digits: str
    start: int
    end: int
    word: str = ""
    """Of a number that is spoken: what said it, or said its end."""


def find(text: str, kinds: frozenset[str]) -> Iterator[NumberMatch]:
    """The numbers of ``kinds`` in ``text``, from left to right.

    A card has 13 to 19 digits that pass Luhn's check. A telephone number is any row of seven digits or more
    that is not a date, an amount or an id: what is one is not told from what looks like one.

    >>> [(one.kind, one.start) for one in find("call four one five, 555 12 34", frozenset({"phone"}))]
    [('phone', 5)]
    """
    for run in _runs(text):
        cards = list(_cards(run)) if "card" in kinds else []
        if "phone" in kinds and sum(len(part.digits) for part in run) >= PHONE_DIGITS:
            yield NumberMatch("card" if cards else "phone", _sign(text, run[0].start), run[-1].end)
            continue
        end = -1
        for first, last in cards:
            if run[last].end > end:
                yield NumberMatch("card", max(run[first].start, end), run[last].end)
                end = run[last].end


@dataclass(frozen=True)
class DigitGroup:
    """Digits that follow each other in a text, and how many they are."""

    digits: int
    start: int
    end: int


def groups(text: str) -> Iterator[DigitGroup]:
    """Every row of digits, of whatever length, from left to right."""
    for run in _runs(text):
        yield DigitGroup(sum(len(part.digits) for part in run), run[0].start, run[-1].end)


@cache
def _token() -> re.Pattern[str]:
    """Compiled when the first text is looked at: it takes 4 ms, and a check of a spec looks at none."""
    signs = rf"{_SIGN}{{{_FEWEST_SIGNS},}}"
    return re.compile(
        rf"(?P<skip>{'|'.join(_NO_NUMBER)})|(?P<digits>\d+)|(?P<word>{signs}|(?:(?!{signs})[^\W\d_])+)"
    )


def _runs(text: str) -> Iterator[list[_Part]]:
    """Digits that follow each other with nothing but signs and small words between them."""
    run: list[_Part] = []
    reached, times = 0, 1
    for match in _token().finditer(text):
        word = match[0].lower()
        follows = _GAP.fullmatch(text, reached, match.start()) is not None
        is_other = word in number_words.ALSO_ENGLISH and not (run and follows and run[-1].word)
        digits = "" if match["skip"] or is_other else _digits(word)
        if run and not follows:
            yield run
            run, times = [], 1
        if word in _TIMES or (run and follows and (word in _BETWEEN or _joins(run[-1], word))):
            times = _TIMES.get(word, times)
        elif digits:
            spoken = word if match["word"] else ""
            _add(run, _Part(digits * times, match.start(), match.end(), spoken))
            times = 1
        elif run:
            yield run
            run, times = [], 1
        reached = match.end()
    if run:
        yield run


def _joins(last: _Part, word: str) -> bool:
    """Whether ``word`` stands between a ten that was spoken and its unit."""
    return word in number_words.JOINTS and len(last.digits) == 2 and last.word != ""


def _add(run: list[_Part], part: _Part) -> None:
    """``part`` to ``run``; "fifty" and "five" are two digits together."""
    last = run[-1] if run else None
    both = number_words.combined(last.word, last.digits, part.word, part.digits) if last and part.word else ""
    if last and both:
        run[-1] = _Part(both, last.start, part.end, part.word)
    else:
        run.append(part)


def _cards(run: list[_Part]) -> Iterator[tuple[int, int]]:
    """The first and the last part of each card in ``run``, by where it begins, the longest of each."""
    digits = "".join(part.digits for part in run)
    ends = list(itertools.accumulate(len(part.digits) for part in run))
    sums = _luhn_sums(digits)
    for first, start in enumerate([0, *ends[:-1]]):
        if digits[start] == "0":
            continue
        found = None
        for last in range(first, len(run)):
            end = ends[last]
            if end - start > _CARD_DIGITS[-1]:
                break
            # counted from the last digit, which is not doubled
            if end - start in _CARD_DIGITS and not (sums[end % 2][end] - sums[end % 2][start]) % 10:
                found = last
        if found is not None:
            yield first, found


def _luhn_sums(digits: str) -> tuple[list[int], list[int]]:
    """ISO/IEC 7812-1, annex B: sums up to each digit for numbers that end after an even one, and an odd one.

    >>> [sums[-1] % 10 for sums in _luhn_sums("4111111111111111")]
    [0, 7]
    """
    sums: tuple[list[int], list[int]] = ([0], [0])
    for place, digit in enumerate(map(int, digits), 1):
        doubled = digit * 2 - 9 if digit > 4 else digit * 2
        for parity in (0, 1):
            sums[parity].append(sums[parity][-1] + (digit if place % 2 == parity else doubled))
    return sums


def _sign(text: str, start: int) -> int:
    """Where a number begins with the signs before it."""
    while start and text[start - 1] in "+(":
        start -= 1
    return start


def _digits(word: str) -> str:
    """What a token says in digits; empty for a word that is none."""
    return _western(word) if word[0].isdecimal() else number_words.digits_of(word)


def _western(digits: str) -> str:
    return "".join(str(int(digit)) for digit in digits)
