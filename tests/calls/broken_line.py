"""A telephone line between a caller and servers that can be broken, so that calls go on at another server."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import urlsplit

READ_BYTES = 65536


class BrokenLine:
    """Passes connections on to the first of ``urls`` that takes them; a broken first one is left out."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._targets = [(parts.hostname, parts.port) for parts in map(urlsplit, urls)]
        self._cut = asyncio.Event()
        self.url = ""

    def cut(self) -> None:
        """Break every connection, and lead to the first server no more."""
        self._cut.set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[BrokenLine]:
        """The line, at its ``url``."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
            yield self

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        was_cut = self._cut.is_set()
        for host, port in self._targets[1:] if was_cut else self._targets:
            try:
                far_reader, far_writer = await asyncio.open_connection(host, port)
            except OSError:
                continue
            pumps = [
                asyncio.create_task(_pump(*ends)) for ends in ((reader, far_writer), (far_reader, writer))
            ]
            break_off = asyncio.create_task(asyncio.Event().wait() if was_cut else self._cut.wait())
            both = asyncio.gather(*pumps)
            waited: set[asyncio.Future[Any]] = {both, break_off}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if break_off.done():
                for each in (far_writer, writer):
                    each.transport.abort()
            break_off.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await both
            return
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(READ_BYTES):
            writer.write(data)
            await writer.drain()
    writer.close()
