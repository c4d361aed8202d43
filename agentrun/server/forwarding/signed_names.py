"""Signed names that contain the process that they belong to, and can't be forged."""

from __future__ import annotations

import hashlib
import hmac

LONGEST_NAME = 512
_DIGITS = 32


class SignedNames:
    """Names of the process ``me``; the first of ``keys`` signs, all are accepted.

    >>> names = SignedNames("7-ab", (b"secret",))
    >>> names.owner(names.make("SmallWebRTCConnection#0"))
    '7-ab'
    >>> names.owner("SmallWebRTCConnection#0") is None
    True
    """

    def __init__(self, me: str, keys: tuple[bytes, ...]) -> None:
        self._me = me
        self._keys = keys

    def make(self, name: str) -> str:
        """``name``, with its owner and a signature behind it."""
        text = f"{name}@{self._me}"
        return f"{text}.{_signature(self._keys[0], text)}"

    def owner(self, name: object) -> str | None:
        """The process that made ``name``; None for a name that none has made."""
        if not isinstance(name, str) or len(name) > LONGEST_NAME:
            return None
        text, _, signature = name.rpartition(".")
        _, at, owner = text.rpartition("@")
        shown = signature.encode("utf-8", "replace")
        good = any(hmac.compare_digest(shown, _signature(key, text).encode()) for key in self._keys)
        return owner if at and good else None


def _signature(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:_DIGITS]
