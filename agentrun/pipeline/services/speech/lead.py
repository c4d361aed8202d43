"""How far the audio of an answer is ahead of its playout, and how long reading it may pause."""

from __future__ import annotations

import asyncio

KEPT_SECONDS = 0.4
"""Sound that is there when reading goes on: what a line is sent ahead, and as much again."""
MOST_SECONDS = 0.1
"""By so much, at most, the next sentence is asked for later: the end of this one is read later."""
LEAST_SECONDS = 0.05
"""A rest has its price, too."""


class SpeechLead:
    """What of an answer has come and can't have been heard yet: no sound is heard faster than it lasts.

    A voice is asked for one sentence after another of the same answer, and each is heard behind the last one.
    """

    def __init__(self) -> None:
        self._answer = ""
        self._heard = 0.0

    def begin(self, answer: str) -> None:
        """More follows of ``answer``, an id; the sound of another one is not counted on any more."""
        if answer != self._answer:
            self._answer, self._heard = answer, 0.0

    def add(self, seconds: float) -> None:
        """So much sound of the answer has come."""
        self._heard = max(self._heard, _now()) + seconds

    def rest(self) -> float:
        """Seconds for which no more sound need be read; 0 where that is not worth it."""
        seconds = min(self._heard - _now() - KEPT_SECONDS, MOST_SECONDS)
        return seconds if seconds >= LEAST_SECONDS else 0.0


def _now() -> float:
    return asyncio.get_running_loop().time()
