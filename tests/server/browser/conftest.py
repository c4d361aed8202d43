"""A browser's routes on a switchboard that notes whom it answers."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from agentrun.server.browser import routes
from tests.server.browser.board import Board


@pytest.fixture
async def board() -> AsyncIterator[Board]:
    found = Board()
    yield found
    for closer in found.closers:
        await closer()


@pytest.fixture
async def client(board: Board) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(routes.router(board))  # type: ignore[arg-type]
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:7860") as found:
        yield found
