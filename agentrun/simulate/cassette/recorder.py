"""A proxy between an agent and its provider that records every exchange."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import websockets
from fastapi import FastAPI, Request, WebSocket, WebSocketDisconnect
from fastapi.responses import Response, StreamingResponse

from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving
from agentrun.simulate.cassette.tape import Conversation, Event, Exchange, Tape

METHODS = ["GET", "POST"]
_NOT_PASSED_ON = {"host", "content-length", "accept-encoding", "connection"}
_SECONDS = 60.0


@contextlib.asynccontextmanager
async def recording(tape: Tape, provider: str) -> AsyncIterator[str]:
    """The address to give the services instead of ``provider``'s, while the block runs.

    >>> async with recording(tape, "https://api.openai.com/v1") as base_url:  # doctest: +SKIP
    ...     client = openai.AsyncOpenAI(base_url=base_url)
    """
    async with httpx.AsyncClient(timeout=_SECONDS) as client:
        sock = bind("127.0.0.1", 0)
        try:
            async with serving(_app(tape, provider.rstrip("/"), client), sock, message_bytes=None):
                yield f"http://127.0.0.1:{sock.getsockname()[1]}/v1"
        finally:
            sock.close()


def _app(tape: Tape, provider: str, client: httpx.AsyncClient) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.api_route("/v1/{path:path}", methods=METHODS)
    async def pass_on(path: str, request: Request) -> Response:
        body = await request.body()
        headers = {key: value for key, value in request.headers.items() if key not in _NOT_PASSED_ON}
        url = f"{provider}/{path}"
        provider_request = client.build_request(
            request.method, url, params=request.query_params, headers=headers, content=body
        )
        answer = await client.send(provider_request, stream=True)
        content_type = answer.headers.get("content-type", "")
        exchange = Exchange(path, _as_json(request, body), answer.status_code, content_type)
        tape.exchanges.append(exchange)
        return StreamingResponse(
            _written_down(tape, exchange, answer), answer.status_code, media_type=content_type or None
        )

    @app.websocket("/v1/{path:path}")
    async def relay(socket: WebSocket, path: str) -> None:
        conversation = Conversation(path)
        tape.sockets.append(conversation)
        query = f"?{socket.url.query}" if socket.url.query else ""
        url = f"ws{provider.removeprefix('http')}/{path}{query}"
        passed = {
            key: value for key, value in socket.headers.items() if key in ("authorization", "openai-beta")
        }
        async with websockets.connect(url, additional_headers=passed, max_size=None) as upstream:
            await socket.accept()
            await _relay(socket, upstream, conversation)

    return app


def _as_json(request: Request, body: bytes) -> Any:
    if "json" not in request.headers.get("content-type", ""):
        return None
    return json.loads(body)


async def _written_down(tape: Tape, exchange: Exchange, answer: httpx.Response) -> AsyncIterator[bytes]:
    """The answer as it comes, and on the tape when it is complete."""
    parts = []
    try:
        async for part in answer.aiter_bytes():
            parts.append(part)
            yield part
    finally:
        await answer.aclose()
        whole = b"".join(parts)
        if "json" in exchange.content_type or exchange.content_type.startswith("text/"):
            exchange.answered = whole.decode("utf-8", errors="replace")
        else:
            exchange.sound = tape.keep_sound(whole)


async def _relay(socket: WebSocket, upstream: Any, conversation: Conversation) -> None:
    """Both ways until a side goes."""

    async def up() -> None:
        with contextlib.suppress(WebSocketDisconnect):
            while True:
                text = await socket.receive_text()
                conversation.events.append(Event("client", json.loads(text)))
                await upstream.send(text)

    async def down() -> None:
        async for text in upstream:
            conversation.events.append(Event("server", json.loads(text)))
            await socket.send_text(text)

    ways = {asyncio.create_task(up()), asyncio.create_task(down())}
    _, pending = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    for way in pending:
        way.cancel()
    await asyncio.wait(ways)
