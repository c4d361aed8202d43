"""A way to a database that can be severed and opened again, as when it is stopped and started, or be slow."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import sqlalchemy as sa

from tests.ports import free_port


class SeverableWay:
    """Passes on to the database at ``address``; ``url`` is its address by this way.

    What is asked over it gets there ``delay_seconds`` later; while it ``swallows``, nothing that either side
    says gets to the other, or ever will.
    """

    def __init__(self, address: str) -> None:
        parts, self._port = sa.make_url(address), free_port()
        self._target = parts.host, parts.port
        self.url = parts.set(port=self._port).render_as_string(hide_password=False)
        self.delay_seconds = 0.0
        self.swallows = False
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        """Let connections through."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)

    def sever(self) -> None:
        """Refuse every connection from now on, and break those that are there."""
        if self._server:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[SeverableWay]:
        """The way, until the end of the block."""
        await self.open()
        try:
            yield self
        finally:
            self.sever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        self._writers |= {writer, far_writer}
        try:
            await asyncio.gather(self._ask(reader, far_writer), self._pump(far_reader, writer))
        finally:
            self._writers -= {writer, far_writer}

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._pump(reader, writer, lambda: asyncio.sleep(self.delay_seconds))

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        wait: Callable[[], Awaitable[None]] = lambda: asyncio.sleep(0),
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await wait()
                if not self.swallows:
                    writer.write(data)
                    await writer.drain()
        writer.close()
