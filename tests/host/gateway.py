"""What stands before a session at Pipecat Cloud: a TwiML Bin at Twilio, and their gateway of streams."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import uuid
from collections.abc import AsyncIterator

import websockets
from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect

from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving

THEIRS = "wss://api.pipecat.daily.co/ws/twilio"
_HOST = "_pipecatCloudServiceHost"


class Gateway:
    """Answers Twilio with the TwiML ``bin``, and brings each stream to the session server at ``pod``."""

    def __init__(self, bin: str, pod: str, body: str = "") -> None:  # noqa: A002
        assert THEIRS in bin
        self._bin, self._pod = bin, f"{pod.replace('http', 'ws', 1)}/ws{body and '?body='}{body}"
        self.services: list[str] = []
        self.url = ""

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncIterator[str]:
        """Its address while the block runs; calls come to ``/AGENT``."""
        app, sock = FastAPI(), bind("127.0.0.1", 0)
        app.add_api_route("/{agent}/twilio/voice", self.voice, methods=["POST"])
        app.add_api_websocket_route("/ws/twilio", self.stream)
        self.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
        async with serving(app, sock):
            yield self.url
        sock.close()

    async def voice(self, request: Request) -> Response:
        """The TwiML Bin, in which Twilio fills in who calls."""
        form = await request.form()
        text = re.sub(r"\{\{(\w+)\}\}", lambda found: str(form.get(found[1], "")), self._bin)
        here = f"{self.url.replace('http', 'ws', 1)}/ws/twilio"
        return Response(text.replace(f'url="{THEIRS}"', f'url="{here}"'), media_type="text/xml")

    async def stream(self, caller: WebSocket) -> None:
        """A stream: its first two messages say which service it is for; then everything is passed on."""
        await caller.accept()
        first = [await caller.receive_text(), await caller.receive_text()]
        self.services.append(json.loads(first[1])["start"]["customParameters"][_HOST])
        await relay(caller, self._pod, first)


async def relay(caller: WebSocket, url: str, first: list[str]) -> None:
    """Bring a stream to the session server at ``url``, which gets ``first`` before the other messages."""
    headers = {"x-daily-session-id": str(uuid.uuid4())}
    async with websockets.connect(url, additional_headers=headers) as pod:
        for message in first:
            await pod.send(message)
        ways = {asyncio.create_task(_there(caller, pod)), asyncio.create_task(_back(pod, caller))}
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        await asyncio.wait(ways)
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        await caller.close()


async def _there(caller: WebSocket, pod: websockets.ClientConnection) -> None:
    with contextlib.suppress(WebSocketDisconnect, websockets.ConnectionClosed):
        while True:
            await pod.send(await caller.receive_text())


async def _back(pod: websockets.ClientConnection, caller: WebSocket) -> None:
    with contextlib.suppress(websockets.ConnectionClosed, RuntimeError, WebSocketDisconnect):
        async for message in pod:
            await caller.send_text(str(message))
