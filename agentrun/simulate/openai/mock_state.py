"""The state that all routes of the mock server share."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from agentrun.simulate.engines.engines import Brain, Hearing, Voice
from agentrun.simulate.faults import Conditions

MOST_REQUESTS = 1_000
MOST_SECRETS = 1_000
SOCKET_SECONDS = 60 * 60.0
"""OpenAI ends a socket after an hour."""
_TICK_SECONDS = 0.1


@dataclass(frozen=True)
class Request:
    """One request as it came in; ``body`` is its JSON, or the fields of its form."""

    route: str
    agent: str
    body: dict[str, Any]


@dataclass(frozen=True)
class ClientSecret:
    """What a page may open sockets with, until ``expires`` of the clock, and the session that it begins."""

    expires: float
    session: dict[str, Any]


@dataclass
class MockState:
    """The engines, what goes wrong, and what was asked. ``clock`` is in seconds."""

    hearing: Hearing
    voice: Voice
    brain: Brain
    clock: Callable[[], float]
    conditions: Conditions = field(default_factory=Conditions)
    requests: deque[Request] = field(default_factory=lambda: deque(maxlen=MOST_REQUESTS))
    secrets: dict[str, ClientSecret] = field(default_factory=dict)
    """Those that were made, by their value; the last thousand."""
    _numbers: count[int] = field(default_factory=lambda: count(1))

    def new_id(self, kind: str) -> str:
        """``resp_1``, ``item_2`` and so on: readable, and unique in this server."""
        return f"{kind}_{next(self._numbers)}"

    def keep_secret(self, value: str, secret: ClientSecret) -> None:
        """Let ``value`` open sockets."""
        if len(self.secrets) == MOST_SECRETS:
            del self.secrets[next(iter(self.secrets))]
        self.secrets[value] = secret

    async def an_hour(self) -> None:
        """Returns when an hour of the clock has passed."""
        began = self.clock()
        while self.clock() - began < SOCKET_SECONDS:  # noqa: ASYNC110 - the clock is anybody's
            await asyncio.sleep(_TICK_SECONDS)
