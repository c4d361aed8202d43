"""Addresses of the web and of mail, as people say them."""

from __future__ import annotations

import re

from agentrun.text_normalization.vocabulary import Vocabulary

_MAIL = re.compile(r"(?:mailto:)?([\w.+%-]{1,64})@((?:[\w-]{1,63}\.){1,6}[A-Za-z]{2,24})", re.IGNORECASE)
_WEB = re.compile(r"<?\b(?:https?://|www\.)[^\s<>\"'`)\]]+>?", re.IGNORECASE)
_PATH_LIMIT = 40
"""Characters of a path that a caller could write down; beyond it the site's name is said."""


def spoken(text: str, words: Vocabulary | None) -> str:
    """``text`` with its addresses in words; without ``words`` an address of the web is its site's name.

    >>> from agentrun.text_normalization.languages import VOCABULARIES
    >>> spoken("Write to ada.l@example.com or see https://example.com/menu?x=1.", VOCABULARIES["en"])
    'Write to ada dot l at example dot com or see example dot com slash menu.'
    """
    if words is not None:
        text = _MAIL.sub(lambda found: f"{_local(found[1], words)} {words.at} {_host(found[2], words)}", text)
    return _WEB.sub(lambda found: _web(found[0], words), text)


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
