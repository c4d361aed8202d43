"""Short-lived tokens with which a page or a program starts one call of one agent."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from agentrun.server.auth import signed_claims

LIFETIME_SECONDS = 600.0
LONGEST_SECONDS = 3600.0
MOST_TRIES = 20
"""Of one token, at one process: each may cost what answering an offer does."""
MOST_NOTED = 10_000
_AUDIENCE = "agentrun start"
_SKEW_SECONDS = 600.0
"""How far apart the clocks of machines may be: a used token is remembered so much longer."""
_REQUIRED = ("exp", "sub", "jti")


def make(api_key: str, agent: str, seconds: float = LIFETIME_SECONDS) -> str:
    """A token for ``agent``, signed with the server's key, good for so many seconds and one call."""
    now = time.time()
    claims = {
        "aud": _AUDIENCE,
        "sub": agent,
        "iat": int(now),
        "exp": now + seconds,
        "jti": secrets.token_urlsafe(16),
    }
    return signed_claims.sign(claims, _secret(api_key))


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
        self._tries: OrderedDict[str, int] = OrderedDict()

    async def admit(self, token: str, agent: str, *, use: bool = True) -> bool:
        """Whether ``token`` is good for ``agent``; with ``use`` it is used up."""
        name, seconds = self._read(token, agent)
        if not name or not use:
            return bool(name)
        self._note(name, MOST_TRIES)
        return await self._use(f"start {name}", seconds)

    def may_try(self, token: str, agent: str) -> bool:
        """Whether ``token`` is good for ``agent``, and may be tried; what begins a call uses it up.

        One that this process has seen used up, or tried ``MOST_TRIES`` times in vain, is good for nothing.
        """
        name, _ = self._read(token, agent)
        tries = self._tries.get(name, 0)
        if not name or tries >= MOST_TRIES:
            return False
        self._note(name, tries + 1)
        return True

    def _note(self, name: str, tries: int) -> None:
        self._tries[name] = tries
        self._tries.move_to_end(name)
        while len(self._tries) > MOST_NOTED:
            self._tries.popitem(last=False)

    def _read(self, token: str, agent: str) -> tuple[str, float]:
        """The name of a token that is good for ``agent``, "" for none, and how long it is remembered."""
        # a maker's clock may be ahead of ours: when a token was made says nothing of whether it is good yet
        claims = signed_claims.read(token, self._secrets, _AUDIENCE, _REQUIRED, verify_iat=False)
        try:
            left = float(claims["exp"]) - self._clock() if claims else 0.0
        except (TypeError, ValueError):
            left = 0.0
        if claims is None or claims["sub"] != agent or not left > 0:
            return "", 0.0
        name = hashlib.sha256(str(claims["jti"]).encode("utf-8", "replace")).hexdigest()
        return name, left + _SKEW_SECONDS


def _secret(api_key: str) -> bytes:
    """A key of its own, so that a token's signature says nothing of the server's key."""
    return hashlib.sha256(b"agentrun start token\0" + api_key.encode()).digest()
