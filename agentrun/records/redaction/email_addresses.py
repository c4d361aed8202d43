"""Finds e-mail addresses in running text: written, spoken with "at" and "dot", or spelled out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

_AT = r"(?:at|arroba|arobase|chiocciola|@)"
_DOT = r"(?:dot|punto|ponto|punkt|point|\.)"
_LETTER = r"(?<!\w)\w(?!\w)[\s,.-]{1,2}"
_SPELLED = rf"(?:{_LETTER}){{2,40}}+"
_NO_DOMAIN = r"(?!(?:the|a|an|my|your|our|his|her|this|that|these|those|home|all|once|least|last|dot)\b\s)"
"""Words after which no domain begins: "look at the dot com companies"."""
_LABEL = r"(?:\w(?:[\s,.-]{1,2}\w(?!\w)){1,6}+|\w[\w-]*+)\s*+"
_DOMAIN = rf"{_NO_DOMAIN}(?:{_SPELLED}|\w[\w-]*+\s*+)(?:{_DOT}\s*+{_LABEL}){{1,4}}+"
_WRITTEN = rf"{_NO_DOMAIN}\w[\w-]*+(?:(?:\s+dot\s+|\.)\w[\w-]*+)++"
_ADDRESS = (
    rf"(?<![\w.+%'-])[\w.+%'-]++\s?@\s?{_WRITTEN}"
    # letter by letter: "a, d, a at example dot com", "A D A at G M A I L dot com"
    rf"|{_SPELLED}{_AT}\s+{_DOMAIN}"
    rf"|(?<![\w+'-])[\w+'-]++(?:(?:\s+(?:dot|underscore|dash|hyphen|plus)\s+|\.)[\w+'-]++){{0,6}}\s+at\s+"
    # not the "at" before an address: "reach me at ada.king@example.com"
    rf"(?:{_WRITTEN}|{_SPELLED}{_DOT}\s*+\w++)(?!\s?@|\s+at\s+\w)"
    rf"|(?<![\w+'.-])[\w+'.-]++\s+(?:arroba|arobase|chiocciola)\s+{_DOMAIN}"
)


@cache
def _pattern() -> re.Pattern[str]:
    """Compiled when the first text is looked at: it takes 4 ms, and a check of a spec looks at none."""
    return re.compile(_ADDRESS, re.IGNORECASE)


def find(text: str) -> Iterator[tuple[int, int]]:
    """Where each address begins and ends, from left to right.

    >>> [text[start:end] for text in ("it is A D A at G M A I L dot com",) for start, end in find(text)]
    ['A D A at G M A I L dot com']
    """
    for match in _pattern().finditer(text):
        yield match.start(), match.start() + len(match[0].rstrip())
