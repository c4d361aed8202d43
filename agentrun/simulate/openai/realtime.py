"""``wss …/v1/realtime``: one speech-to-speech session a socket."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from agentrun.simulate.faults import Fault
from agentrun.simulate.openai import speech_turns
from agentrun.simulate.openai.conversation_items import message
from agentrun.simulate.openai.mind import Mind, Request
from agentrun.simulate.openai.realtime_response import RealtimeResponse
from agentrun.simulate.openai.transcribing import Transcribing

SESSION_SECONDS = 60 * 60.0
"""OpenAI ends a realtime session after an hour."""
_TICK_SECONDS = 0.1


class EndOfSocketError(Exception):
    """The server ends the socket with ``code``; without one the connection is dropped."""

    def __init__(self, code: int | None) -> None:
        super().__init__()
        self.code = code


def router(mind: Mind) -> APIRouter:
    """The realtime routes, for one agent and for all."""
    routes = APIRouter()

    @routes.websocket("/v1/realtime")
    @routes.websocket("/{agent}/v1/realtime")
    async def realtime(socket: WebSocket, agent: str = "") -> None:
        fault = mind.conditions.strike("realtime")
        bearer = socket.headers.get("authorization", "").startswith("Bearer ")
        if not bearer or (fault and fault.kind in ("refuse", "status")):
            await socket.close(1008)
            return
        await socket.accept()
        mind.requests.append(Request("realtime", agent, dict(socket.query_params)))
        transcribing = socket.query_params.get("intent") == "transcription"
        kind = Transcribing if transcribing else RealtimeSession
        await serve(kind(mind, agent, socket.send_text), socket, fault)

    return routes


async def serve(session: Any, socket: WebSocket, fault: Fault | None) -> None:
    """Run a session until either side ends it."""
    seen = 0
    await session.begin()
    limit = asyncio.create_task(session.expire())
    try:
        while True:
            receive = asyncio.create_task(socket.receive_text())
            done, _ = await asyncio.wait({receive, limit}, return_when=asyncio.FIRST_COMPLETED)
            if limit in done:
                receive.cancel()
                await socket.close(1001)
                return
            event = json.loads(receive.result())
            seen += 1
            if fault and seen > fault.after:
                broken, fault = fault, None
                await _break(session, socket, broken)
            await session.take(event)
    except (WebSocketDisconnect, RuntimeError):
        return
    except EndOfSocketError as end:
        if end.code:
            await socket.close(end.code)
    finally:
        limit.cancel()
        await session.close()


async def _break(session: Any, socket: WebSocket, fault: Fault) -> None:
    if fault.kind == "error":
        await session.error("server_error", "The server had an error.")
    elif fault.kind == "close":
        raise EndOfSocketError(1000)
    elif fault.kind in ("drop", "cut"):
        transport = socket.scope["extensions"] and getattr(socket, "_transport", None)
        if transport:
            transport.abort()
        raise EndOfSocketError(1011)


class RealtimeSession:
    """One conversation: its settings and items, the audio that came in, and the answer under way."""

    def __init__(self, mind: Mind, agent: str, send: Callable[[str], Awaitable[None]]) -> None:
        self.mind = mind
        self.agent = agent
        self.items: list[dict[str, Any]] = []
        self.settings: dict[str, Any] = {"type": "realtime", "instructions": "", "tools": [], "audio": {}}
        self._send = send
        self._turns: speech_turns.SpeechTurns | None = speech_turns.SpeechTurns()
        self._buffer = bytearray()
        self._item_id = ""
        self._response: RealtimeResponse | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._began = mind.clock()

    async def begin(self) -> None:
        """The server speaks first."""
        await self.mind.conditions.wait("realtime")
        await self.tell("session.created", session=self.settings)

    async def expire(self) -> None:
        """Returns when the session has lasted an hour of the stand-in's clock."""
        while self.mind.clock() - self._began < SESSION_SECONDS:  # noqa: ASYNC110 - the clock is anybody's
            await asyncio.sleep(_TICK_SECONDS)
        await self.error("session_expired", "Your session hit the maximum duration of 60 minutes.")

    async def close(self) -> None:
        """End what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def take(self, event: dict[str, Any]) -> None:
        """One event of the client's."""
        known: dict[str, Callable[[dict[str, Any]], Awaitable[None]]] = {
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
        handler = known.get(event.get("type", ""))
        if handler is None:
            await self.error("unknown_event", f"unknown event {event.get('type')!r}", event.get("event_id"))
            return
        await handler(event)

    async def tell(self, kind: str, **fields: Any) -> None:
        """Send one event."""
        await self._send(json.dumps({"event_id": self.mind.new_id("event"), "type": kind, **fields}))

    async def error(self, code: str, text: str, event_id: str | None = None) -> None:
        """Send an error event."""
        problem = {"type": "invalid_request_error", "code": code, "message": text, "event_id": event_id}
        await self.tell("error", error={**problem, "param": None})

    def start(self, work: Any) -> None:
        """Run ``work`` beside the socket; it ends with the session."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _update(self, event: dict[str, Any]) -> None:
        self.settings = {**self.settings, **event.get("session", {})}
        audio = self.settings.get("audio") or {}
        given = audio.get("input") or {}
        if "turn_detection" in given:
            self._turns = speech_turns.from_setting(given["turn_detection"])
        await self.tell("session.updated", session=self.settings)

    async def _append(self, event: dict[str, Any]) -> None:
        pcm = base64.b64decode(event.get("audio", ""))
        if self._turns is None:
            self._buffer += pcm
            return
        for edge in self._turns.feed(pcm):
            if edge == "started":
                await self._speech_started(self._turns)
            else:
                await self._speech_stopped(self._turns)

    async def _speech_started(self, turns: speech_turns.SpeechTurns) -> None:
        self._item_id = self.mind.new_id("item")
        await self.tell(
            "input_audio_buffer.speech_started", audio_start_ms=turns.elapsed_ms, item_id=self._item_id
        )
        if self._response:
            await self._response.cancel("turn_detected")

    async def _speech_stopped(self, turns: speech_turns.SpeechTurns) -> None:
        await self.tell(
            "input_audio_buffer.speech_stopped", audio_end_ms=turns.elapsed_ms, item_id=self._item_id
        )
        self.start(self._hear(turns.take(), self._item_id, respond=True))

    async def _commit_by_client(self, event: dict[str, Any]) -> None:
        pcm = bytes(self._buffer) if self._turns is None else self._turns.take()
        self._buffer.clear()
        if len(pcm) < speech_turns.RATE // 10 * 2:
            text = "Error committing input audio buffer: buffer too small."
            await self.error("input_audio_buffer_commit_empty", text, event.get("event_id"))
            return
        await self._hear(pcm, self.mind.new_id("item"), respond=False)

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
        prompt = str(
            (((self.settings.get("audio") or {}).get("input") or {}).get("transcription") or {}).get("prompt")
        )
        words = await self.mind.hearing.transcribe(pcm, speech_turns.RATE, prompt)
        item["content"] = [{"type": "input_audio", "transcript": words}]
        await self.tell(
            "conversation.item.input_audio_transcription.completed",
            item_id=item_id,
            content_index=0,
            transcript=words,
            usage={"type": "duration", "seconds": len(pcm) / 2 / speech_turns.RATE},
        )
        if respond and words:
            await self._create_response({})

    async def _create_item(self, event: dict[str, Any]) -> None:
        item = {"id": self.mind.new_id("item"), **event["item"], "status": "completed"}
        previous = self.items[-1]["id"] if self.items else None
        self.items.append(item)
        for kind in ("conversation.item.added", "conversation.item.done"):
            await self.tell(kind, item=item, previous_item_id=previous)

    async def _truncate(self, event: dict[str, Any]) -> None:
        fields = {key: event[key] for key in ("item_id", "content_index", "audio_end_ms")}
        await self.tell("conversation.item.truncated", **fields)

    async def _delete(self, event: dict[str, Any]) -> None:
        self.items = [item for item in self.items if item["id"] != event["item_id"]]
        await self.tell("conversation.item.deleted", item_id=event["item_id"])

    async def _retrieve(self, event: dict[str, Any]) -> None:
        found = next((item for item in self.items if item["id"] == event["item_id"]), None)
        if found is None:
            text = f"item {event['item_id']} does not exist"
            await self.error("item_retrieve_invalid_item_id", text, event.get("event_id"))
        else:
            await self.tell("conversation.item.retrieved", item=found)

    async def _create_response(self, event: dict[str, Any]) -> None:
        if self._response and self._response.active:
            text = "Conversation already has an active response in progress."
            await self.error("conversation_already_has_active_response", text, event.get("event_id"))
            return
        self._response = RealtimeResponse(self)
        self.start(self._response.run())

    async def _cancel(self, event: dict[str, Any]) -> None:
        if self._response and self._response.active:
            await self._response.cancel("client_cancelled")
        else:
            text = "Cancellation failed: no active response found."
            await self.error("response_cancel_not_active", text, event.get("event_id"))
