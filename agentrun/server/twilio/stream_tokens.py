"""One-time tokens that the webhook issues and the media stream must present.

A token is signed, not stored, so that a stream may come to another machine than its webhook did. That it
opens one stream is for the state that machines share to say.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import struct
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentrun.server.auth import signed_claims
from agentrun.server.shared_state.state import SharedState

LIFETIME_SECONDS = 60.0
MOST_CHARACTERS = 494
"""Twilio takes less than 500 of a parameter, its name with it: ``stream_parameters``."""
_LONGEST_NUMBER = 32
"""A telephone's number is shorter; of a SIP address that is longer the token has a digest."""
_DIGEST = "sha256 "
_AUDIENCE = "stream"
_REQUIRED = ("aud", "agt", "sub", "frm", "to", "exp", "jti")
_ADDRESS = struct.Struct(">Q8s12s")
"""When it expires, in milliseconds; what makes it unlike others; and 96 bits of a signature."""
Use = Callable[[str, float], Awaitable[bool]]
"""Whether a name is used for the first time; it is remembered for so many seconds."""


@dataclass(frozen=True)
class StreamGrant:
    """The call that a token was made for; ``dial`` is our name of a call that the agent placed.

    ``resumed`` counts the streams that the call has had before.
    """

    agent: str
    call_sid: str
    from_number: str
    to_number: str
    expires: float
    dial: str = ""
    resumed: int = 0


class StreamTokens:
    """Each token opens one stream of one call of one agent, once, within a minute.

    ``keys`` are 32 bytes each: the first signs, all are accepted. ``clock`` is in Unix seconds and may be
    the one that machines share; ``use`` tells what was used by any of them.
    """

    def __init__(
        self,
        keys: Sequence[bytes] = (),
        clock: Callable[[], float] = time.time,
        use: Use | None = None,
    ) -> None:
        self._keys = tuple(keys) or (secrets.token_bytes(32),)
        self._clock = clock
        self._use = use or SharedState(clock=clock).use

    def mint(
        self, agent: str, call_sid: str, from_number: str, to_number: str, dial: str = "", resumed: int = 0
    ) -> str:
        """A new token, at most ``MOST_CHARACTERS`` long."""
        claims = {
            "aud": _AUDIENCE,
            "agt": agent,
            "sub": call_sid,
            "frm": _as_in_token(from_number),
            "to": _as_in_token(to_number),
            "exp": round(self._clock() + LIFETIME_SECONDS, 3),
            "jti": secrets.token_urlsafe(8),
        }
        if dial:
            claims["dial"] = dial
        if resumed:
            claims["num"] = resumed
        return signed_claims.sign(claims, self._keys[0], headers={"typ": None})

    async def redeem(
        self, token: str, agent: str, call_sid: str, parameters: Mapping[str, str] | None = None
    ) -> StreamGrant | None:
        """What the token grants, or None when it is wrong, used, expired, or another call's.

        ``parameters`` are the stream's: a long address of a caller stands there alone. Only the call that a
        token was made for uses it up: a stranger who has seen one can't keep the call from its stream.
        """
        claims = self._claims(token)
        if claims is None or (claims["agt"], claims["sub"]) != (agent, call_sid):
            return None
        left = float(claims["exp"]) - self._clock()
        shown = parameters or {}
        caller = _number(claims["frm"], shown.get("from_number", ""))
        called = _number(claims["to"], shown.get("to_number", ""))
        if left <= 0 or caller is None or called is None:
            return None
        if not await self._use(f"stream {claims['jti']}", LIFETIME_SECONDS):
            return None
        more = str(claims.get("dial", "")), int(claims.get("num", 0))
        return StreamGrant(agent, call_sid, caller, called, float(claims["exp"]), *more)

    def address_of(self, token: str) -> str:
        """What stands in the stream's address, which a proxy may log: no help in guessing the token.

        It is signed by itself, so that any machine knows that a webhook was given it.
        """
        claims = self._claims(token)
        if claims is None:
            raise ValueError("the token is not of these keys")
        millis, unlike = round(claims["exp"] * 1000), secrets.token_bytes(8)
        mark = _mark(self._keys[0], claims["agt"], millis, unlike)
        return base64.urlsafe_b64encode(_ADDRESS.pack(millis, unlike, mark)).decode().rstrip("=")

    def expects(self, address: str, agent: str) -> bool:
        """Whether a webhook for ``agent`` was given ``address`` within a minute; nothing is used up."""
        try:
            raw = base64.b64decode(address + "=" * (-len(address) % 4), altchars=b"-_", validate=True)
            millis, unlike, mark = _ADDRESS.unpack(raw)
        except (ValueError, struct.error):
            return False
        if millis / 1000 <= self._clock():
            return False
        return any(hmac.compare_digest(mark, _mark(key, agent, millis, unlike)) for key in self._keys)

    def _claims(self, token: str) -> dict[str, Any] | None:
        """What stands in a token of one of the keys, whether it has expired or not."""
        keys = self._keys if len(token) <= MOST_CHARACTERS else ()
        return signed_claims.read(token, keys, _AUDIENCE, _REQUIRED)


def _mark(key: bytes, agent: str, millis: int, unlike: bytes) -> bytes:
    return hmac.digest(key, b"address\0%d\0%s\0%s" % (millis, unlike, agent.encode()), "sha256")[:12]


def _as_in_token(number: str) -> str:
    """A number as it stands in a token."""
    fits = len(json.dumps(number)) <= _LONGEST_NUMBER + len('""')
    if fits and not number.startswith(_DIGEST):
        return number
    return _DIGEST + hashlib.sha256(number.encode("utf-8", "replace")).hexdigest()[:24]


def _number(claim: str, shown: str) -> str | None:
    """The number that ``claim`` says or is the digest of, or None where ``shown`` is another one."""
    if not claim.startswith(_DIGEST):
        return claim
    return shown if claim == _as_in_token(shown) else None
