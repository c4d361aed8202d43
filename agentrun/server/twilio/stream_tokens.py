"""One-time tokens: what the webhook gives and the media stream must bring back."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

LIFETIME_SECONDS = 60.0
MOST_OPEN = 10_000
ADDRESS_CHARACTERS = 11
"""66 of a token's 256 bits: enough to be known by, and no help in guessing the others."""


@dataclass(frozen=True)
class StreamGrant:
    """The call that a token was made for."""

    agent: str
    call_sid: str
    from_number: str
    to_number: str
    expires: float


class StreamTokens:
    """Each token opens one stream of one call of one agent, once, within a minute."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tickets: dict[str, StreamGrant] = {}

    def mint(self, agent: str, call_sid: str, from_number: str, to_number: str) -> str:
        """A new token, 256 bits, safe in a URL."""
        self._drop_expired()
        token = secrets.token_urlsafe(32)
        expires = self._clock() + LIFETIME_SECONDS
        self._tickets[token] = StreamGrant(agent, call_sid, from_number, to_number, expires)
        return token

    def redeem(self, token: str, agent: str, call_sid: str) -> StreamGrant | None:
        """The token's ticket, or None when it is wrong, used, expired, or another call's.

        A token that was shown is used up, whoever showed it.
        """
        ticket = self._tickets.pop(token, None)
        if ticket is None or ticket.expires <= self._clock():
            return None
        if (ticket.agent, ticket.call_sid) != (agent, call_sid):
            return None
        return ticket

    def address_of(self, token: str) -> str:
        """The part of a token that stands in the stream's address, which a proxy may log."""
        return token[:ADDRESS_CHARACTERS]

    def expects(self, address: str, agent: str) -> bool:
        """Whether a token that is still good begins with ``address``; nothing is used up."""
        now = self._clock()
        return len(address) == ADDRESS_CHARACTERS and any(
            token.startswith(address) and grant.agent == agent and grant.expires > now
            for token, grant in self._tickets.items()
        )

    def _drop_expired(self) -> None:
        now = self._clock()
        for token in [t for t, ticket in self._tickets.items() if ticket.expires <= now]:
            del self._tickets[token]
        while len(self._tickets) >= MOST_OPEN:
            del self._tickets[next(iter(self._tickets))]
