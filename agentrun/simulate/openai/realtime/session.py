"""One speech-to-speech session of ``wss …/v1/realtime``."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from agentrun.simulate.openai.mock_state import MockState
from agentrun.simulate.openai.realtime import audio_format, speech_turns
from agentrun.simulate.openai.realtime.client_events import (
    InvalidEventError,
    audio_input,
    need,
    need_item,
    need_sound,
    problem,
    require,
    require_names,
    within,
)
from agentrun.simulate.openai.realtime.conversation_items import message, shorten
from agentrun.simulate.openai.realtime.response import RealtimeResponse
from agentrun.simulate.openai.realtime.socket_tasks import SocketTasks
from agentrun.simulate.openai.request_shapes import RealtimeSettings


class RealtimeSession:
    """One conversation: its settings and items, the audio that came in, and the answer under way."""

    def __init__(self, mock: MockState, agent: str, send: Callable[[str], Awaitable[None]]) -> None:
        self.mock = mock
        self.agent = agent
        self.items: list[dict[str, Any]] = []
        self.spoken_ms: dict[str, int] = {}
        """How much audio each of the agent's items has."""
        self.settings: dict[str, Any] = {"type": "realtime", "instructions": "", "tools": [], "audio": {}}
        self._send = send
        self._turns: speech_turns.SpeechTurns | None = speech_turns.SpeechTurns()
        self._buffer = bytearray()
        self._item_id = ""
        self._response: RealtimeResponse | None = None
        self._tasks = SocketTasks()

    @property
    def _rate(self) -> int:
        """Hz of what the client sends."""
        return audio_format.RATES[audio_format.of(self.settings, "input")]

    async def begin(self) -> None:
        """The server speaks first."""
        await self.mock.conditions.wait("realtime")
        await self.tell("session.created", session=self.settings)

    async def expire(self) -> None:
        """Returns when the session has lasted an hour of the mock server's clock."""
        await self.mock.an_hour()
        await self.error("session_expired", "Your session hit the maximum duration of 60 minutes.")

    async def close(self) -> None:
        """End what is under way."""
        await self._tasks.close()

    async def take(self, event: dict[str, Any]) -> None:
        """One event of the client's."""
        handlers: dict[Any, Callable[[dict[str, Any]], Awaitable[None]]] = {
            "session.update": self._update,
            "input_audio_buffer.append": self._append,
            "input_audio_buffer.commit": self._commit_by_client,
            "input_audio_buffer.clear": self._clear,
            "conversation.item.create": self._create_item,
            "conversation.item.truncate": self._truncate,
            "conversation.item.delete": self._delete,
            "conversation.item.retrieve": self._retrieve,
            "response.create": self._create_response,
            "response.cancel": self._cancel,
        }
        handler = handlers.get(str(event.get("type")))
        if handler is None:
            raise InvalidEventError("unknown_event", f"unknown event {event.get('type')!r}", "type")
        await handler(event)

    async def tell(self, kind: str, **fields: Any) -> None:
        """Send one event."""
        await self._send(json.dumps({"event_id": self.mock.new_id("event"), "type": kind, **fields}))

    async def malformed(self) -> None:
        """Send what is no event."""
        await self._send('{"type": "response.output_audio.delta", "delta": 7')

    async def error(self, code: str, text: str, event_id: str | None = None, param: str = "") -> None:
        """Send an error event."""
        await self.tell("error", error=problem(code, text, param, event_id))

    async def _update(self, event: dict[str, Any]) -> None:
        changes = need(event, "session", dict)
        with within("session"):
            self.apply(changes)
        await self.tell("session.updated", session=self.settings)

    def apply(self, changes: dict[str, Any]) -> None:
        """Take ``changes`` of the settings. Raises InvalidEventError where they are none."""
        settings = {**self.settings, **changes}
        require(RealtimeSettings, settings)
        audio = audio_input(settings)
        rate = audio_format.RATES[audio_format.of(settings, "input")]
        audio_format.of(settings, "output")
        require_names(settings)
        if "turn_detection" in audio:
            self._turns = speech_turns.changed(self._turns, audio["turn_detection"])
        self.settings = settings
        if self._turns:
            self._turns.rate = rate

    async def _append(self, event: dict[str, Any]) -> None:
        pcm = audio_format.pcm_of(need_sound(event), audio_format.of(self.settings, "input"))
        if self._turns is None:
            speech_turns.add(self._buffer, pcm, self._rate)
            return
        for edge in self._turns.feed(pcm):
            if edge == "started":
                await self._speech_started(self._turns)
            else:
                await self._speech_stopped(self._turns)

    async def _speech_started(self, turns: speech_turns.SpeechTurns) -> None:
        self._item_id = self.mock.new_id("item")
        await self.tell(
            "input_audio_buffer.speech_started", audio_start_ms=turns.elapsed_ms, item_id=self._item_id
        )
        if self._response:
            await self._response.cancel("turn_detected")

    async def _speech_stopped(self, turns: speech_turns.SpeechTurns) -> None:
        await self.tell(
            "input_audio_buffer.speech_stopped", audio_end_ms=turns.elapsed_ms, item_id=self._item_id
        )
        self._tasks.start(self._hear(turns.take(), self._item_id, respond=True))

    async def _commit_by_client(self, event: dict[str, Any]) -> None:
        pcm = bytes(self._buffer) if self._turns is None else self._turns.take()
        self._buffer.clear()
        if len(pcm) < self._rate // 10 * 2:
            text = "Error committing input audio buffer: buffer too small."
            await self.error("input_audio_buffer_commit_empty", text, event.get("event_id"))
            return
        await self._hear(pcm, self.mock.new_id("item"), respond=False)

    async def _clear(self, _event: dict[str, Any]) -> None:
        self._buffer.clear()
        if self._turns:
            self._turns.take()
        await self.tell("input_audio_buffer.cleared")

    async def _hear(self, pcm: bytes, item_id: str, *, respond: bool) -> None:
        """Commit an utterance, write it down, and answer it unless the client asks for that itself."""
        previous = self.items[-1]["id"] if self.items else None
        await self.tell("input_audio_buffer.committed", item_id=item_id, previous_item_id=previous)
        item = message(item_id, "user", "input_audio", "")
        self.items.append(item)
        await self.tell("conversation.item.added", item=item, previous_item_id=previous)
        prompt = str((audio_input(self.settings).get("transcription") or {}).get("prompt") or "")
        words = await self.mock.hearing.transcribe(pcm, self._rate, prompt)
        item["content"] = [{"type": "input_audio", "transcript": words}]
        await self.tell(
            "conversation.item.input_audio_transcription.completed",
            item_id=item_id,
            content_index=0,
            transcript=words,
            usage={"type": "duration", "seconds": len(pcm) / 2 / self._rate},
        )
        if respond and words:
            await self._create_response({})

    async def _create_item(self, event: dict[str, Any]) -> None:
        item = {"id": self.mock.new_id("item"), **need_item(event), "status": "completed"}
        previous = self.items[-1]["id"] if self.items else None
        self.items.append(item)
        for kind in ("conversation.item.added", "conversation.item.done"):
            await self.tell(kind, item=item, previous_item_id=previous)

    async def _truncate(self, event: dict[str, Any]) -> None:
        """Forget the words of an answer that were not heard."""
        item_id, heard_ms = need(event, "item_id", str), need(event, "audio_end_ms", int)
        for item in self.items:
            if item["id"] == item_id and self.spoken_ms.get(item_id):
                shorten(item, heard_ms / self.spoken_ms[item_id])
        where = {"item_id": item_id, "content_index": need(event, "content_index", int)}
        await self.tell("conversation.item.truncated", audio_end_ms=heard_ms, **where)

    async def _delete(self, event: dict[str, Any]) -> None:
        item_id = need(event, "item_id", str)
        self.items = [item for item in self.items if item["id"] != item_id]
        await self.tell("conversation.item.deleted", item_id=item_id)

    async def _retrieve(self, event: dict[str, Any]) -> None:
        item_id = need(event, "item_id", str)
        match = next((item for item in self.items if item["id"] == item_id), None)
        if match is None:
            text = f"item {item_id} does not exist"
            await self.error("item_retrieve_invalid_item_id", text, event.get("event_id"))
        else:
            await self.tell("conversation.item.retrieved", item=match)

    async def _create_response(self, event: dict[str, Any]) -> None:
        if self._response and self._response.active:
            text = "Conversation already has an active response in progress."
            await self.error("conversation_already_has_active_response", text, event.get("event_id"))
            return
        self._response = RealtimeResponse(self)
        self._tasks.start(self._response.run())

    async def _cancel(self, event: dict[str, Any]) -> None:
        if self._response and self._response.active:
            await self._response.cancel("client_cancelled")
        else:
            text = "Cancellation failed: no active response found."
            await self.error("response_cancel_not_active", text, event.get("event_id"))
