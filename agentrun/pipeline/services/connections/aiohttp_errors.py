"""Maps aiohttp's connection errors to httpx's."""

from __future__ import annotations

import os
import socket
import ssl

import aiohttp
import httpx2

_SAME_ERRORS: tuple[tuple[type[Exception], type[httpx2.TransportError]], ...] = (
    (aiohttp.ConnectionTimeoutError, httpx2.ConnectTimeout),
    (aiohttp.ServerTimeoutError, httpx2.ReadTimeout),
    (aiohttp.ClientConnectorError, httpx2.ConnectError),
    (aiohttp.ServerDisconnectedError, httpx2.RemoteProtocolError),
    (aiohttp.ClientConnectionError, httpx2.ReadError),
    (ConnectionError, httpx2.ReadError),
    (aiohttp.InvalidURL, httpx2.UnsupportedProtocol),
)
"""What is raised for an error of aiohttp's, the first that fits; RemoteProtocolError for any other."""
_WORDS: dict[type[httpx2.TransportError], str] = {
    httpx2.ConnectTimeout: "no connection in time",
    httpx2.UnsupportedProtocol: "the address can't be read",
}
"""Where aiohttp's have the whole address in them, with what may be secret."""


def same_error(error: Exception) -> httpx2.TransportError:
    """What httpx2's own connections raise in its place."""
    kinds = (ours for theirs, ours in _SAME_ERRORS if isinstance(error, theirs))
    kind = next(kinds, httpx2.RemoteProtocolError)
    if kind is httpx2.ConnectError:
        error = cause_of(error)
    return kind(_WORDS.get(kind) or str(error) or type(error).__name__)


def cause_of(error: Exception) -> Exception:
    """What the system said, in its own words: asyncio puts the address in their place."""
    cause = error.__cause__ if isinstance(error, aiohttp.ClientConnectorError) else None
    if not isinstance(cause, OSError):
        return error
    if isinstance(cause, ssl.SSLError | socket.gaierror) or not cause.errno:
        return cause
    return OSError(cause.errno, os.strerror(cause.errno))
