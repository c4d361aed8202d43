"""Values that look like secrets but are not, such as examples from documentation."""

from __future__ import annotations

import re

_SHOWN = re.compile(
    r"(?<![a-z])(?:your|example|placeholder|dummy|insert|changeme|redacted)(?![a-z])|EXAMPLE|(.)\1{7,}$",
    re.IGNORECASE,
)
"""Words that keys of examples have, or one mark to their end: ``AKIAIOSFODNN7EXAMPLE``, ``sk-xxxxxxxx``."""
_PASSWORDS = frozenset(["password", "passwd", "secret", "postgres", "changeme", "change-me"])
_USER = re.compile(r"://([^\s/:@]*):$")
_NOBODY = re.compile(
    r"(?:localhost|127\.[\d.]+|\[::1\]|0\.0\.0\.0|(?:[\w-]+\.)*example(?:\.com|\.net|\.org)?)(?![\w.-])",
    re.IGNORECASE,
)
"""Hosts that are this machine, or that stand for any."""


def is_one(text: str, start: int, end: int, kind: str) -> bool:
    """Whether what looks like a secret of ``kind`` at ``start`` to ``end`` of ``text`` is none.

    >>> text = "redis://me:seven7seven@localhost/0"
    >>> is_one(text, 11, 22, "a key in an address"), is_one(text.replace("localhost", "db"), 11, 22, "")
    (True, False)
    """
    found = text[start:end]
    if kind == "a private key":
        return False
    if kind == "a Twilio SID" and found.startswith("AC"):
        return True  # an account's SID names it, and opens nothing
    if _SHOWN.search(found):
        return True
    user = _USER.search(text, max(0, start - 80), start)
    if user is None:
        return False
    is_known = found.lower() in _PASSWORDS or found == user[1]
    return is_known or (text[end : end + 1] == "@" and bool(_NOBODY.match(text, end + 1)))
