"""Caller numbers: reads them from what a telephone network sends, and tells hidden ones."""

from __future__ import annotations

import re
from urllib.parse import unquote

HIDDEN_WORDS = ("anonymous", "restricted", "unavailable", "unknown", "private", "blocked", "withheld")
"""What networks send instead of a hidden number."""
_KEYS = str.maketrans("abcdefghijklmnopqrstuvwxyz", "22233344455566677778889999")
_HIDDEN = frozenset({"", *HIDDEN_WORDS, *(word.translate(_KEYS) for word in HIDDEN_WORDS)})
"""Including telephone keys that spell these words: Twilio sends +266696687 for ANONYMOUS."""
_SCHEME = re.compile(r"(?:sips?|tel|whatsapp):", re.IGNORECASE)
_AFTER_USER = re.compile(r"[@;?]")
_NUMBER = re.compile(r"\+[1-9][0-9]{0,14}")


def is_hidden(caller: str | None) -> bool:
    """Whether ``caller``, a number or address as the network sends it, is hidden.

    >>> is_hidden("+266696687"), is_hidden("sip:anonymous@anonymous.invalid"), is_hidden("client:alice")
    (True, True, False)
    """
    return _user(caller or "").lower().removeprefix("+") in _HIDDEN


def of(caller: str | None) -> str:
    """The identity of ``caller``: the number in it, or all of it; empty if hidden.

    >>> of("sip:+14155551234@carrier.example;user=phone"), of("client:alice"), of("Restricted")
    ('+14155551234', 'client:alice', '')
    """
    if caller is None or is_hidden(caller):
        return ""
    user = _user(caller)
    return user if _NUMBER.fullmatch(user) else caller


def _user(caller: str) -> str:
    """What stands before the host of an address of SIP, and after its scheme."""
    return unquote(_AFTER_USER.split(_SCHEME.sub("", caller.strip(), count=1), maxsplit=1)[0])
