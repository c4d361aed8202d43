"""Amounts of money: the unit after its figure, and cents as cents."""

from __future__ import annotations

import re
from functools import cache

from agentrun.text_normalization.vocabulary import Currency, Vocabulary

_CODES = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "BRL": "R$", "CHF": "CHF", "US$": "$"}
_AMOUNT = r"\d{1,3}(?:[., '’]\d{3})+(?:[.,]\d{1,2})?|\d+(?:[.,]\d{1,2})?"
_MAGNITUDE = r"(?: ?(?:k|K|M|m|B|bn|Mio\.?|Mrd\.?|mln|mld)\b| (?:thousand|million|billion|trillion)\b)?"


def spoken(text: str, words: Vocabulary) -> str:
    """``text`` with its amounts in words.

    >>> from agentrun.text_normalization.languages import VOCABULARIES
    >>> spoken("It is $12.50, or 1.250 €.", VOCABULARIES["en"])
    'It is 12 dollars and 50 cents, or 1.250 euros.'
    """
    before, after = _patterns(words.code)
    text = before.sub(lambda found: _say(found[1], found[2], found[3], words), text)
    return after.sub(lambda found: _say(found[3], found[1], found[2], words), text)


@cache
def _patterns(_language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    signs = "|".join(re.escape(sign) for sign in ("R$", *_CODES, "$", "€", "£", "¥", "₹"))
    before = rf"(?<!\w)({signs}) ?({_AMOUNT})({_MAGNITUDE})(?![.,]?\d)"
    after = rf"(?<![\w.,])({_AMOUNT})({_MAGNITUDE}) ?({signs})(?!\w)"
    return re.compile(before), re.compile(after)


def _say(sign: str, amount: str, magnitude: str, words: Vocabulary) -> str:
    currency = words.currencies.get(sign) or words.currencies.get(_CODES.get(sign, sign))
    if currency is None:
        return f"{amount}{magnitude} {sign}"
    scale = magnitude.strip().rstrip(".").lower()
    if scale:
        return f"{_decimal(amount, words)} {words.magnitudes.get(scale, scale)} {currency[1]}"
    whole, cents = _split(amount)
    return _whole_and_cents(whole, cents, currency, words)


def _split(amount: str) -> tuple[str, str]:
    """The figure before the cents, and the cents as two figures; three figures are thousands."""
    match = re.fullmatch(r"(.*\d)[.,](\d{1,2})", amount)
    return (match[1], match[2].ljust(2, "0")) if match else (amount, "")


def _whole_and_cents(whole: str, cents: str, currency: Currency, words: Vocabulary) -> str:
    one, many, one_cent, many_cents = currency
    text = f"{whole} {one if whole == '1' else many}"
    number = int(cents or 0)
    if not number or not many_cents:
        return text
    small = f"{number} {one_cent if number == 1 else many_cents}"
    return small if whole == "0" else f"{text} {words.conjunction} {small}"


def _decimal(amount: str, words: Vocabulary) -> str:
    whole, sign, part = amount.replace(",", ".").partition(".")
    return f"{whole} {words.point} {' '.join(part)}" if sign and len(part) < 3 else amount
