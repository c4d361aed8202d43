"""Rates per unit: ``$50/yr``, ``8/day``, ``5 €/Std.``"""

from __future__ import annotations

import re
from functools import cache

from agentrun.text_normalization import context
from agentrun.text_normalization.languages import VOCABULARIES
from agentrun.text_normalization.vocabulary import Vocabulary

_FIGURE = r"\d[\d.,' ]{0,15}"


def spoken(text: str, words: Vocabulary) -> str:
    """``text`` with its rates in words; before amounts are read.

    >>> spoken("It is $50/yr, or 5 €/kg, twice/day at most 8/day, 24/7.", VOCABULARIES["en"])
    'It is $50 per year, or 5 € per kilogram, twice/day at most 8 per day, 24/7.'
    """
    if "/" not in text:
        return text
    return _rates(words.code).sub(lambda found: _rate(found, words), text)


@cache
def _rates(language: str) -> re.Pattern[str]:
    words = VOCABULARIES[language]
    codes = "|".join(sorted(context.CURRENCY_CODES))
    names = "|".join(sorted({name for one in words.currencies.values() for name in one if name}))
    sign = rf"(?:[A-Z]{{1,2}}\$|S/\.?|[{re.escape(context.SIGNS)}]|(?:{codes})\b)"
    money = rf"{sign} ?{_FIGURE}(?<=\d)|{_FIGURE}(?<=[\d ]){sign}|{_FIGURE}(?<= )(?:{names})"
    each = "|".join(sorted({*words.each, *words.each.values()}, key=len, reverse=True))
    return re.compile(
        rf"(?<![\w.,/])(?:({money}) ?/ ?([^\W\d_]+)|(\d{{1,4}})/({each}))\b(?!/)(\.(?= [a-zß-ÿ]))?"
    )


def _rate(found: re.Match[str], words: Vocabulary) -> str:
    amount, what = (found[1], found[2]) if found[1] else (found[3], found[4])
    unit = words.units.get(what, (what,))[0]
    return f"{amount} {words.per} {words.each.get(what, unit)}"
