"""Speech to text over a WebSocket, as six providers have it."""

from __future__ import annotations

import base64
import json
from types import TracebackType
from typing import Any, Self

import numpy as np
from aiohttp import web
from websockets.asyncio.server import ServerConnection

from tests.calls.streaming_peers import Peer

WORDS = "When are you open?"
LOUD = 500
"""Of 32,767."""
PAUSE_BYTES = 25_600
"""0.8 s, after which an utterance is over."""


def _kind(message: str | bytes) -> Any:
    return json.loads(message).get("type") if isinstance(message, str) and message else None


class _Ear(Peer):
    async def answer(self, socket: ServerConnection, message: str | bytes) -> None:
        if self.ends(message):
            self.told.append(WORDS)
            await socket.send(json.dumps(self.words()))

    def words(self) -> dict[str, Any]:
        """What the provider sends of them."""
        raise NotImplementedError


class CartesiaEar(_Ear):
    """https://docs.cartesia.ai/api-reference/stt/stt"""

    overrides = ("pipeline.stt.model", "cartesia/ink-whisper"), ("pipeline.stt.base_url", "{address}")
    key = "CARTESIA_API_KEY"
    complaint = "the model is overloaded"

    def ends(self, message: str | bytes) -> bool:
        return message == "finalize"

    def words(self) -> dict[str, Any]:
        return {"type": "transcript", "text": WORDS, "is_final": True}

    async def complain(self, socket: ServerConnection, _message: str | bytes) -> None:
        await socket.send(json.dumps({"type": "error", "code": 500, "message": self.complaint}))


class DeepgramEar(_Ear):
    """https://developers.deepgram.com/reference/speech-to-text/listen-streaming"""

    overrides = ("pipeline.stt.model", "deepgram/nova-3"), ("pipeline.stt.base_url", "{address}")
    key = "DEEPGRAM_API_KEY"
    complaint = "NET-0000"

    def ends(self, message: str | bytes) -> bool:
        return bool(_kind(message) == "Finalize")

    def words(self) -> dict[str, Any]:
        spoken = {"transcript": WORDS, "confidence": 0.99, "words": []}
        model = {"name": "nova-3", "version": "1", "arch": "nova"}
        return {
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

    async def complain(self, socket: ServerConnection, _message: str | bytes) -> None:
        """It has no message for this: the reason stands in the close frame."""
        await socket.close(1011, self.complaint)


class AssemblyEar(_Ear):
    """https://www.assemblyai.com/docs/api-reference/streaming-api/streaming-api"""

    overrides = (
        ("pipeline.stt.model", "assemblyai/universal-streaming-english"),
        ("pipeline.stt.api_endpoint_base_url", "{address}/v3/ws"),
    )
    key = "ASSEMBLYAI_API_KEY"
    complaint = "Audio transmission rate exceeded"

    def ends(self, message: str | bytes) -> bool:
        return bool(_kind(message) == "ForceEndpoint")

    async def greet(self, socket: ServerConnection) -> None:
        await socket.send(json.dumps({"type": "Begin", "id": "1", "expires_at": 2_000_000_000}))

    def words(self) -> dict[str, Any]:
        turn = {"turn_order": len(self.told) - 1, "transcript": WORDS, "words": []}
        end = {"end_of_turn": True, "turn_is_formatted": True, "end_of_turn_confidence": 0.9}
        return {"type": "Turn", **turn, **end}

    def is_goodbye(self, message: str | bytes) -> bool:
        return bool(_kind(message) == "Terminate")

    async def part(self, socket: ServerConnection) -> None:
        lasted = {"audio_duration_seconds": 1.0, "session_duration_seconds": 1.0}
        await socket.send(json.dumps({"type": "Termination", **lasted}))

    async def complain(self, socket: ServerConnection, _message: str | bytes) -> None:
        await socket.send(json.dumps({"type": "Error", "error_code": 3007, "error": self.complaint}))
        await socket.close(3007, self.complaint)


class SonioxEar(_Ear):
    """https://soniox.com/docs/stt/api-reference/websocket-api"""

    overrides = ("pipeline.stt.model", "soniox/stt-rt-v4"), ("pipeline.stt.url", "{address}")
    key = "SONIOX_API_KEY"
    complaint = "Cannot continue request (code 1)."

    def ends(self, message: str | bytes) -> bool:
        return bool(_kind(message) == "finalize")

    def words(self) -> dict[str, Any]:
        return {"tokens": [{"text": WORDS, "is_final": True}, {"text": "<fin>", "is_final": True}]}

    def is_goodbye(self, message: str | bytes) -> bool:
        return message == ""

    async def part(self, socket: ServerConnection) -> None:
        await socket.send(json.dumps({"tokens": [], "finished": True}))

    async def complain(self, socket: ServerConnection, _message: str | bytes) -> None:
        told = {"error_code": 503, "error_message": self.complaint}
        await socket.send(json.dumps({"tokens": [], **told}))
        await socket.close()


class ElevenLabsEar(_Ear):
    """https://elevenlabs.io/docs/api-reference/speech-to-text/v-1-speech-to-text-realtime"""

    overrides = ("pipeline.stt.model", "elevenlabs-realtime"), ("pipeline.stt.base_url", "{address}")
    key = "ELEVENLABS_API_KEY"
    complaint = "the transcriber is overloaded"

    @property
    def address(self) -> str:
        """Without the scheme, which is fixed."""
        return super().address.removeprefix("ws://")

    def ends(self, message: str | bytes) -> bool:
        return bool(json.loads(message).get("commit"))

    async def greet(self, socket: ServerConnection) -> None:
        await socket.send(json.dumps({"message_type": "session_started", "session_id": "1", "config": {}}))

    def words(self) -> dict[str, Any]:
        return {"message_type": "committed_transcript", "text": WORDS}

    async def complain(self, socket: ServerConnection, _message: str | bytes) -> None:
        await socket.send(json.dumps({"message_type": "transcriber_error", "error": self.complaint}))
        await socket.close(1011, self.complaint)


class GladiaEar(_Ear):
    """https://docs.gladia.io/api-reference/v2/live/init

    A session is asked for over HTTP, at which ``refused`` and ``hung`` strike. The end of an utterance is
    heard: no message tells of it.
    """

    overrides = ("pipeline.stt.model", "gladia/solaria-1"), ("pipeline.stt.url", "{address}/v2/live")
    key = "GLADIA_API_KEY"
    complaint = "the session is overloaded"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._spoken, self._quiet, self._taken = False, 0, 0
        self._has_ended = False

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        app = web.Application()
        app.router.add_post("/v2/live", self._session)
        self._api = web.AppRunner(app, shutdown_timeout=0.1)
        await self._api.setup()
        await web.TCPSite(self._api, "127.0.0.1", 0).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await super().__aexit__(kind, error, trace)
        await self._api.cleanup()

    @property
    def address(self) -> str:
        """Of the API."""
        host, port = self._api.addresses[0]
        return f"http://{host}:{port}"

    async def _session(self, _request: web.Request) -> web.Response:
        if self.faults[:1] in (["refused"], ["hung"]):
            self.connections += 1
            if self.faults.pop(0) == "refused":
                return web.json_response({"message": "overloaded"}, status=503)
            await self._forever()
        return web.json_response({"id": "1", "url": super().address}, status=201)

    def ends(self, message: str | bytes) -> bool:
        chunk = json.loads(message).get("data", {}).get("chunk", "") if isinstance(message, str) else ""
        sound = base64.b64decode(chunk)
        loud = bool(np.abs(np.frombuffer(sound, np.int16).astype(int)).max(initial=0) > LOUD)
        self._quiet = 0 if loud else self._quiet + len(sound)
        self._has_ended = self._spoken and self._quiet > PAUSE_BYTES
        self._spoken = (self._spoken or loud) and not self._has_ended
        return self._has_ended

    async def answer(self, socket: ServerConnection, message: str | bytes) -> None:
        sound = base64.b64decode(json.loads(message).get("data", {}).get("chunk", ""))
        taken = self._taken, self._taken + len(sound)
        self._taken = taken[1]
        known = {"acknowledged": True, "data": {"byte_range": taken, "time_range": [0, 0]}, "error": None}
        await socket.send(json.dumps({"type": "audio_chunk", **known}))
        if self._has_ended:
            self.told.append(WORDS)
            await socket.send(json.dumps(self.words()))

    def words(self) -> dict[str, Any]:
        utterance = {"text": WORDS, "language": "en", "start": 0.0, "end": 1.0, "words": []}
        data = {"id": "1", "is_final": True, "utterance": utterance}
        return {"type": "transcript", "session_id": "1", "data": data}

    async def greet(self, _socket: ServerConnection) -> None:
        self._taken = 0

    async def complain(self, socket: ServerConnection, _message: str | bytes) -> None:
        refused = {"acknowledged": False, "error": {"message": self.complaint}, "data": None}
        await socket.send(json.dumps({"type": "audio_chunk", **refused}))
        await socket.close(1011, self.complaint)
