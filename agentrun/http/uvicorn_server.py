"""A uvicorn server on a port that was bound first, without signal handlers of its own."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import uvicorn

from agentrun.errors import SetupError
from agentrun.http.slow_client_timeouts import SlowClientProtocol

MOST_MESSAGE_BYTES = 64 * 1024
"""A media message of Twilio's has about 400 bytes, its ``start`` less than 4 KiB."""
_START_STEP_SECONDS = 0.005
_TICK_SECONDS = 1.0


class _Server(uvicorn.Server):
    """Looks at its clock once a second: uvicorn does so ten times, on an idle machine too."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._left = asyncio.Event()

    def leave(self) -> None:
        """Have ``serve`` return."""
        self.should_exit = True
        self._left.set()

    async def main_loop(self) -> None:
        """Set the date of answers until it is to leave."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._left.wait(), _TICK_SECONDS)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises SetupError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio switches Nagle's algorithm off only where the protocol is named: 40 ms a small write otherwise
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host.strip("[]"), port))
    except OSError as error:
        found.close()
        reason = "is in use" if error.errno == errno.EADDRINUSE else f"can't be used: {error.strerror}"
        raise SetupError(f"port {port} of {host} {reason}", "choose another one with --port") from None
    return found


def inherit(descriptor: int) -> socket.socket:
    """The socket that a supervisor has bound and handed on."""
    return socket.socket(fileno=descriptor)


@contextlib.asynccontextmanager
async def serving(
    app: Any,
    sock: socket.socket,
    message_bytes: int | None = MOST_MESSAGE_BYTES,
    *,
    forwarded_allow_ips: str | None = None,
) -> AsyncIterator[uvicorn.Server]:
    """Serve ``app`` on ``sock`` while the block runs; connections are closed at its end.

    A WebSocket message of more than ``message_bytes`` closes its connection; None allows 16 MiB.
    Only proxies at ``forwarded_allow_ips`` (addresses and networks, or ``*``) are believed about who asks.
    """
    config = uvicorn.Config(
        app,
        log_level="warning",
        log_config=None,
        ws_max_size=message_bytes or 16 * 1024 * 1024,
        # sound in base64 hardly shrinks; compressing takes a twentieth of a realtime call's processor time
        ws_per_message_deflate=False,
        server_header=False,
        http=SlowClientProtocol,
        proxy_headers=forwarded_allow_ips is not None,
        forwarded_allow_ips=forwarded_allow_ips or "",
        timeout_graceful_shutdown=10,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(_START_STEP_SECONDS)
        yield server
    finally:
        server.leave()
        await task
