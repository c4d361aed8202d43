"""A client of the realtime socket that reads every event with Pipecat's own parser."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import numpy as np
from pipecat.services.openai.realtime import events
from websockets.asyncio.client import ClientConnection, connect

from agentrun.simulate.openai import OpenAIServer

RATE = 24_000
CHUNK_BYTES = RATE // 10 * 2
SECONDS = 5.0
SKIPPED = ("response.output_audio.delta", "response.output_audio_transcript.delta")


def tone(seconds: float) -> bytes:
    """A voice for a turn detector: 24 kHz, 16-bit mono."""
    time = np.arange(int(seconds * RATE)) / RATE
    return (np.sin(2 * np.pi * 300 * time) * 9_000).astype("<i2").tobytes()


def silence(seconds: float) -> bytes:
    """Nothing to hear."""
    return bytes(int(seconds * RATE) * 2)


class Talk:
    """One socket; ``events`` are all that came, oldest first.

    Pipecat has a parser for realtime conversations; it reads those of the other sockets without one.
    """

    def __init__(self, socket: ClientConnection, *, parsed: bool = True) -> None:
        self.socket = socket
        self._parsed = parsed
        self.events: list[dict[str, Any]] = []

    async def send(self, kind: str, **fields: Any) -> None:
        """Send one event."""
        await self.socket.send(json.dumps({"type": kind, **fields}))

    async def append(self, pcm: bytes) -> None:
        """Send audio in pieces of 100 ms."""
        for start in range(0, len(pcm), CHUNK_BYTES):
            audio = base64.b64encode(pcm[start : start + CHUNK_BYTES]).decode()
            await self.send("input_audio_buffer.append", audio=audio)

    async def next(self) -> dict[str, Any]:
        """The next event; fails when Pipecat could not read it."""
        async with asyncio.timeout(SECONDS):
            text = await self.socket.recv()
        event: dict[str, Any] = json.loads(text)
        if self._parsed:
            events.parse_server_event(text)
        self.events.append(event)
        return event

    async def until(self, kind: str) -> dict[str, Any]:
        """The next event of a kind."""
        while (event := await self.next())["type"] != kind:
            pass
        return event

    async def configure(self, **session: Any) -> dict[str, Any]:
        """Wait for the session, change it, and return it as it is then."""
        await self.until("session.created")
        await self.send("session.update", session={"type": "realtime", **session})
        updated: dict[str, Any] = (await self.until("session.updated"))["session"]
        return updated

    async def ask(self, text: str) -> None:
        """Put the caller's words into the conversation."""
        content = [{"type": "input_text", "text": text}]
        item = {"type": "message", "role": "user", "content": content}
        await self.send("conversation.item.create", item=item)
        await self.until("conversation.item.done")

    def kinds(self) -> list[str]:
        """The kinds of the events so far, without those that come many times."""
        return [event["type"] for event in self.events if event["type"] not in SKIPPED]


def manual() -> dict[str, Any]:
    """Settings without turn detection."""
    return {"input": {"turn_detection": None}}


@contextlib.asynccontextmanager
async def talking(
    server: OpenAIServer, path: str = "/v1/realtime?model=gpt-4o-realtime-preview", key: str = "Bearer any"
) -> AsyncIterator[Talk]:
    """A socket that is open while the block runs."""
    url = f"{server.address.replace('http', 'ws')}{path}"
    headers = {"authorization": key} if key else {}
    async with connect(url, additional_headers=headers, max_size=None) as socket:
        yield Talk(socket, parsed="/realtime" in path and "intent=transcription" not in path)
