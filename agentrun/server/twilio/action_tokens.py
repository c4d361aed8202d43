"""Tokens in a stream's ``action`` URL: they prove that it is ours, and which stream it follows.

Twilio asks it when a stream has ended and the caller is still there. Its signature says who asks; the token
says about what, and is of no use for another call, nor once the call was resumed with it.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agentrun.server.auth import signed_claims

LIFETIME_SECONDS = 25 * 3600.0
"""A call lasts at most 24 hours: https://www.twilio.com/docs/voice/api/call-resource"""
MOST_CHARACTERS = 1000
_AUDIENCE = "action"
_REQUIRED = ("aud", "agt", "sub", "num", "exp")


@dataclass(frozen=True)
class EndedStream:
    """The stream before the action, after which the call was resumed ``resumed`` times; ``dial`` as granted.

    So many streams before it, which were to begin the call, have reached nobody: ``lost``.
    """

    resumed: int
    dial: str = ""
    lost: int = 0


class ActionTokens:
    """Signs and checks tokens; ``keys`` as in ``StreamTokens``, but for a purpose of their own.

    >>> tokens = ActionTokens()
    >>> tokens.read(tokens.mint("desk", "CA1", EndedStream(2)), "desk", "CA1")
    EndedStream(resumed=2, dial='', lost=0)
    >>> tokens.read(tokens.mint("desk", "CA1", EndedStream(2)), "desk", "CA2")
    """

    def __init__(self, keys: Sequence[bytes] = (), clock: Callable[[], float] = time.time) -> None:
        self._keys = tuple(keys) or (secrets.token_bytes(32),)
        self._clock = clock

    def mint(self, agent: str, call_sid: str, stream: EndedStream) -> str:
        """A new token for a stream of the call, to be presented when the stream has ended."""
        claims = {"aud": _AUDIENCE, "agt": agent, "sub": call_sid, "dial": stream.dial}
        counts = {"num": stream.resumed, "lost": stream.lost, "exp": round(self._clock() + LIFETIME_SECONDS)}
        return signed_claims.sign({**claims, **counts}, self._keys[0])

    def read(self, token: str, agent: str, call_sid: str) -> EndedStream | None:
        """The claims of a token for this call; None if it is wrong, expired, or another call's."""
        keys = self._keys if len(token) <= MOST_CHARACTERS else ()
        claims = signed_claims.read(token, keys, _AUDIENCE, _REQUIRED)
        if claims is None or (claims["agt"], claims["sub"]) != (agent, call_sid):
            return None
        if not claims["exp"] > self._clock():
            return None
        return EndedStream(int(claims["num"]), str(claims.get("dial", "")), int(claims.get("lost", 0)))
