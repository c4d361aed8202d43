"""Slows down addresses that send wrong passwords.

Browsers that were let in before are not asked to wait (``known_browsers``). Whoever comes for the first time
from an address that others guess from, such as that of a proxy which is not named, waits in line with them.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

FREE_GUESSES = 10
"""So many wrong passwords of an address within ``WINDOW_SECONDS`` cost it nothing."""
WINDOW_SECONDS = 60.0
PAUSE_SECONDS = 1.0
"""Between two tries of an address after that: a password of 40 bits takes 17,000 years."""
MOST_WAITING = 20
MOST_ADDRESSES = 10_000


class TooManyError(Exception):
    """An address has so many tries waiting that no more are taken."""


@dataclass
class _Address:
    wrong: list[float] = field(default_factory=list)
    line: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


class PasswordAttempts:
    """Counts wrong passwords by address; an IPv6 address counts with its network of 64 bits."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._clock = clock
        self._pause = pause
        self._addresses: OrderedDict[str, _Address] = OrderedDict()

    @asynccontextmanager
    async def one(self, address: str) -> AsyncIterator[None]:
        """A try, when its turn has come; raises TooManyError where too many wait already."""
        entry = self._find(address)
        if len(self._recent(entry)) < FREE_GUESSES:
            yield
            return
        if entry.waiting >= MOST_WAITING:
            raise TooManyError
        entry.waiting += 1
        try:
            async with entry.line:
                await self._pause(PAUSE_SECONDS)
                yield
        finally:
            entry.waiting -= 1

    def wrong(self, address: str) -> None:
        """A password of ``address`` was wrong."""
        entry = self._find(address)
        entry.wrong = [*self._recent(entry), self._clock()][-FREE_GUESSES:]

    def _recent(self, found: _Address) -> list[float]:
        return [at for at in found.wrong if at > self._clock() - WINDOW_SECONDS]

    def _find(self, address: str) -> _Address:
        name = _network(address)
        entry = self._addresses.setdefault(name, _Address())
        self._addresses.move_to_end(name)
        while len(self._addresses) > MOST_ADDRESSES:
            self._addresses.popitem(last=False)
        return entry


def _network(address: str) -> str:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((ip, 64), strict=False)) if ip.version == 6 else str(ip)
