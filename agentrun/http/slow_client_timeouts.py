"""Timeouts for clients that are slow to send their request."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
"""How long a client may take to send a request's head; uvicorn itself waits forever."""
STALL_SECONDS = 30.0
"""How long a client may accept nothing of a response before the connection is closed."""
KEPT_SECONDS = 75
"""How long a connection may be idle between requests; longer than load balancers keep one.

Where the server closes first, a request that is just on its way is lost. Amazon's and nginx's keep theirs for
60 s as they come. https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html
"""
MOST_KEPT = 200
"""Connections of one process; each that is made beyond them is kept for uvicorn's own 5 s."""


class SlowClientProtocol(H11Protocol):
    """uvicorn's HTTP protocol, which closes connections whose request does not arrive in time.

    It cuts one whose client does not take what it is sent.
    """

    _timer: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None
    _upgraded = False

    def connection_made(self, transport: Any) -> None:
        """Somebody has connected."""
        super().connection_made(transport)
        if len(self.connections) <= MOST_KEPT:
            self.timeout_keep_alive = KEPT_SECONDS
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """They have gone."""
        self._stop_waiting()
        self._stop_stalling()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """They have more to take than is kept for them."""
        self._stalled = self.loop.call_later(STALL_SECONDS, self.transport.abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        """They have taken some of it."""
        self._stop_stalling()
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        """They have sent something."""
        super().data_received(data)
        if self._upgraded or self.conn.their_state is not h11.IDLE:
            self._stop_waiting()
        elif self._timer is None and self.conn.trailing_data[0]:
            self._wait_for_head()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """The connection is another protocol's from here on."""
        self._upgraded = True
        self._stop_waiting()
        super().handle_websocket_upgrade(event)

    def _wait_for_head(self) -> None:
        self._timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _stop_stalling(self) -> None:
        if self._stalled:
            self._stalled.cancel()
            self._stalled = None

    def _stop_waiting(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
