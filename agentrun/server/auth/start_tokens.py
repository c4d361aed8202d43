"""Short-lived tokens that let a page or a program start one call of one agent."""

from __future__ import annotations

import hashlib
import secrets
import time

import jwt

LIFETIME_SECONDS = 600.0
LONGEST_SECONDS = 3600.0
_AUDIENCE = "agentrun start"


def make(api_key: str, agent: str, seconds: float = LIFETIME_SECONDS) -> str:
    """A token for ``agent``, signed with the server's key, good for so many seconds and one call.

    A JSON Web Token (RFC 7519) over HMAC-SHA256.
    """
    now = time.time()
    claims = {
        "aud": _AUDIENCE,
        "sub": agent,
        "iat": int(now),
        "exp": now + seconds,
        "jti": secrets.token_urlsafe(16),
    }
    return jwt.encode(claims, _secret(api_key), "HS256")


class StartTokens:
    """Checks tokens; each starts one call."""

    def __init__(self, api_key: str) -> None:
        self._secret = _secret(api_key)
        self._used: dict[str, float] = {}

    def admit(self, token: str, agent: str, *, use: bool = True) -> bool:
        """Whether ``token`` is good for ``agent``; with ``use`` it is used up."""
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=["HS256"],
                audience=_AUDIENCE,
                options={"require": ["exp", "sub", "jti"]},
            )
        except jwt.InvalidTokenError:
            return False
        if claims["sub"] != agent:
            return False
        return not use or self._use(str(claims["jti"]), float(claims["exp"]))

    def _use(self, name: str, expires: float) -> bool:
        now = time.time()
        self._used = {known: until for known, until in self._used.items() if until > now}
        if name in self._used:
            return False
        self._used[name] = expires
        return True


def _secret(api_key: str) -> bytes:
    """A key of its own, so that a token's signature says nothing of the server's key."""
    return hashlib.sha256(b"agentrun start token\0" + api_key.encode()).digest()
