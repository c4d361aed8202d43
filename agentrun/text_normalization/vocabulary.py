"""The words that a language has for what is written as a sign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Currency = tuple[str, str, str, str]
"""One of it, several of it, one of its hundredths, several of them."""
Unit = tuple[str, str]
"""One of it, several of it."""


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
    abbreviations: tuple[tuple[str, str], ...]
    magnitudes: Mapping[str, str]
    frequent: frozenset[str]
    """Words that stand in most sentences of this language, and in few of another's."""
    regions: Mapping[str, str] = field(default_factory=dict)
    """Short names of regions, as they stand before a postal code."""


def words(text: str) -> frozenset[str]:
    """The words of ``text``, once each."""
    return frozenset(text.split())
