"""Amounts of money."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from agentrun.text_normalization import context, numbers
from agentrun.text_normalization.languages import VOCABULARIES
from agentrun.text_normalization.vocabulary import Currency, Vocabulary

_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "BRL": "R$"}
"""Under which a vocabulary has the currency of a code; any other has the code itself."""
_CODES = {
    "US$": "USD", "R$": "BRL", "C$": "CAD", "CA$": "CAD", "A$": "AUD", "AU$": "AUD", "NZ$": "NZD",
    "HK$": "HKD", "S$": "SGD", "SG$": "SGD", "MX$": "MXN", "NT$": "TWD", "CN¥": "CNY", "RMB": "CNY",
    "AR$": "ARS", "CL$": "CLP", "CO$": "COP", "COL$": "COP", "Mex$": "MXN", "MEX$": "MXN",
    "S/.": "PEN", "S/": "PEN", "Rs.": "INR", "Rs": "INR", "Dhs.": "AED", "Dhs": "AED", "SFr.": "CHF",
    "₩": "KRW", "₺": "TRY", "฿": "THB", "zł": "PLN", "Kč": "CZK",
}  # fmt: skip
_COUNTRIES = {"US": "USD", "CA": "CAD", "AU": "AUD"}
"""Behind a dollar's sign that stands behind its figure, as French has it in Canada."""
_OTHER_WORDS = frozenset({"TRY", "PEN", "COP"})
"""Codes that are words before a number where all letters are capitals."""
_AMOUNT = (
    r"\d{1,3}(?:[., '’]\d{3})+(?:[.,]\d{1,2})?|\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d{1,2})?|\d+(?:[.,]\d{1,2})?"
)
_MAGNITUDE = (
    r"(?: ?(?:k|K|M|m|B|bn|Mio\.?|Mrd\.?|mln|mld|mi)(?!\w)"
    r"| (?:thousand|million|billion|trillion|lakhs?|crores?"
    r"|mil|millón|millones|milhão|milhões|bilhões|Millionen|Milliarden"
    r"|millions|milliards?|milione|milioni|miliardi|miljoen|miljard)\b)?"
)
_SHORT = 3
"""Letters of a word that may be another where the language has no such magnitude, as ``mi`` in Spanish."""
_NAMED = re.compile(r" ?([^\W\d_]+)")
_CENTS = re.compile(r"(.*\d)[.,](\d{1,2})")
_SIGN_AND_MINUS = re.compile(r"([$€£¥₹])([-−])(?=\d)")
_NO_WHOLE = re.compile(r"([$€£])\.(?=\d{2}(?!\d))")
_AMERICAN = {
    "en": ("US dollar", "US dollars", "U.S. dollar", "U.S. dollars", "American dollar", "American dollars"),
    "de": ("US-Dollar", "US-Dollar", "US Dollar", "US Dollar"),
    "es": ("dólar estadounidense", "dólares estadounidenses", "dólar americano", "dólares americanos"),
    "fr": ("dollar américain", "dollars américains", "dollar US", "dollars US"),
    "it": ("dollaro americano", "dollari americani", "dollaro statunitense", "dollari statunitensi"),
    "nl": ("Amerikaanse dollar", "Amerikaanse dollar", "US dollar", "US dollar"),
    "pt": ("dólar americano", "dólares americanos", "dólar dos EUA", "dólares dos EUA"),
}
"""What people call dollars that a vocabulary has as dollars alone: one, and several of them."""
_PESO: Currency = ("peso", "pesos", "centavo", "centavos")
_GERMAN_PESO: Currency = ("Peso", "Pesos", "Centavo", "Centavos")
_THOUSANDS = re.compile(r"\d{1,3}(?:[., '’]\d{3})+")


def spoken(text: str, words: Vocabulary) -> str:
    """``text`` with its amounts in words.

    >>> from agentrun.text_normalization.languages import VOCABULARIES
    >>> spoken("It is $12.50, or 1.250 €, or $250 pesos.", VOCABULARIES["en"])
    'It is 12 dollars and 50 cents, or 1.250 euros, or 250 pesos.'
    """
    before, after, named = _patterns(words.code)
    text = _NO_WHOLE.sub(r"\g<1>0.", text)
    text = named.sub(lambda found: _named(found, words), _SIGN_AND_MINUS.sub(r"\2\1", text))
    text = before.sub(lambda found: _before(found, words), text)
    return after.sub(lambda found: _after(found, words), text)


@cache
def _patterns(language: str) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    codes = "|".join(sorted(context.CURRENCY_CODES))
    first = "|".join(sorted(context.CURRENCY_CODES - _OTHER_WORDS))
    signs = "|".join(re.escape(sign) for sign in (*_CODES, "$", "€", "£", "¥", "₹"))
    before = (
        rf"(?<!\w)(?:({codes}) ?)?({signs}|{first}) ?({_AMOUNT})({_MAGNITUDE})(?![.,]?\d)( ?(?:{codes})\b)?"
    )
    countries = "|".join(_COUNTRIES)
    after = (
        rf"(?<![\w.,])({_AMOUNT})({_MAGNITUDE}) ?({signs}|(?:{codes})(?!-))"
        rf"(?: ?({codes})|(?<=\$) ?({countries}))?(?!\w)"
    )
    names = "|".join(map(re.escape, sorted(_names(language), key=len, reverse=True)))
    named = rf"(?<![\w.,$€£¥₹])(?:[$€£¥₹] ?)?((?:\d{{1,3}}(?:[.,]\d{{3}})+|\d+)[.,]\d{{2}}) ({names})(?!\w)"
    return re.compile(before), re.compile(after), re.compile(named)


@cache
def _names(language: str) -> Mapping[str, Currency]:
    """The currencies by what one, and several of it, are called."""
    currencies, american = VOCABULARIES[language].currencies, _AMERICAN[language]
    cents = currencies["$"][2:]
    pairs = zip(american[::2], american[1::2], strict=True)
    dollars = [(one, many, cents[0], cents[1]) for one, many in pairs]
    known = [*currencies.values(), *dollars, _GERMAN_PESO if language == "de" else _PESO]
    return {name: currency for currency in known for name in currency[:2]}


def _named(found: re.Match[str], words: Vocabulary) -> str:
    """An amount with cents whose currency is a word."""
    whole, cents = _split(found[1], "", words)
    return _in_words(found[1], whole, cents, _names(words.code)[found[2]], words)


def _before(found: re.Match[str], words: Vocabulary) -> str:
    """An amount behind its sign; where a word or a code names the currency as well, that one is said."""
    first, sign, amount, magnitude, code = found.groups()
    if code or first:
        return _say((code or first).strip(), amount, magnitude, words) or found[0]
    name = _NAMED.match(found.string, found.end())
    if name and not magnitude and context.is_currency(name[1]):
        return str(amount)
    return _say(sign, amount, magnitude, words) or found[0]


def _after(found: re.Match[str], words: Vocabulary) -> str:
    """An amount before its sign, or its code; behind a sign the code, or the country, is said."""
    amount, magnitude, sign, code, country = found.groups()
    named = code or (_COUNTRIES[country] if country else sign)
    return _say(named, amount, magnitude, words) or found[0]


def _say(sign: str, amount: str, magnitude: str, words: Vocabulary) -> str:
    """The amount in words; nothing where the language has none for its currency or magnitude."""
    code = _CODES.get(sign, sign)
    currency = words.currencies.get(code) or words.currencies.get(_SIGNS.get(code, code))
    if currency is None:
        return ""
    scale = magnitude.strip().rstrip(".")
    if scale:
        name = words.magnitudes.get(scale.lower()) or (scale if len(scale) > _SHORT else "")
        if not name:
            return f"{_say(sign, amount, '', words)}{magnitude}"
        return f"{_decimal(amount, words)} {name} {currency[1]}"
    whole, cents = _split(amount, sign, words)
    return _in_words(amount, whole, cents, currency, words)


def _split(amount: str, sign: str, words: Vocabulary) -> tuple[str, str]:
    """The figure before the cents, as the language writes it, and the cents as two figures.

    Three figures are thousands; behind one comma only where that is no decimal sign, or the sign is a dollar.
    """
    match = _CENTS.fullmatch(amount)
    whole, cents = (match[1], match[2].ljust(2, "0")) if match else (amount, "")
    if not _THOUSANDS.fullmatch(whole):
        return whole, cents
    signs = re.sub(r"\d", "", whole)
    if not match and signs == words.decimal and not (signs == "," and sign.endswith("$")):
        return whole, cents
    return numbers.with_thousands(whole, words), cents


def _in_words(amount: str, whole: str, cents: str, currency: Currency, words: Vocabulary) -> str:
    one, many, one_cent, many_cents = currency
    if int(cents or 0) and not many_cents:
        return f"{_decimal(amount, words)} {many}"
    text = f"{whole} {one if whole == '1' else many}"
    number = int(cents or 0)
    if not number:
        return text
    small = f"{number} {one_cent if number == 1 else many_cents}"
    return small if whole == "0" else f"{text} {words.conjunction} {small}"


def _decimal(amount: str, words: Vocabulary) -> str:
    whole, sign, part = amount.replace(",", ".").partition(".")
    return f"{whole} {words.point} {' '.join(part)}" if sign and len(part) < 3 else amount
