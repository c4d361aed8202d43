"""Text to speech over a WebSocket, as three providers have it."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import numpy as np
from websockets.asyncio.server import ServerConnection

from tests.calls.streaming_peers import Peer

WORD_SECONDS = 0.15


def tone(words: int, rate: int) -> str:
    """Sound of so many words, 16-bit mono PCM in base64."""
    sound = np.sin(np.arange(int(WORD_SECONDS * words * rate)) * 0.1) * 8_000
    return base64.b64encode(sound.astype("<i2").tobytes()).decode()


class CartesiaVoice(Peer):
    """https://docs.cartesia.ai/api-reference/tts/websocket"""

    overrides = (
        ("pipeline.tts.model", "cartesia/sonic-3"),
        ("pipeline.tts.voice", "any"),
        ("pipeline.tts.url", "{address}"),
    )
    key = "CARTESIA_API_KEY"
    complaint = "Model overloaded"

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._spoken: dict[str, int] = {}
        """Words of each context, from whose beginning times are counted."""

    def ends(self, message: str | bytes) -> bool:
        return bool(json.loads(message).get("transcript", "").strip())

    async def answer(self, socket: ServerConnection, message: str | bytes) -> None:
        wanted = json.loads(message)
        context, text = wanted["context_id"], wanted.get("transcript", "").strip()
        if text:
            self.told.append(text)
            words = text.split()
            sound = tone(len(words), wanted["output_format"]["sample_rate"])
            before = self._spoken.get(context, 0)
            self._spoken[context] = before + len(words)
            starts = [WORD_SECONDS * (before + number) for number in range(len(words))]
            times = {"words": words, "start": starts, "end": [start + WORD_SECONDS for start in starts]}
            await socket.send(
                json.dumps({"type": "chunk", "context_id": context, "data": sound, "done": False})
            )
            await socket.send(
                json.dumps({"type": "timestamps", "context_id": context, "word_timestamps": times})
            )
        elif not wanted.get("continue", True):
            await socket.send(json.dumps({"type": "done", "context_id": context, "done": True}))

    async def complain(self, socket: ServerConnection, message: str | bytes) -> None:
        wrong = {"type": "error", "title": self.complaint, "status_code": 503, "done": True}
        await socket.send(json.dumps({**wrong, "context_id": json.loads(message)["context_id"]}))


class ElevenLabsVoice(Peer):
    """https://elevenlabs.io/docs/api-reference/text-to-speech/v-1-text-to-speech-voice-id-multi-stream-input

    A context is opened with a blank, spoken sentence by sentence, and over once it was closed.
    """

    overrides = (
        ("pipeline.tts.model", "elevenlabs/eleven_flash_v2_5"),
        ("pipeline.tts.voice", "any"),
        ("pipeline.tts.url", "{address}"),
    )
    key = "ELEVENLABS_API_KEY"
    complaint = "quota exceeded"
    rate = 24_000

    def ends(self, message: str | bytes) -> bool:
        return bool(json.loads(message).get("text", "").strip())

    async def answer(self, socket: ServerConnection, message: str | bytes) -> None:
        wanted = json.loads(message)
        context, text = wanted.get("context_id"), wanted.get("text", "").strip()
        if text:
            self.told.append(text)
            characters = list(text + " ")
            each = int(1_000 * WORD_SECONDS * len(text.split()) / len(characters))
            alignment = {
                "chars": characters,
                "charStartTimesMs": [each * number for number in range(len(characters))],
                "charDurationsMs": [each] * len(characters),
            }
            sound = tone(len(text.split()), self.rate)
            await socket.send(json.dumps({"contextId": context, "audio": sound, "alignment": alignment}))
        elif wanted.get("close_context"):
            await socket.send(json.dumps({"contextId": context, "isFinal": True}))

    def is_goodbye(self, message: str | bytes) -> bool:
        return bool(json.loads(message).get("close_socket"))

    async def part(self, socket: ServerConnection) -> None:
        await socket.close()

    async def complain(self, socket: ServerConnection, message: str | bytes) -> None:
        wrong = {"message": self.complaint, "error": "quota_exceeded", "code": 1008}
        await socket.send(json.dumps({**wrong, "contextId": json.loads(message)["context_id"]}))
        await socket.close(1008, self.complaint)


class DeepgramVoice(Peer):
    """https://developers.deepgram.com/docs/tts-websocket

    It sends the sound of what it is told, and no times of words.
    """

    overrides = (
        ("pipeline.tts.model", "deepgram/aura-2-helena-en"),
        ("pipeline.tts.base_url", "{address}"),
    )
    key = "DEEPGRAM_API_KEY"
    complaint = "The model is overloaded"

    def ends(self, message: str | bytes) -> bool:
        return bool(json.loads(message)["type"] == "Speak")

    async def answer(self, socket: ServerConnection, message: str | bytes) -> None:
        wanted = json.loads(message)
        if wanted["type"] == "Speak":
            text = wanted["text"].strip()
            self.told.append(text)
            assert socket.request
            rate = int(re.findall(r"sample_rate=(\d+)", socket.request.path)[0])
            await socket.send(base64.b64decode(tone(len(text.split()), rate)))
        elif wanted["type"] in ("Flush", "Clear"):
            done = {"Flush": "Flushed", "Clear": "Cleared"}[wanted["type"]]
            await socket.send(json.dumps({"type": done, "sequence_id": 0}))

    def is_goodbye(self, message: str | bytes) -> bool:
        return bool(json.loads(message)["type"] == "Close")

    async def part(self, socket: ServerConnection) -> None:
        await socket.close()

    async def complain(self, socket: ServerConnection, _message: str | bytes) -> None:
        await socket.send(json.dumps({"type": "Warning", "warn_msg": self.complaint}))
        await socket.close(1011, self.complaint)
