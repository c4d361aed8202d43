"""Servers that treat a request as no library would."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\n"
OK = HEAD + b"content-length: 2\r\n\r\nok"


async def read_request(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """Its head and its body."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        (line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), b":0"
    )
    return head, await reader.readexactly(int(length.partition(b":")[2]))


@contextlib.asynccontextmanager
async def serving(serve: Serve, shown: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """The address of a server that treats each connection so; over TLS where it has what to show."""
    ended: list[asyncio.StreamWriter] = []

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await serve(reader, writer)

    server = await asyncio.start_server(one, "127.0.0.1", 0, ssl=shown)
    try:
        yield f"http{'s' if shown else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in ended:
            writer.close()


def answers(*pieces: bytes, closes: bool = False, hangs: bool = False) -> Serve:
    """Each request is answered with ``pieces``, one a moment."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await read_request(reader)
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.01)
            if hangs:
                await asyncio.sleep(30)
            if closes:
                writer.close()
                return

    return serve


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    line = writer.get_extra_info("socket")
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def echoes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Tells what it was sent, but for what is another's each time."""
    while True:
        head, body = await read_request(reader)
        first, *lines = head.strip().split(b"\r\n")
        names = sorted(
            line for line in map(bytes.lower, lines) if not line.startswith((b"host", b"user-agent"))
        )
        told = b"\n".join([first, *names, body[:20], str(len(body)).encode()])
        writer.write(HEAD + b"content-length: %d\r\n\r\n" % len(told) + told)


async def refuses_early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """As a gateway that has seen in the head that the body is too large."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 9\r\n\r\ntoo large")
    await writer.drain()
    await reader.read()


CHUNKS = b"4\r\nabcd\r\n", b"3\r\nefg\r\n", b"0\r\n\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"
SHORT = HEAD + b"content-length: 10\r\n\r\nabc"
ZIPPED = gzip.compress(b"squeezed")
SERVERS: dict[str, Serve] = {
    "whole": answers(OK),
    "in chunks": answers(CHUNKED, *CHUNKS),
    "in chunks at once": answers(CHUNKED + b"".join(CHUNKS)),
    "until it closes": answers(HEAD + b"\r\n", b"abc", closes=True),
    "HTTP/1.0": answers(b"HTTP/1.0 200 OK\r\n\r\nabc", closes=True),
    "nothing in it": answers(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "early hints": answers(b"HTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n", OK),
    "401": answers(b"HTTP/1.1 401 No\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"),
    "500 that closes": answers(
        b"HTTP/1.1 500\r\nconnection: close\r\ncontent-length: 3\r\n\r\nbad", closes=True
    ),
    "zipped": answers(HEAD + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(ZIPPED) + ZIPPED),
    "a long header": answers(HEAD + b"x: " + b"a" * 20_000 + b"\r\ncontent-length: 2\r\n\r\nok"),
    "two of one name": answers(HEAD + b"set-cookie: a=1\r\nset-cookie: b=2\r\ncontent-length: 2\r\n\r\nok"),
    "closes at once": answers(closes=True),
    "resets": resets,
    "breaks off": answers(SHORT, closes=True),
    "breaks off in chunks": answers(CHUNKED, CHUNKS[0], closes=True),
    "breaks off in the head": answers(HEAD + b"content-le", closes=True),
    "hangs": answers(hangs=True),
    "hangs in the body": answers(CHUNKED, CHUNKS[0], hangs=True),
    "no HTTP": answers(b"SSH-2.0-OpenSSH_9.6\r\n", closes=True),
    "a chunk without a size": answers(CHUNKED, b"zz\r\nabcd\r\n", hangs=True),
    "echoes": echoes,
    "refuses early": refuses_early,
}
