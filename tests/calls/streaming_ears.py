"""Speech to text over a WebSocket, as four providers have it."""

from __future__ import annotations

import json
from typing import Any

from websockets.asyncio.server import ServerConnection

from tests.calls.streaming_peers import Peer

WORDS = "When are you open?"


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
