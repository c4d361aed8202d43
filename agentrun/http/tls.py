"""TLS contexts for outgoing connections, one for each set of certificate authorities.

Reading the certificates takes 40 ms of processor time. httpx reads them again for each client, on the event
loop, where every call waits for it.
"""

from __future__ import annotations

import asyncio
import functools
import ssl
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect


@functools.cache
def context() -> ssl.SSLContext:
    """What verifies servers by certifi's certificates, or by ``SSL_CERT_FILE`` and ``SSL_CERT_DIR``.

    Read once; a later change of these files or variables is for the next process.

    >>> context() is context()
    True
    """
    return httpx.create_ssl_context()


@functools.cache
def system_context() -> ssl.SSLContext:
    """What OpenAI's, MCP's and WebSocket clients verify servers by: the system's authorities.

    Or by the same variables. An authority that a company has installed on its machines is among them. Read
    once, too.
    """
    import httpx2

    return httpx2.create_ssl_context()


@functools.cache
def share_with_websockets() -> None:
    """Have connections of websockets that bring no context of their own use ``system_context``.

    Each would read the certificates, on the event loop, when a call begins. Pipecat's services give none, and
    open their connections in a dozen places.
    """
    open_own: Any = connect.open_tcp_connection

    @functools.wraps(open_own)
    async def open_tcp_connection(self: connect) -> ClientConnection:
        if self.ws_uri.secure and "ssl" not in self.create_connection_kwargs:
            self.create_connection_kwargs["ssl"] = await asyncio.to_thread(system_context)
        connection: ClientConnection = await open_own(self)
        return connection

    connect.open_tcp_connection = open_tcp_connection  # type: ignore[method-assign]
