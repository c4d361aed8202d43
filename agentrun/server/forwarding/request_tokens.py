"""Tokens that authenticate a forwarded request and its body."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Any

from agentrun.server.auth import signed_claims

LIFETIME_SECONDS = 15.0
LEEWAY_SECONDS = 10.0
"""How far apart the processes' ideas of the shared clock may be; each hears of it every 5 s."""
_AUDIENCE = "agentrun forwarded"
_REQUIRED = ("exp", "sub", "jti")


class RequestTokens:
    """Signed claims, by the clock that all processes share; each is taken once.

    ``keys`` are those of ``derived_keys``: the first signs, all are accepted.
    """

    def __init__(self, me: str, keys: tuple[bytes, ...], clock: Callable[[], float]) -> None:
        self._me = me
        self._keys = keys
        self._clock = clock
        self._used: dict[str, float] = {}

    def make(self, owner: str, what: str, body: bytes) -> str:
        """A token with which ``owner`` is asked for ``what`` with ``body``, once and soon."""
        claims = {
            "aud": _AUDIENCE,
            "iss": self._me,
            "sub": owner,
            "what": what,
            "body": _digest(body),
            "exp": self._clock() + LIFETIME_SECONDS,
            "jti": secrets.token_hex(16),
        }
        return signed_claims.sign(claims, self._keys[0])

    def is_good(self, token: str, what: str, body: bytes) -> bool:
        """Whether this process is asked for ``what`` with ``body`` by another one, for the first time."""
        claims = self._claims(token)
        if claims is None or claims["sub"] != self._me or claims["what"] != what:
            return False
        if not hmac.compare_digest(str(claims["body"]), _digest(body)):
            return False
        now, until = self._clock(), float(claims["exp"]) + LEEWAY_SECONDS
        self._used = {name: late for name, late in self._used.items() if late > now}
        if until <= now or until > now + LIFETIME_SECONDS + 2 * LEEWAY_SECONDS or claims["jti"] in self._used:
            return False
        self._used[claims["jti"]] = until
        return True

    def _claims(self, token: str) -> dict[str, Any] | None:
        """What a token says whose signature is good; its time is looked at by the shared clock."""
        claims = signed_claims.read(token, self._keys, _AUDIENCE, _REQUIRED)
        return claims if claims and {"what", "body"} <= claims.keys() else None


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
