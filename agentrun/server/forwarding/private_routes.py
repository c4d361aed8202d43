"""Routes at the private address, for other processes of the service."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import Response

from agentrun.server.forwarding.forwarding import PATH, Forwarding

MOST_BODY_BYTES = 256 * 1024
"""An offer has at most 64 KiB, and a little more once it is written as part of another object."""
BODY_SECONDS = 5.0


def make(forwarding: Forwarding) -> FastAPI:
    """The application behind a private address: ``POST /forwarded/<what>``, with a token for this request.

    A request without one, or with one that is for another process, is answered 421, whatever it asks for.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.router.redirect_slashes = False

    @app.post(PATH + "{what}")
    async def answer(what: str, request: Request) -> Response:
        try:
            raw = await asyncio.wait_for(_body(request), BODY_SECONDS)
        except TimeoutError:
            raise HTTPException(408, "the request took too long", {"Connection": "close"}) from None
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not forwarding.tokens.is_good(token, what, raw):
            raise HTTPException(421, "this is not for this process")
        handler = forwarding.handlers.get(what)
        if handler is None:
            raise HTTPException(421, "this process has nothing of that kind")
        body: dict[str, Any] = json.loads(raw)
        return await handler(body)

    return app


async def _body(request: Request) -> bytes:
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MOST_BODY_BYTES:
            raise HTTPException(413, "the body is too long", {"Connection": "close"})
    return bytes(raw)
