"""``wss …/v1/realtime?intent=transcription``: speech to text over a socket."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from agentrun.simulate.openai.chat import pieces
from agentrun.simulate.openai.mock_state import MockState
from agentrun.simulate.openai.realtime import speech_turns
from agentrun.simulate.openai.realtime.client_events import (
    InvalidEventError,
    audio_input,
    need,
    need_sound,
    problem,
    require_names,
    within,
)


class Transcribing:
    """One transcription session: audio in, words out."""

    def __init__(self, mock: MockState, agent: str, send: Callable[[str], Awaitable[None]]) -> None:
        del agent
        self._mock = mock
        self._send = send
        self._buffer = bytearray()
        self._turns: speech_turns.SpeechTurns | None = None
        self._item_id = ""
        self._settings: dict[str, Any] = {"type": "transcription", "audio": {}}

    async def begin(self) -> None:
        """The server speaks first."""
        await self._mock.conditions.wait("realtime")
        await self._tell("session.created", session=self._settings)

    async def expire(self) -> None:
        """Returns when the session has lasted an hour of the mock server's clock."""
        await self._mock.an_hour()
        await self.error("session_expired", "Your session hit the maximum duration of 60 minutes.")

    async def close(self) -> None:
        """Nothing is under way."""

    async def error(self, code: str, text: str, event_id: str | None = None, param: str = "") -> None:
        """Send an error event."""
        await self._tell("error", error=problem(code, text, param, event_id))

    async def malformed(self) -> None:
        """Send what is no event."""
        await self._send('{"type": ')

    async def take(self, event: dict[str, Any]) -> None:
        """One event of the client's."""
        kind = event.get("type")
        if kind == "session.update":
            changes = need(event, "session", dict)
            with within("session"):
                self.apply(changes)
            await self._tell("session.updated", session=self._settings)
        elif kind == "input_audio_buffer.append":
            await self._append(need_sound(event))
        elif kind == "input_audio_buffer.commit":
            await self._hear(bytes(self._buffer), self._mock.new_id("item"))
            self._buffer.clear()
        elif kind == "input_audio_buffer.clear":
            self._buffer.clear()
            await self._tell("input_audio_buffer.cleared")
        else:
            raise InvalidEventError("unknown_event", f"unknown event {kind!r}", "type")

    def apply(self, changes: dict[str, Any]) -> None:
        """Take ``changes`` of the settings. Raises InvalidEventError where they are none."""
        settings = {**self._settings, **changes}
        require_names(settings)
        self._turns = speech_turns.from_setting(audio_input(settings).get("turn_detection"))
        self._settings = settings

    async def _append(self, pcm: bytes) -> None:
        if self._turns is None:
            speech_turns.add(self._buffer, pcm, speech_turns.RATE)
            return
        for edge in self._turns.feed(pcm):
            if edge == "started":
                self._item_id = self._mock.new_id("item")
            key = "audio_start_ms" if edge == "started" else "audio_end_ms"
            fields = {key: self._turns.elapsed_ms, "item_id": self._item_id}
            await self._tell(f"input_audio_buffer.speech_{edge}", **fields)
            if edge == "stopped":
                await self._hear(self._turns.take(), self._item_id)

    async def _hear(self, pcm: bytes, item_id: str) -> None:
        await self._tell("input_audio_buffer.committed", item_id=item_id, previous_item_id=None)
        await self._mock.conditions.wait("transcriptions")
        words = await self._mock.hearing.transcribe(pcm, speech_turns.RATE, "")
        where = {"item_id": item_id, "content_index": 0}
        prefix = "conversation.item.input_audio_transcription"
        for word in pieces(words):
            await self._tell(f"{prefix}.delta", delta=word, **where)
        await self._tell(f"{prefix}.completed", transcript=words, **where)

    async def _tell(self, kind: str, **fields: Any) -> None:
        await self._send(json.dumps({"event_id": self._mock.new_id("event"), "type": kind, **fields}))
