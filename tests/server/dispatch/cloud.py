"""A server that keeps what Pipecat Cloud documents of starting a session for a stream with a token.

``POST /v1/public/{agent}/start`` with the public key answers with a token and an address; a stream that
comes to the address with the token, once, is brought to the session server, and any other one gets 403.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import JSONResponse, Response

from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving
from tests.host import gateway

KEY = "pk_of-the-organization"
SERVICE = "desk.three-words"


class Cloud:
    """Starts sessions of the agent ``desk``, whose server is at ``pod``.

    ``plays`` is what happens instead, one for each request: a status, the JSON of an answer, or None for an
    answer that never comes. ``asked`` holds the bodies of the requests.
    """

    def __init__(self, pod: str = "") -> None:
        self.plays: deque[Any] = deque()
        self.asked: list[Any] = []
        self.streams: list[str] = []
        self.url = ""
        self._tokens: set[str] = set()
        self._pod = f"{pod.replace('http', 'ws', 1)}/ws"

    @property
    def environ(self) -> dict[str, str]:
        """What a server needs to start sessions here."""
        return {"PIPECAT_CLOUD_PUBLIC_KEY": KEY, "PIPECAT_CLOUD_BASE_URL": f"{self.url}/v1/public"}

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncIterator[Cloud]:
        """Answer while the block runs."""
        app, sock = FastAPI(), bind("127.0.0.1", 0)
        app.add_api_route("/v1/public/{agent}/start", self.start, methods=["POST"])
        app.add_api_websocket_route("/ws/generic/{service}/{token}", self.stream)
        self.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        async with serving(app, sock):
            yield self
        sock.close()

    async def start(self, agent: str, request: Request) -> Response:
        """``/start``."""
        self.asked.append(await request.json())
        play = self.plays.popleft() if self.plays else 200
        if play is None:
            await asyncio.sleep(3600)
        if isinstance(play, dict | list):
            return JSONResponse(play)
        if request.headers.get("authorization") != f"Bearer {KEY}":
            play = 401
        elif agent != "desk":
            play = 404
        if play != 200:
            return JSONResponse({"status": play, "code": str(play), "error": "no"}, play)
        token = secrets.token_urlsafe(24)
        self._tokens.add(token)
        url = f"{self.url.replace('http', 'ws', 1)}/ws/generic/{SERVICE}"
        return JSONResponse({"token": token, "wsUrl": url, "sessionId": secrets.token_hex(8)})

    async def stream(self, service: str, token: str, websocket: WebSocket) -> None:
        """A stream, with a token that is used up by it."""
        if service != SERVICE or token not in self._tokens:
            await websocket.close()  # before it is accepted: HTTP 403
            return
        self._tokens.remove(token)
        self.streams.append(service)
        await websocket.accept()
        await gateway.relay(websocket, self._pod, [])
