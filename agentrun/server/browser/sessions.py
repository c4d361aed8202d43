"""Sessions between their start and their first offer, as in Pipecat's runner."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fastapi import HTTPException

START_SECONDS = 60.0
"""How long the offer may take that follows a start."""
MOST_STARTED = 1000
MOST_TRIES = 20
"""So many offers of a session may be refused before it is over: each may cost what answering one does."""


@dataclass
class Started:
    """A session that was started: its name is all that its offers need."""

    agent: str
    parameters: Mapping[str, str]
    until: float
    busy: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    tries: int = 0


class Sessions:
    """Sessions that wait for their offer; each begins one call. ``mark`` makes a name one of this process."""

    def __init__(self, mark: Callable[[str], str] = str) -> None:
        self._mark = mark
        self._waiting: dict[str, Started] = {}

    def start(self, agent: str, parameters: Mapping[str, str]) -> str:
        """A new session's name, which nobody can guess; ``parameters`` are its call's.

        Raises HTTPException 503 where a thousand wait already.
        """
        now = time.monotonic()
        self._waiting = {name: one for name, one in self._waiting.items() if one.until > now}
        if len(self._waiting) >= MOST_STARTED:
            raise HTTPException(503, "too many sessions wait for their offer", {"Retry-After": "10"})
        name = self._mark(str(uuid.uuid4()))
        self._waiting[name] = Started(agent, parameters, now + START_SECONDS)
        return name

    def __contains__(self, name: str) -> bool:
        return name in self._waiting

    def find(self, name: str) -> Started | None:
        """The session ``name`` while it waits for its offer; None for none."""
        started = self._waiting.get(name)
        return started if started and started.until > time.monotonic() else None

    def count(self, name: str) -> None:
        """An offer of the session ``name`` is looked at, of so many that it may send."""
        if started := self._waiting.get(name):
            started.tries += 1
            if started.tries > MOST_TRIES:
                self.use(name)

    def use(self, name: str) -> Started | None:
        """The session ``name``, whose call begins now; None for none that waits."""
        started = self._waiting.pop(name, None)
        return started if started and started.until > time.monotonic() else None
