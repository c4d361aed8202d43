"""Limits on streams that have not shown their token yet: how many, from where, for how long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

HANDSHAKE_SECONDS = 5.0
CROWDED_SECONDS = 1.0
"""How long to wait for a stream's token, and how long while more than half of the slots are taken."""
MOST_HANDSHAKES = 200
"""Concurrent streams from unknown addresses; more are rejected."""
MOST_FROM_ONE_ADDRESS = 50
RESERVED = 200
"""Additional slots for streams at an address that a webhook was given less than a minute ago."""


class TooManyHandshakesError(Exception):
    """There is no slot for another stream."""


class HandshakeLimits:
    """Counts pending streams; unexpected ones take no slots from expected ones."""

    def __init__(self) -> None:
        self._strangers: Counter[str] = Counter()
        self._expected = 0

    @contextmanager
    def one(self, address: str, *, expected: bool) -> Iterator[float]:
        """Take a slot for the block; yields its timeout in seconds. Raises TooManyHandshakesError."""
        if expected:
            yield from self._one_expected()
            return
        if self._strangers.total() >= MOST_HANDSHAKES or self._strangers[address] >= MOST_FROM_ONE_ADDRESS:
            raise TooManyHandshakesError
        self._strangers[address] += 1
        crowded = self._strangers.total() > MOST_HANDSHAKES // 2
        try:
            yield min(CROWDED_SECONDS, HANDSHAKE_SECONDS) if crowded else HANDSHAKE_SECONDS
        finally:
            self._strangers[address] -= 1
            self._strangers += Counter()  # forgets those that are at zero

    def _one_expected(self) -> Iterator[float]:
        if self._expected >= RESERVED:
            raise TooManyHandshakesError
        self._expected += 1
        try:
            yield HANDSHAKE_SECONDS
        finally:
            self._expected -= 1
