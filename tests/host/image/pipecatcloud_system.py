"""The application that bots at Pipecat Cloud may add a lifespan to."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

from fastapi import FastAPI

_lifespans: list[Callable[[FastAPI], Any]] = []


@contextlib.asynccontextmanager
async def _all(found: FastAPI) -> AsyncIterator[None]:
    async with contextlib.AsyncExitStack() as stack:
        for one in _lifespans:
            await stack.enter_async_context(one(found))
        yield


app = FastAPI(lifespan=_all)


def add_lifespan_to_app(lifespan: Callable[[FastAPI], Any]) -> None:
    """Have ``lifespan`` entered when the server starts."""
    _lifespans.append(lifespan)
