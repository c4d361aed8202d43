"""Sessions between their start and their first offer, as Pipecat's runner has them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fastapi import HTTPException

START_SECONDS = 60.0
"""How long the offer may take that follows a start."""
MOST_STARTED = 1000


@dataclass(frozen=True)
class Started:
    """A session that was started: its name is all that its offers need."""

    agent: str
    parameters: Mapping[str, str]
    until: float


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

    def use(self, name: str) -> Started | None:
        """The session ``name``, whose call begins now; None for none that waits."""
        started = self._waiting.pop(name, None)
        return started if started and started.until > time.monotonic() else None
