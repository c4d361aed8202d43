"""Short-lived tokens that let a page or a program start one call of one agent."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Awaitable, Callable

import jwt
from jwt.types import Options

LIFETIME_SECONDS = 600.0
LONGEST_SECONDS = 3600.0
_AUDIENCE = "agentrun start"
_SKEW_SECONDS = 600.0
"""How far apart the clocks of machines may be: a used token is remembered so much longer."""
_REQUIRED: Options = {"require": ["exp", "sub", "jti"], "verify_exp": False, "verify_iat": False}
"""A maker's clock may be ahead of ours: when a token was made says nothing of whether it is good yet."""


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
    """Checks tokens that were made with one of ``api_keys``; each starts one call.

    ``use`` tells whether a name is used for the first time, and remembers it for so many seconds. ``clock``
    is in Unix seconds and may be the one that machines share; the machine's own by default.
    """

    def __init__(
        self,
        *api_keys: str,
        use: Callable[[str, float], Awaitable[bool]],
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._clock = clock or (lambda: time.time())
        self._secrets = [_secret(key) for key in api_keys]
        self._use = use

    async def admit(self, token: str, agent: str, *, use: bool = True) -> bool:
        """Whether ``token`` is good for ``agent``; with ``use`` it is used up."""
        for secret in self._secrets:
            try:
                claims = jwt.decode(
                    token, secret, algorithms=["HS256"], audience=_AUDIENCE, options=_REQUIRED
                )
                left = float(claims["exp"]) - self._clock()
            except (jwt.InvalidTokenError, TypeError, ValueError):
                continue
            if claims["sub"] != agent or not left > 0:
                return False
            name = hashlib.sha256(str(claims["jti"]).encode()).hexdigest()
            return not use or await self._use(f"start {name}", left + _SKEW_SECONDS)
        return False


def _secret(api_key: str) -> bytes:
    """A key of its own, so that a token's signature says nothing of the server's key."""
    return hashlib.sha256(b"agentrun start token\0" + api_key.encode()).digest()
