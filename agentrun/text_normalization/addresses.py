"""Web, e-mail and street addresses, as people say them."""

from __future__ import annotations

import re
from functools import cache

from agentrun.text_normalization.languages import VOCABULARIES
from agentrun.text_normalization.vocabulary import Vocabulary
from agentrun.text_normalization.vocabulary import words as words_of

_MAIL = re.compile(r"(?:mailto:)?([\w.+%-]{1,64})@((?:[\w-]{1,63}\.){1,6}[A-Za-z]{2,24})", re.IGNORECASE)
_WEB = re.compile(r"<?\b(?:https?://|www\.)[^\s<>\"'`)\]]+>?", re.IGNORECASE)
_PATH_LIMIT = 40
"""Characters of a path that a caller could write down; beyond it the site's name is said."""

_ALSO_WORDS = words_of("OK HI OH IN OR ME ID PA MA DE LA CO MS MD AL CT VA")
"""Regions whose short names are other words or titles, which a postal code has to tell apart."""


def spoken(text: str, words: Vocabulary | None) -> str:
    """``text`` with its addresses in words; without ``words`` an address of the web is its site's name.

    >>> from agentrun.text_normalization.languages import VOCABULARIES
    >>> spoken("Write to ada.l@example.com or see https://example.com/menu?x=1.", VOCABULARIES["en"])
    'Write to ada dot l at example dot com or see example dot com slash menu.'
    """
    text = _WEB.sub(lambda found: _web(found[0], words), text)
    if words is None:
        return text
    return _MAIL.sub(lambda found: f"{_local(found[1], words)} {words.at} {_host(found[2], words)}", text)


def _local(name: str, words: Vocabulary) -> str:
    signs = {".": words.dot, "_": words.underscore, "-": words.dash, "+": words.plus, "%": words.percent}
    return " ".join(signs.get(part, part) for part in re.split(r"([._+%-])", name) if part)


def _host(host: str, words: Vocabulary) -> str:
    return _local(host.lower().removeprefix("www."), words)


def _web(found: str, words: Vocabulary | None) -> str:
    address = found.strip("<>")
    bare = address.rstrip(".,;:!?")
    after = address[len(bare) :]
    rest = re.sub(r"^(?:https?://)?(?:www\.)?", "", bare, flags=re.IGNORECASE)
    host, _, path = re.split(r"[?#]", rest)[0].partition("/")
    host = host.partition("@")[2] or host
    host, _, _port = host.partition(":")
    if words is None:
        return host + after
    text = _host(host, words)
    path = path.strip("/")
    if path and len(path) <= _PATH_LIMIT and "%" not in path:
        text += "".join(f" {words.slash} {_local(part, words)}" for part in path.split("/") if part)
    return text + after


def spoken_regions(text: str, words: Vocabulary) -> str:
    """``text`` with its regions by their full names, and their postal codes digit by digit.

    >>> from agentrun.text_normalization.languages import VOCABULARIES
    >>> spoken_regions("Springfield, IL 62704", VOCABULARIES["en"])
    'Springfield, Illinois, 6 2 7 0 4'
    >>> spoken_regions("Sure, OK.", VOCABULARIES["en"])
    'Sure, OK.'
    """
    if not words.regions:
        return text
    return _regions(words.code).sub(lambda found: _region(found, words), text)


@cache
def _regions(language: str) -> re.Pattern[str]:
    short = "|".join(VOCABULARIES[language].regions)
    return re.compile(rf"(?<=, )({short})(?:,? (\d{{5}}|\d(?:,? \d){{4}}))?(?![\w])")


def _region(found: re.Match[str], words: Vocabulary) -> str:
    name = words.regions[found[1]]
    if found[2]:
        return f"{name}, {' '.join(_digits(found[2]))}"
    return found[0] if found[1] in _ALSO_WORDS else name


def _digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isdigit())
