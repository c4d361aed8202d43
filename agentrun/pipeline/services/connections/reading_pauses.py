"""Lets a socket's messages accumulate for a moment, so that they are read together."""

from __future__ import annotations

import asyncio


class ReadingPauses:
    """Pauses the reading of one connection after another, for a time that ends by itself or sooner.

    Whoever waits for messages wakes up once for all that have come meanwhile.
    """

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, transport: asyncio.Transport, seconds: float) -> None:
        """Read nothing of ``transport`` for ``seconds``, unless its reading is paused or it closes."""
        if self._transport or transport.is_closing() or not transport.is_reading():
            return
        transport.pause_reading()
        self._transport = transport
        self._timer = asyncio.get_running_loop().call_later(seconds, self.end)

    def end(self) -> None:
        """Read on now, if a pause is going on."""
        transport, self._transport = self._transport, None
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if transport and not transport.is_closing():
            transport.resume_reading()
