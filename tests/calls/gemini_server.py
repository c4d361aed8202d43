"""A server of Gemini's Live API on loopback, as far as a call needs it.

The messages are those of https://ai.google.dev/api/live.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest
from google.genai import live
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

RATE = 24_000
PIECE_SECONDS = 0.1
TONE = (np.sin(np.arange(int(RATE * PIECE_SECONDS)) * 0.2) * 8000).astype("<i2").tobytes()
Message = dict[str, Any]


def said(text: str, seconds: float = 1.0) -> list[Message]:
    """What the server sends for ``text``, spoken in so many seconds."""
    data = {"mimeType": f"audio/pcm;rate={RATE}", "data": base64.b64encode(TONE).decode()}
    sound = {"serverContent": {"modelTurn": {"parts": [{"inlineData": data}]}}}
    words = {"serverContent": {"outputTranscription": {"text": text}}}
    return [words, *[sound] * round(seconds / PIECE_SECONDS)]


def tool_call(name: str, call_id: str = "c1") -> Message:
    return {"toolCall": {"functionCalls": [{"id": call_id, "name": name, "args": {}}]}}


def end(**beside: Any) -> list[Message]:
    """The end of a turn of the model's."""
    usage = {"promptTokenCount": 3, "responseTokenCount": 4, "totalTokenCount": 7}
    return [
        {"serverContent": {"generationComplete": True}},
        {"serverContent": {"turnComplete": True, **beside}, "usageMetadata": usage},
    ]


class Gemini:
    """Gives its ``answers`` in order to whatever asks for one; with none left it says nothing.

    ``sets_up`` is whether it completes the setup of a session, ``delay`` seconds after it was asked for, and
    ``hangs_up`` how often it ends the next one instead. A state that it is to go on from is refused where
    ``refuses_state`` says so: at setup, or behind it. ``taken`` is what it was sent but sound, of
    which ``heard`` are the bytes.
    """

    def __init__(self) -> None:
        self.answers: deque[list[Message]] = deque()
        self.taken: list[Message] = []
        self.sockets: list[ServerConnection] = []
        self.sets_up = True
        self.delay = 0.0
        self.hangs_up = self.heard = 0
        self.refuses_state = ""

    async def send(self, *messages: Message) -> None:
        """Send to the session that began last, unless it is gone."""
        with contextlib.suppress(Exception):
            for message in messages:
                await self.sockets[-1].send(json.dumps(message))

    async def answer(self) -> None:
        """Give the next answer."""
        if self.answers:
            await self.send(*self.answers.popleft())

    async def _serve(self, socket: ServerConnection) -> None:
        setup = json.loads(await socket.recv())
        self.taken.append(setup)
        self.sockets.append(socket)
        await asyncio.sleep(self.delay)
        refuses = bool(self.refuses_state and setup["setup"].get("sessionResumption", {}).get("handle"))
        if self.hangs_up or (refuses and self.refuses_state == "at setup"):
            self.hangs_up = max(0, self.hangs_up - 1)
            await socket.close(1007, "Request contains an invalid argument.")
            return
        if self.sets_up:
            await socket.send(json.dumps({"setupComplete": {}}))
        if refuses:
            await socket.close(1007, "Request contains an invalid argument.")
            return
        with contextlib.suppress(Exception):
            async for message in socket:
                await self._take(json.loads(message))

    async def _take(self, message: Message) -> None:
        live = message.get("realtime_input") or message.get("realtimeInput") or {}
        if "audio" in live:
            self.heard += len(base64.urlsafe_b64decode(live["audio"]["data"]))
            return
        self.taken.append(message)
        content = message.get("client_content") or message.get("clientContent") or {}
        asks = content.get("turnComplete") or content.get("turn_complete")
        if asks or live.get("text", "").strip() or "tool_response" in message or "toolResponse" in message:
            await self.answer()


@contextlib.asynccontextmanager
async def gemini_server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Gemini]:
    """The server, to which every connection of Google's client goes while the block runs."""
    gemini = Gemini()
    async with serve(gemini._serve, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        monkeypatch.setattr(live, "ws_connect", lambda *_, **__: connect(f"ws://127.0.0.1:{port}"))
        yield gemini
        for socket in gemini.sockets:
            socket.transport.abort()


async def lose(socket: ServerConnection, code: int | None) -> None:
    """Close the connection with ``code``, or break it off."""
    if code is None:
        socket.transport.abort()
    else:
        await asyncio.wait_for(socket.close(code, "gone"), 5)
