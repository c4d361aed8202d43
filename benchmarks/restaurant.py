"""The server that the tools of the bots ask over HTTP: it knows when the restaurant is open."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator

from aiohttp import web

HOURS = {"hours": "from six to eleven"}


async def answer(_request: web.Request) -> web.Response:
    """The same for every question."""
    return web.json_response(HOURS)


@contextlib.asynccontextmanager
async def restaurant() -> AsyncIterator[str]:
    """Serve while the block runs, at the address that it is given."""
    app = web.Application()
    app.add_routes([web.get("/{what}", answer)])
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        server = socket.create_server(("127.0.0.1", 0))
        await web.SockSite(runner, server).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
    finally:
        await runner.cleanup()
