"""Telephone numbers and other long numbers, digit by digit, with pauses between groups."""

from __future__ import annotations

import re

from agentrun.text_normalization import context
from agentrun.text_normalization.vocabulary import Vocabulary

_INTERNATIONAL = re.compile(r"(?<![\w+])(?:\+|00(?=[1-9]\d{1,2}[ /-]))\d[\d ()./-]{6,20}\d(?!\w)")
_NORTH_AMERICAN = re.compile(
    r"(?<![\w.])(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?!\w)|(?<![\w.-])\d{3}-\d{4}(?![\w-])"
)
_WITH_ZERO = re.compile(r"(?<![\w.,:/-])(?<!\d )\(?0\d{1,5}\)?(?:[ -]| ?/ ?)\d[\d -]{3,14}\d(?![\w,/]\w)")
_DOTTED = re.compile(r"(?<![\w.,:/-])0\d{1,3}(?:\.\d{2,4}){3,4}(?![\w]|\.\d)")
"""As French and Swiss numbers are written; a date, which has fewer groups, is read before."""
_DASHED = re.compile(r"(?<![\w-])\d{2,6}(?:-\d{2,6}){2,}(?![\w-])|(?<![\w-])\d{5}-\d{4}(?![\w-])")
_LONG = re.compile(r"(?<![\w.,+])\d{7,24}(?![\w]|[.,]\d)")
_LEADING_ZERO = re.compile(r"(?<![\w.,:/-])(?<!\d )0\d{1,5}(?![\w]|[.,:/-]\d)")
_OF_THE_DAY = re.compile(r" ?(?:Uhr|uur|[hH]|[aApP]\.?[mM])\b")
_CODE = re.compile(
    r"(?<![\w*#])[*#]{1,2}\d+(?:[*#]{1,2}\d+)*#(?!\w)|(?<![\w*#])[*#]{1,2}\d+(?:\*\d+)+(?![\w*])"
)
_BOLD_CODE = re.compile(r"\*\*([*#]{1,2}\d[\d*#]{0,40}#)\*\*")
_ACCOUNT = re.compile(
    r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z\d]{4}){3,7}(?: ?[A-Z\d]{1,3})?(?!\w)|(?<!\w)\d{4}(?: \d{4}){3}(?!\w)"
)
"""An IBAN, or the number of a card."""
_LONGEST_GROUP = 4


def spoken(text: str, words: Vocabulary | None) -> str:
    """``text`` with the digits of its long numbers one by one; an amount stays a figure.

    Without ``words`` only numbers that begin with ``+`` are telephone numbers.

    >>> from agentrun.text_normalization.languages import VOCABULARIES
    >>> spoken("Call +1 (415) 555-0123.", VOCABULARIES["en"])
    'Call plus 1, 4 1 5, 5 5 5, 0 1 2 3.'
    >>> spoken("It costs $1500000.", VOCABULARIES["en"])
    'It costs $1500000.'
    """
    if words is None:
        return _INTERNATIONAL.sub(lambda found: _number(found[0], "+"), text)
    plus, months = words.plus, frozenset(month.lower() for month in words.months)
    text = _ACCOUNT.sub(lambda found: _account(found[0]), text)
    for pattern in (_INTERNATIONAL, _NORTH_AMERICAN, _DOTTED, _DASHED, _WITH_ZERO, _LONG):
        text = pattern.sub(
            lambda found: found[0] if context.is_amount(found) else _number(found[0], plus), text
        )
    return _LEADING_ZERO.sub(lambda found: _with_zero(found, months), text)


def spoken_codes(text: str, words: Vocabulary) -> str:
    """``text`` with the codes that are dialled on a keypad in words; before Markdown takes their stars.

    >>> from agentrun.text_normalization.languages import VOCABULARIES
    >>> spoken_codes("Dial *21*5551234#.", VOCABULARIES["en"])
    'Dial star 2 1 star 5 5 5, 1 2 3 4 pound.'
    """
    signs = {"*": words.star, "#": words.hash}
    return _CODE.sub(
        lambda found: " ".join(
            signs.get(part) or _number(part, "") for part in re.findall(r"\d+|[*#]", found[0])
        ),
        _BOLD_CODE.sub(r"\1", text),
    )


def _with_zero(found: re.Match[str], months: frozenset[str]) -> str:
    """A figure with a zero before it; an hour and a day of a month are no codes."""
    after = found.string[found.end() : found.end() + 20]
    is_day = after[:1] in (" ", ".") and after.strip(" .").partition(" ")[0].strip(".,").lower() in months
    if len(found[0]) == 2 and (_OF_THE_DAY.match(after) or is_day):
        return str(int(found[0]))
    return _number(found[0], "")


def _account(written: str) -> str:
    """In groups of four, as it is printed."""
    signs = written.replace(" ", "")
    return ", ".join(" ".join(signs[start : start + 4]) for start in range(0, len(signs), 4))


def _number(written: str, plus: str) -> str:
    """One number, its groups one after the other."""
    groups = [piece for group in re.findall(r"\d+", written) for piece in _pieces(group)]
    text = ", ".join(" ".join(group) for group in groups)
    return f"{plus} {text}" if written.startswith("+") else text


def _pieces(digits: str) -> list[str]:
    """A long group in threes, the last of them of up to four."""
    pieces = []
    while len(digits) > _LONGEST_GROUP:
        pieces.append(digits[:3])
        digits = digits[3:]
    return [*pieces, digits]
