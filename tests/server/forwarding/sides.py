"""Two processes of one server in this one: each has its calls, its public routes and its private address."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from fastapi import FastAPI

from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving
from agentrun.server.auth import api_key, start_tokens
from agentrun.server.auth.call_access import Access
from agentrun.server.browser import routes
from agentrun.server.forwarding import private_routes
from agentrun.server.forwarding.forwarding import Forwarding
from agentrun.server.forwarding.request_tokens import RequestTokens
from agentrun.server.forwarding.signed_names import SignedNames
from agentrun.server.lifecycle.settings import ServerSettings
from agentrun.server.shared_state.backend import Process
from agentrun.server.shared_state.handover import Handover
from agentrun.server.shared_state.sql import SqlBackend
from agentrun.server.shared_state.state import SharedState
from tests.server.browser.board import Board

KEY = "the-servers-own-key"


@dataclass
class Side:
    """One process: who it is, its calls, what it hands on, its public routes and a client of them."""

    state: SharedState
    board: Board
    forwarding: Forwarding
    client: httpx.AsyncClient
    app: FastAPI
    private: contextlib.AsyncExitStack

    @property
    def address(self) -> str:
        """Its private address."""
        return self.state.me.address


@contextlib.asynccontextmanager
async def side(
    name: str, folder: Path, *, machine: str = "box", address: str | None = None, secret: bytes = b"s" * 32
) -> AsyncIterator[Side]:
    """A process of the server whose state is in ``folder``; ``address`` is what it says of itself."""
    sock, board = bind("127.0.0.1", 0), Board()
    own = address if address is not None else f"http://127.0.0.1:{sock.getsockname()[1]}"
    state = SharedState(SqlBackend(f"sqlite:///{folder}/shared.sqlite"), Process(name, machine, own))
    await state.beat()
    keys = (secret,)
    tokens = RequestTokens(name, keys, state.time)
    forwarding = Forwarding(Handover(state), SignedNames(name, keys), tokens)
    starts = start_tokens.StartTokens(KEY, use=state.use)
    environ = {"AGENTRUN_API_KEY": KEY}
    settings = ServerSettings("0.0.0.0", Access.CLOSED, environ, start_tokens=starts)  # noqa: S104
    start, origin = api_key.require_start(settings), api_key.require_origin(settings)
    app = FastAPI()
    app.include_router(routes.router(board, start, None, origin, forwarding))  # type: ignore[arg-type]
    transport = httpx.ASGITransport(app=app)
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://voice.example.com") as client,
        contextlib.AsyncExitStack() as private,
    ):
        await private.enter_async_context(serving(private_routes.make(forwarding), sock))
        yield Side(state, board, forwarding, client, app, private)
        for closer in board.closers:
            await closer()
    await state.close()


@contextlib.asynccontextmanager
async def pair(folder: Path) -> AsyncIterator[tuple[Side, Side]]:
    """Two of them on one machine."""
    async with side("1-a", folder) as one, side("2-b", folder) as other:
        yield one, other
