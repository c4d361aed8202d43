"""A uvicorn server on a port that is already bound, without signal handlers of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import uvicorn

from agentrun.http import cut_connections
from agentrun.http.bound_socket import unusable
from agentrun.http.prompt_messages import PromptMessagesProtocol
from agentrun.http.slow_client_timeouts import SlowClientProtocol

MOST_MESSAGE_BYTES = 192 * 1024
"""A media message of Twilio's has 400 bytes; its ``start`` may bring 30 parameters of 499 characters."""
_START_STEP_SECONDS = 0.005
_TICK_SECONDS = 1.0
_IDLE_SECONDS = 5.0
"""How long what had connected may still ask on the same connection, once others listen in its place."""


class Server(uvicorn.Server):
    """A uvicorn server that wakes up once a second instead of ten times."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._left = asyncio.Event()
        self.listens = True
        """Whether it accepts new connections."""

    def stop_listening(self) -> None:
        """Leave new connections to another server on the same socket.

        Those that are open end with their next answer, or where nobody asks on them for ``_IDLE_SECONDS``: a
        proxy keeps them for a minute, by when a server that has stopped listening lets no call in any more.
        """
        self.listens = False
        for server in self.servers:
            server.close()
        asyncio.get_running_loop().call_later(_IDLE_SECONDS, self._end_idle)

    def _end_idle(self) -> None:
        for connection in list(self.server_state.connections):
            if isinstance(connection, SlowClientProtocol):
                connection.shutdown()

    def leave(self) -> None:
        """Make ``serve`` return."""
        self.should_exit = True
        self._left.set()

    async def main_loop(self) -> None:
        """Update the ``Date`` header until told to leave."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._left.wait(), _TICK_SECONDS)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serving(
    app: Any,
    sock: socket.socket,
    message_bytes: int | None = MOST_MESSAGE_BYTES,
    *,
    forwarded_allow_ips: str | None = None,
) -> AsyncIterator[Server]:
    """Serve ``app`` on ``sock`` while the block runs; connections are closed at its end.

    A WebSocket message of more than ``message_bytes`` closes its connection; None allows 16 MiB.
    Only proxies at ``forwarded_allow_ips`` (addresses and networks, or ``*``) are believed about who asks.
    """

    config = uvicorn.Config(
        _holding_connections(app, lambda: not server.listens),
        log_level="warning",
        log_config=None,
        ws_max_size=message_bytes or 16 * 1024 * 1024,
        # sound in base64 hardly shrinks; compressing takes a twentieth of a realtime call's processor time
        ws_per_message_deflate=False,
        server_header=False,
        http=SlowClientProtocol,
        ws=PromptMessagesProtocol,
        proxy_headers=forwarded_allow_ips is not None,
        forwarded_allow_ips=forwarded_allow_ips or "",
        timeout_graceful_shutdown=10,
    )
    server = Server(config)
    task = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(_START_STEP_SECONDS)
        _require_started(task, sock)
        yield server
    finally:
        server.leave()
        if not task.done():
            await task
    task.result()


def _holding_connections(app: Any, ends: Callable[[], bool]) -> Any:
    """``app``, whose answers close their connections once ``ends`` says so, and which can cut each of them.

    The ``send`` of a request belongs to its cycle, which has the transport.
    """

    async def asgi(scope: Any, receive: Any, send: Any) -> None:
        async def answer(message: Any) -> None:
            if message["type"] == "http.response.start" and ends():
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
            await send(message)

        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        cut_connections.allow(scope, send.__self__.transport)
        await app(scope, receive, answer)

    return asgi


def _require_started(task: asyncio.Task[None], sock: socket.socket) -> None:
    """Raise SetupError if listening failed: another server may have been faster."""
    if task.done() and isinstance(error := task.exception(), OSError):
        host, port = sock.getsockname()[:2]
        sock.close()
        raise unusable(host, port, error)
