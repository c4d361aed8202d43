"""Sends the OpenAI client's requests over aiohttp, whose parser is compiled.

httpx's own has a parser in Python, and a cancel scope of anyio's around each piece that is read or written.
"""

from __future__ import annotations

import asyncio
import io
import select
import socket
import ssl
import weakref
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import aiohttp
import httpx2
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from agentrun.pipeline.services.connections.aiohttp_errors import cause_of, same_error

PAUSE_READING = "pause_reading"
"""The extension of a response that has its body wait in the kernel until it is read on: a function."""
_SCHEMES = ("http", "https")
_MOST_HEAD_BYTES = 65_536
"""Of a line in a response's head; aiohttp takes 8 KiB, and httpx 100 for all of them."""
_MOST_AT_ONCE = 512 * 1024
"""Bytes of a body that are written in one piece; aiohttp warns of twice as many."""
_OF_HTTPX = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
"""Headers that aiohttp would add: a request of httpx has those that it should have."""


class AiohttpTransport(httpx2.AsyncBaseTransport):
    """Sends requests of httpx2, in one event loop; raises httpx2's errors.

    ``limits`` and ``verify`` are httpx2's, and ``socket_options`` are told to each connection. Redirects,
    cookies and compressed bodies are left to the client. There is no time limit for writing a request.

    >>> transport = AiohttpTransport(httpx2.Limits(), ssl.create_default_context(), ())
    >>> client = httpx2.AsyncClient(transport=transport)
    """

    def __init__(
        self, limits: httpx2.Limits, verify: ssl.SSLContext, socket_options: Sequence[tuple[int, int, int]]
    ) -> None:
        self._limits, self._verify, self._options = limits, verify, socket_options
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        _check_scheme(request.url)
        timeouts = request.extensions.get("timeout", {})
        connect = timeouts.get("connect")
        body: Any = await request.aread() or None
        if body and len(body) > _MOST_AT_ONCE:
            body = io.BytesIO(body)
        try:
            answer = await self._begun().request(
                request.method,
                URL(_address(request.url), encoded=True),
                headers=_headers(request),
                data=body,
                allow_redirects=False,
                server_hostname=request.extensions.get("sni_hostname"),
                timeout=aiohttp.ClientTimeout(
                    connect=connect, sock_connect=connect, sock_read=timeouts.get("read")
                ),
            )
        except (aiohttp.ClientError, ConnectionError) as error:
            raise same_error(error) from cause_of(error)
        except ValueError as error:
            raise httpx2.LocalProtocolError(str(error)) from error
        return _response(answer)

    async def aclose(self) -> None:
        if self._session:
            await self._session.close()

    def _begun(self) -> aiohttp.ClientSession:
        """The session, which belongs to an event loop: begun with the first request."""
        if self._session is None:
            connector = _Connector(
                limit=self._limits.max_connections or 0,
                keepalive_timeout=self._limits.keepalive_expiry,
                ssl=self._verify,
                resolver=aiohttp.ThreadedResolver(),
                use_dns_cache=False,
                socket_factory=self._socket,
            )
            self._session = aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                skip_auto_headers=_OF_HTTPX,
                max_line_size=_MOST_HEAD_BYTES,
                max_field_size=_MOST_HEAD_BYTES,
            )
        return self._session

    def _socket(self, address: Any) -> socket.socket:
        family, kind, protocol, *_ = address
        made = socket.socket(family, kind, protocol)
        for option in self._options:
            made.setsockopt(*option)
        return made


class _Connector(aiohttp.TCPConnector):
    """Uses no connection again on which something has come that nobody asked for, be it its end.

    aiohttp's looks at neither, and would take an answer that is too much for that to the next request.
    ``_get`` is private to aiohttp: 3.14 asks it for a kept connection.
    """

    async def _get(self, *place: Any) -> Any:
        while connection := await super()._get(*place):
            if _is_quiet(connection.protocol):
                return connection
            connection.close()
        return None


class _Body(httpx2.AsyncByteStream):
    """A response's body, in pieces of what has come by then."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer
        self._is_paused = False
        self._lost = _lost(weakref.ref(self))
        protocol = self._protocol()
        self._closed: asyncio.Future[None] | None = protocol.closed if protocol is not None else None
        if self._closed is not None:
            self._closed.add_done_callback(self._lost)
            self._closed.remove_done_callback(_retrieve)
            self._closed.add_done_callback(_retrieve)
        else:
            self.end()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while data := await self._read():
                yield data
        except (aiohttp.ClientError, HttpProcessingError, ConnectionError) as error:
            if data := self._left_over():
                yield data
            raise same_error(error) from cause_of(error)

    async def aclose(self) -> None:
        if self._closed is not None:
            self._closed.remove_done_callback(self._lost)
        self._answer.release()

    def end(self) -> None:
        """There is no connection any more: of a chunk that can't be read, aiohttp tells no reader."""
        content = self._answer.content
        if not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError("the rest of the answer can't be read"))

    def pause(self) -> None:
        """Take nothing more from the kernel until somebody reads on, who then gets all that has come."""
        protocol = self._protocol()
        if protocol is not None:
            self._is_paused = True
            protocol.pause_reading()

    async def _read(self) -> bytes:
        if self._is_paused:
            self._is_paused = False
            protocol = self._protocol()
            if protocol is not None:
                protocol.resume_reading()
        return await self._answer.content.readany()

    def _protocol(self) -> Any:
        """What reads from the connection, which may be false; None once the whole answer has come."""
        connection = self._answer.connection
        protocol = None if connection is None else connection.protocol
        return None if protocol is None or not protocol.is_connected() else protocol

    def _left_over(self) -> bytes:
        """What came before an error, and was not read by then: aiohttp drops it."""
        self._answer.content.set_exception(None)  # type: ignore[arg-type]
        return self._answer.content.read_nowait()


def _lost(body: weakref.ref[_Body]) -> Callable[[asyncio.Future[None]], None]:
    """A connection has many answers, and holds on to none of them."""

    def lost(_closed: asyncio.Future[None]) -> None:
        if there := body():
            there.end()

    return lost


def _retrieve(closed: asyncio.Future[None]) -> None:
    """Asyncio logs an error that nobody reads: the one with which a connection ends on which no answer is."""
    if not closed.cancelled():
        closed.exception()


def _is_quiet(protocol: Any) -> bool:
    line = protocol.transport.get_extra_info("socket")
    looking = select.poll()
    looking.register(line.fileno(), select.POLLIN)
    return not protocol.should_close and not looking.poll(0)


def _response(answer: aiohttp.ClientResponse) -> httpx2.Response:
    body = _Body(answer)
    reason = (answer.reason or "").encode("utf-8", "surrogateescape")
    extensions = {"http_version": b"HTTP/1.1", "reason_phrase": reason, PAUSE_READING: body.pause}
    return httpx2.Response(answer.status, headers=answer.raw_headers, stream=body, extensions=extensions)


def _check_scheme(url: httpx2.URL) -> None:
    """The words are httpx's."""
    if not url.scheme:
        raise httpx2.UnsupportedProtocol("Request URL is missing an 'http://' or 'https://' protocol.")
    if url.scheme not in _SCHEMES:
        raise httpx2.UnsupportedProtocol(f"Request URL has an unsupported protocol '{url.scheme}://'.")


def _address(url: httpx2.URL) -> str:
    """Without user and password: httpx has put them into a header, and aiohttp would do so again."""
    return f"{url.scheme}://{url.netloc.decode()}{url.raw_path.decode()}"


def _headers(request: httpx2.Request) -> list[tuple[str, str]]:
    encoding = request.headers.encoding
    return [(name.decode("ascii"), value.decode(encoding)) for name, value in request.headers.raw]
