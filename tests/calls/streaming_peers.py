"""Speech services over a WebSocket, spoken to as Cartesia's and Deepgram's are, and what goes wrong there."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

import numpy as np
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed

WORDS = "When are you open?"
HEALTHY = ""


class Peer:
    """A server on loopback that has the ``faults`` of one connection after another, and is well after them.

    ``deaf`` reads and says nothing, ``unread`` does not even read; ``closed`` ends the connection at the end
    of an utterance, ``dropped`` breaks it off there. Before any of it so many utterances are answered as it
    is ``well_for``; in the first ``wordless`` ones there are no words.
    """

    overrides: tuple[tuple[str, str], ...] = ()
    """Of a spec that names it; ``{address}`` is its own."""
    key = ""
    """The variable that such a spec wants."""

    def __init__(self, faults: Sequence[str] = (), well_for: int = 0, wordless: int = 0) -> None:
        self.faults = list(faults)
        self.wordless = wordless
        self.well_for = well_for
        self.connections = self.ended = 0
        """How often it was connected to, and how many utterances ended there."""
        self.told: list[str] = []
        """What was heard or spoken, over whichever connection."""
        self._server: Server | None = None

    @property
    def address(self) -> str:
        """Where it listens, as ``ws://HOST:PORT``."""
        assert self._server
        host, port = next(iter(self._server.sockets)).getsockname()[:2]
        return f"ws://{host}:{port}"

    async def __aenter__(self) -> Self:
        self._server = await serve(self._talk, "127.0.0.1", 0, ping_interval=None, close_timeout=0.1)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server
        for connection in self._server.connections:
            connection.transport.abort()
        self._server.close()
        await self._server.wait_closed()

    async def _talk(self, socket: ServerConnection) -> None:
        self.connections += 1
        fault = self.faults.pop(0) if self.faults else HEALTHY
        try:
            if fault == "unread" and not self.well_for:
                await asyncio.Event().wait()
            async for message in socket:
                ends = self.ends(message)
                self.ended += ends
                if not fault or self.ended <= self.well_for:
                    self.wordless -= ends
                    if self.wordless < 0 or not ends:
                        await self.answer(socket, message)
                elif fault == "unread":
                    await asyncio.Event().wait()
                elif ends and fault == "closed":
                    await socket.close(1011, "gone")
                elif ends and fault == "dropped":
                    socket.transport.abort()
        except ConnectionClosed:
            pass

    def ends(self, message: str | bytes) -> bool:
        """Whether a message is the end of what is to be written down or said."""
        raise NotImplementedError

    async def answer(self, socket: ServerConnection, message: str | bytes) -> None:
        """Do as a healthy server does."""
        raise NotImplementedError


class CartesiaEar(Peer):
    """https://docs.cartesia.ai/api-reference/stt/stt"""

    overrides = ("pipeline.stt.model", "cartesia/ink-whisper"), ("pipeline.stt.base_url", "{address}")
    key = "CARTESIA_API_KEY"

    def ends(self, message: str | bytes) -> bool:
        return message == "finalize"

    async def answer(self, socket: ServerConnection, message: str | bytes) -> None:
        if self.ends(message):
            self.told.append(WORDS)
            await socket.send(json.dumps({"type": "transcript", "text": WORDS, "is_final": True}))


class DeepgramEar(Peer):
    """https://developers.deepgram.com/reference/speech-to-text/listen-streaming"""

    overrides = ("pipeline.stt.model", "deepgram/nova-3"), ("pipeline.stt.base_url", "{address}")
    key = "DEEPGRAM_API_KEY"

    def ends(self, message: str | bytes) -> bool:
        return isinstance(message, str) and json.loads(message).get("type") == "Finalize"

    async def answer(self, socket: ServerConnection, message: str | bytes) -> None:
        if self.ends(message):
            self.told.append(WORDS)
            spoken: dict[str, Any] = {"transcript": WORDS, "confidence": 0.99, "words": []}
            model = {"name": "nova-3", "version": "1", "arch": "nova"}
            result = {
                "type": "Results",
                "channel_index": [0, 1],
                "duration": 1.0,
                "start": 0.0,
                "is_final": True,
                "speech_final": True,
                "from_finalize": True,
                "channel": {"alternatives": [spoken]},
                "metadata": {"request_id": "1", "model_info": model, "model_uuid": "1"},
            }
            await socket.send(json.dumps(result))


class CartesiaVoice(Peer):
    """https://docs.cartesia.ai/api-reference/tts/websocket"""

    overrides = (
        ("pipeline.tts.model", "cartesia/sonic-3"),
        ("pipeline.tts.voice", "any"),
        ("pipeline.tts.url", "{address}"),
    )
    key = "CARTESIA_API_KEY"

    def ends(self, message: str | bytes) -> bool:
        return bool(json.loads(message).get("transcript", "").strip())

    async def answer(self, socket: ServerConnection, message: str | bytes) -> None:
        wanted = json.loads(message)
        context, text = wanted["context_id"], wanted.get("transcript", "").strip()
        if text:
            self.told.append(text)
            rate, words = wanted["output_format"]["sample_rate"], text.split()
            tone = np.sin(np.arange(int(0.15 * len(words) * rate)) * 0.1) * 8_000
            sound = base64.b64encode(tone.astype("<i2").tobytes()).decode()
            starts = [0.15 * number for number in range(len(words))]
            times = {"words": words, "start": starts, "end": [start + 0.15 for start in starts]}
            await socket.send(
                json.dumps({"type": "chunk", "context_id": context, "data": sound, "done": False})
            )
            await socket.send(
                json.dumps({"type": "timestamps", "context_id": context, "word_timestamps": times})
            )
        elif not wanted.get("continue", True):
            await socket.send(json.dumps({"type": "done", "context_id": context, "done": True}))
