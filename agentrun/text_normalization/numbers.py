"""Numbers with signs that voices stumble over: decimals, ranges, percentages, units, fractions.

Whole numbers stay figures: a voice reads those in its own language, and in the right form.
"""

from __future__ import annotations

import re
from functools import cache

from agentrun.text_normalization import context
from agentrun.text_normalization.vocabulary import Vocabulary

_HALF = r"(?: ?[aApP]\.?[mM]\b\.?)?"
_NO_RANGE = re.compile(r"0\d{2,}|\d{1,3}(?:\.\d{3}){2,}")
"""A code, a figure of ``24-7``, or one of those with points that authorities give."""
_FIGURE = rf"(?:[A-Z]{{1,2}}\$|[$€£])?\d+(?:[:.,]\d+)*(?:°[CF]?| ?%|{_HALF})"
_RANGE = re.compile(rf"(?<![\w.,/-])({_FIGURE})(?: ?[-–] ?|—)(?={_FIGURE}(?![\w/-]))")
_CODE = "|".join(sorted(context.CURRENCY_CODES))
_SIGN_RANGE = re.compile(rf"(?<![\w.,/-])([A-Z]{{1,2}}\$|[$€£]|(?:{_CODE}) )(\d[\d.,]*)[-–—](?=\d)")
"""``$20-30``, of which the sign is for both."""
_PERCENT = re.compile(r"(?<=\d) ?%")
_VERSION = re.compile(r"(?<![\w.])v?\d+(?:\.\d+){2,}(?!\w)")
_DOTTED_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:\.\d{3}){2,}")
_FRACTIONS = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4"}
_ORDINAL_DEGREES = re.compile(r"(?<=\d) ?º(?=[CF]\b)")
"""``20ºC``, as keyboards of Spanish, Italian and Portuguese have it."""
_EIGHTHS = "⅛⅜⅝⅞"
"""Of these a vocabulary has the signs alone: ``3/8`` is a day of March."""
_FRACTION = re.compile(r"(?<![\w/.,])(\d)/(\d)(?![\w/]|[.,]\d)")
_MIXED = re.compile(r"(?<![\w.,/])(\d{1,3}) (1/2|1/3|2/3|1/4|3/4)(?![\w/]|[.,]\d)")
_DATE_BEFORE = re.compile(
    r"(?<!\w)(?:on|by|until|till|since|from|before|after|am|el|le|il|op|em|dia|día) $", re.I
)
_NUMBER = r"-?\d+(?:[.,]\d+)*"
_EQUATION = re.compile(
    rf"(?<![\w.,=/+*-])(?<![+*/-] ){_NUMBER}(?: ?[-−–+*×x/÷] ?{_NUMBER})+ ?= ?(?=[\w-])"
    rf"|(?<== ){_NUMBER}(?: ?[-−–+*×x/÷] ?{_NUMBER})+(?![\w=])"
)
_OPERATOR = re.compile(r"(?<=\d) ?([-−–+*×x/÷=]) ?")
_COMMA_GROUPS = re.compile(
    r"(?<![\w.,])[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)(?![\d]|[.,]\d)|(?<![\w.,])[1-9]\d{0,2}(?:,\d{3}){2,}(?!\d|[.,]\d)"
)
_DOT_GROUPS = re.compile(
    r"(?<![\w.,])[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)(?![\d]|[.,]\d)|(?<![\w.,])[1-9]\d{0,2}(?:\.\d{3}){2,}(?!\d|[.,]\d)"
)
_APOSTROPHES = re.compile(r"(?<![\w.,'’])[1-9]\d{0,2}(?:['’]\d{3})+(?![\w'’]|[.,]\d)")
"""Thousands as they are written in Switzerland; with decimals behind them they are money's."""
_SWAPPED = str.maketrans(".,", ",.")


def with_own_thousands(text: str, words: Vocabulary) -> str:
    """``text`` with the language's sign for an apostrophe between thousands; before long numbers are read.

    >>> from agentrun.text_normalization.languages import VOCABULARIES
    >>> with_own_thousands("CHF 1'050, rock'n'roll", VOCABULARIES["de"])
    "CHF 1.050, rock'n'roll"
    """
    return _APOSTROPHES.sub(lambda found: with_thousands(found[0], words), text)


def spoken_ranges(text: str, words: Vocabulary) -> str:
    """``9-17`` as ``9 to 17``, a sum as its words; before dates and times are read, after telephone numbers.

    >>> from agentrun.text_normalization.languages import VOCABULARIES
    >>> spoken_ranges("Rooms 9-17, and 5 - 3 = 2.", VOCABULARIES["en"])
    'Rooms 9 to 17, and 5 minus 3 equals 2.'
    """
    signs = {"+": words.plus, "=": words.equals, "/": words.divided, "÷": words.divided}
    signs |= dict.fromkeys("*×x", words.times) | dict.fromkeys("-−–", words.minus)
    text = _EQUATION.sub(lambda found: _OPERATOR.sub(lambda one: f" {signs[one[1]]} ", found[0]), text)
    text = _SIGN_RANGE.sub(rf"\2 {words.to} \1", text)
    return _RANGE.sub(lambda found: _range(found, words), text)


def spoken(text: str, words: Vocabulary) -> str:
    """``text`` with its decimals, shares, units and fractions in words.

    >>> from agentrun.text_normalization.languages import VOCABULARIES
    >>> spoken("3.5 km at 20%, ¾ of 1,250", VOCABULARIES["en"])
    '3 point 5 kilometers at 20 percent, three quarters of 1,250'
    """
    for sign, plain in _FRACTIONS.items():
        text = re.sub(rf"(?<=\d) ?{sign}", f" {words.conjunction} {plain}", text).replace(sign, plain)
    for sign in _EIGHTHS:
        plain = words.fractions[sign]
        text = re.sub(rf"(?<=\d) ?{sign}", f" {words.conjunction} {plain}", text).replace(sign, plain)
    text = _MIXED.sub(rf"\1 {words.conjunction} \2", text)
    text = _FRACTION.sub(lambda found: _fraction(found, words), text)
    text = _ORDINAL_DEGREES.sub("°", text)
    text = _compounds(words.code).sub(lambda found: _compound(found, words), text)
    text = _units(words.code).sub(lambda found: _unit(found, words), text)
    text = _PERCENT.sub(f" {words.percent}", text)
    text = (_COMMA_GROUPS if words.decimal == "," else _DOT_GROUPS).sub(_own_signs, text)
    text = _VERSION.sub(lambda found: _version(found[0], words), text)
    return _decimals(words.decimal).sub(lambda found: _decimal(found, words), text)


def with_thousands(whole: str, words: Vocabulary) -> str:
    """A figure in groups of three with the sign that the language has between them.

    >>> from agentrun.text_normalization.languages import VOCABULARIES
    >>> with_thousands("1,250", VOCABULARIES["es"]), with_thousands("1 250", VOCABULARIES["en"])
    ('1.250', '1,250')
    """
    sign = "," if words.decimal == "." else " " if words.code == "fr" else "."
    return re.sub(r"\D", sign, whole)


def _range(found: re.Match[str], words: Vocabulary) -> str:
    """The first figure of a range; one that is part of a code stays."""
    always = found.string.startswith("7", found.end()) and found[1] == "24"
    if always or (found[1] != "24" and _NO_RANGE.fullmatch(found[1])):
        return found[0]
    return f"{found[1]} {words.to} "


def _own_signs(found: re.Match[str]) -> str:
    """A figure with another language's signs, with this one's; an address of four numbers is none."""
    return found[0] if _is_ip(found[0]) else found[0].translate(_SWAPPED)


def _is_ip(figure: str) -> bool:
    parts = figure.split(".")
    return len(parts) == 4 and all(str(int(p)) == p and int(p) < 256 for p in parts if p.isdigit())


def _fraction(found: re.Match[str], words: Vocabulary) -> str:
    if _DATE_BEFORE.search(found.string[max(0, found.start() - 12) : found.start()]):
        return found[0]
    return words.fractions.get(found[0], found[0])


def _version(figure: str, words: Vocabulary) -> str:
    """The parts of a version; what has three figures behind each dot is a number of thousands."""
    if _DOTTED_THOUSANDS.fullmatch(figure) and not _is_ip(figure):
        return figure
    return figure.replace(".", f" {words.point if words.decimal == '.' else words.dot} ")


@cache
def _decimals(sign: str) -> re.Pattern[str]:
    other = "," if sign == "." else "."
    whole = rf"\d{{1,3}}(?:{re.escape(other)}\d{{3}})+|\d+"
    return re.compile(rf"(?<![\w.,])({whole}){re.escape(sign)}(\d{{1,12}})(?!\d|[.,]\d)")


def _decimal(found: re.Match[str], words: Vocabulary) -> str:
    """Figure by figure; the second part of a version is a number of its own."""
    if found[2][0] != "0" and context.names_version(context.before(found)):
        return f"{found[1]} {words.point} {found[2]}"
    return f"{found[1]} {words.point} {' '.join(found[2])}"


@cache
def _units(language: str) -> re.Pattern[str]:
    from agentrun.text_normalization.languages import VOCABULARIES

    names = sorted(VOCABULARIES[language].units, key=len, reverse=True)
    ordinal = r"(?<!\d°(?= [^\W\d_]))" if language in ("it", "es", "pt", "fr") else ""
    return re.compile(
        rf"(?<![\w])(\d[\d.,]*) ?({'|'.join(map(re.escape, names))})(?![\w°/])(\.(?= [a-z]))?{ordinal}"
    )


@cache
def _compounds(language: str) -> re.Pattern[str]:
    """So much of one unit for each of another: ``5 mg/ml``, ``6 l/100 km``."""
    from agentrun.text_normalization.languages import VOCABULARIES

    words = VOCABULARIES[language]
    units = "|".join(map(re.escape, sorted(words.units, key=len, reverse=True)))
    each = "|".join(map(re.escape, sorted({*words.units, *words.each}, key=len, reverse=True)))
    return re.compile(rf"(?<!\w)(\d[\d.,]*) ?({units})/(\d{{1,4}} ?)?({each})(?![\w°/])")


def _compound(found: re.Match[str], words: Vocabulary) -> str:
    figure, unit, count, each = found.groups()
    if f"{unit}/{each}" in words.units or (count and each not in words.units):
        return found[0]
    one, many = words.units[unit]
    single, several = words.units.get(each, (words.each.get(each, each),) * 2)
    per = f"{count.strip()} {several}" if count else single
    return f"{figure} {one if figure == '1' else many} {words.per} {per}"


def _unit(found: re.Match[str], words: Vocabulary) -> str:
    if len(found[2]) == 1 and found[2].isalpha() and context.is_code(found, found[2]):
        return found[0]
    one, many = words.units[found[2]]
    return f"{found[1]} {one if found[1] == '1' else many}"
