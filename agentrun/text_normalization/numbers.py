"""Figures whose signs a voice stumbles over: decimals, ranges, shares, units, fractions.

Whole numbers stay figures: a voice reads those in its own language, and in the right form.
"""

from __future__ import annotations

import re
from functools import cache

from agentrun.text_normalization.vocabulary import Vocabulary

_HALF = r"(?: ?[aApP]\.?[mM]\b\.?)?"
_FIGURE = rf"[$€£]?\d+(?:[:.,]\d+)*{_HALF}"
_RANGE = re.compile(rf"(?<![\w.,/-])({_FIGURE}) ?[-–—] ?(?={_FIGURE}(?![\w/-]))")
_PERCENT = re.compile(r"(?<=\d) ?%")
_VERSION = re.compile(r"(?<![\w.])v?\d+(?:\.\d+){2,}(?!\w)")
_FRACTIONS = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4"}


def spoken_ranges(text: str, words: Vocabulary) -> str:
    """``9-17`` as ``9 to 17``; before dates and times are read, after telephone numbers."""
    return _RANGE.sub(rf"\1 {words.to} ", text)


def spoken(text: str, words: Vocabulary) -> str:
    """``text`` with its decimals, shares, units and fractions in words.

    >>> from agentrun.text_normalization.languages import VOCABULARIES
    >>> spoken("3.5 km at 20%, ¾ of 1,250", VOCABULARIES["en"])
    '3 point 5 kilometers at 20 percent, three quarters of 1,250'
    """
    for sign, plain in _FRACTIONS.items():
        text = re.sub(rf"(?<=\d) ?{sign}", f" {words.conjunction} {plain}", text).replace(sign, plain)
    text = re.sub(
        r"(?<![\w/.,])(\d)/(\d)(?![\w/]|[.,]\d)", lambda found: words.fractions.get(found[0], found[0]), text
    )
    text = _units(words.code).sub(lambda found: _unit(found, words), text)
    text = _PERCENT.sub(f" {words.percent}", text)
    text = _VERSION.sub(lambda found: found[0].replace(".", f" {words.point} "), text)
    return _decimals(words.decimal).sub(lambda found: _decimal(found, words), text)


@cache
def _decimals(sign: str) -> re.Pattern[str]:
    other = "," if sign == "." else "."
    whole = rf"\d{{1,3}}(?:{re.escape(other)}\d{{3}})+|\d+"
    return re.compile(rf"(?<![\w.,])({whole}){re.escape(sign)}(\d{{1,12}})(?!\d|[.,]\d)")


def _decimal(found: re.Match[str], words: Vocabulary) -> str:
    return f"{found[1]} {words.point} {' '.join(found[2])}"


@cache
def _units(language: str) -> re.Pattern[str]:
    from agentrun.text_normalization.languages import VOCABULARIES

    names = sorted(VOCABULARIES[language].units, key=len, reverse=True)
    return re.compile(rf"(?<![\w])(\d[\d.,]*) ?({'|'.join(map(re.escape, names))})(?![\w°/])(\.(?= [a-z]))?")


def _unit(found: re.Match[str], words: Vocabulary) -> str:
    one, many = words.units[found[2]]
    return f"{found[1]} {one if found[1] == '1' else many}"
