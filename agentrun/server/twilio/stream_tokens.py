"""One-time tokens: what the webhook gives and the media stream must bring back."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

LIFETIME_SECONDS = 60.0
MOST_OPEN = 10_000


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

    def _drop_expired(self) -> None:
        now = self._clock()
        for token in [t for t, ticket in self._tickets.items() if ticket.expires <= now]:
            del self._tickets[token]
        while len(self._tickets) >= MOST_OPEN:
            del self._tickets[next(iter(self._tickets))]
