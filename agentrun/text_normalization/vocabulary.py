"""A language's words for numbers, units and symbols."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Currency = tuple[str, str, str, str]
"""One of it, several of it, one of its hundredths, several of them."""
Unit = tuple[str, str]
"""One of it, several of it."""
Abbreviation = tuple[str, str | Callable[[re.Match[str]], str]]
"""A regular expression, and what it is replaced by."""


@dataclass(frozen=True)
class Vocabulary:
    """One language. ``decimal`` is the sign before a fraction, ``point`` the word for it.

    ``date`` is filled with ``day``, ``month`` and ``year``; ``hour`` and ``time`` with ``hour`` and
    ``minute``. ``abbreviations`` are regular expressions and what they are replaced by, in this order.
    """

    code: str
    decimal: str
    point: str
    to: str
    conjunction: str
    at: str
    dot: str
    slash: str
    dash: str
    underscore: str
    plus: str
    minus: str
    equals: str
    times: str
    more: str
    less: str
    at_least: str
    at_most: str
    about: str
    divided: str
    per: str
    yes: str
    no: str
    percent: str
    number: str
    star: str
    stars: str
    hash: str
    months: tuple[str, ...]
    date: str
    day_month: str
    day_first: bool
    hour: str
    time: str
    currencies: Mapping[str, Currency]
    units: Mapping[str, Unit]
    fractions: Mapping[str, str]
    abbreviations: tuple[Abbreviation, ...]
    magnitudes: Mapping[str, str]
    each: Mapping[str, str]
    """What rates are for, such as ``yr``, and the word for it."""
    frequent: frozenset[str]
    """Words that stand in most sentences of this language, and in few of another's."""
    regions: Mapping[str, str] = field(default_factory=dict)
    """Short names of regions, as they stand before a postal code."""


def words(text: str) -> frozenset[str]:
    """The words of ``text``, once each."""
    return frozenset(text.split())


def ranges(names: Mapping[str, str], to: str) -> Abbreviation:
    """What has two abbreviations of days or months be read as a range, such as ``Mon.-Fri.`` or ``Jan–Mar``.

    A dot that ends the sentence stays.

    >>> pattern, spoken = ranges({"Mon": "Monday", "Fri": "Friday"}, "to")
    >>> re.sub(pattern, spoken, "Mon.-Fri. at 9, Fri–Monday.")
    'Monday to Friday at 9, Friday to Monday.'
    """
    names = {**names, **{short.capitalize(): word for short, word in names.items()}}
    short, either = "|".join(names), "|".join([*names, *names.values()])

    def spoken(found: re.Match[str]) -> str:
        return f"{names[found[1]]} {to} {names.get(found[2], found[2])}"

    return rf"(?<![\w-])({short})(?:\. ?| ?)[-–—] ?({either})\b(?![-'’])(?:\.(?! [A-Z]|$))?", spoken
