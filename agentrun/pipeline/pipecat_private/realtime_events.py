"""The events of OpenAI's realtime service, of which no single one may cost the session.

Pipecat 1.14 stops to listen at the first ``error`` event, at an event that it can't read, such as an item of
an unknown type, and when the handling of one fails; a tool call without its ``done``, or with arguments that
are no JSON, is lost, and the model waits for it. Here such events are skipped and noted, and calls are
completed.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any, cast

from pipecat.services.openai.realtime import events
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from websockets.exceptions import ConnectionClosed

from agentrun.pipeline.pipecat_private.replacements import replace_method
from agentrun.tools.arguments import unreadable_arguments

MOST_NOTED = 3
"""Of one kind of skipped event in a call; the rest is counted with the last of them."""
CONNECT_SECONDS = 2.5
"""How long the connection to the model may take, from TCP to the upgrade."""
_HANDLED = ("response_cancel_not_active", "conversation_already_has_active_response")
"""Errors that Pipecat passes over, and which mean nothing."""
_KNOWN_ITEMS = ("message", "function_call", "function_call_output")
_SOUND = '"response.output_audio.delta"'
_NO_NEWS = ("session.", "rate_limits.", "error")
_OF_CALLER = ("input_audio_buffer.speech_", "conversation.item.input_audio_transcription.")
_ATTRIBUTE = "_session_events"
MOST_VAIN = 3  # failures in a row without an event between them: the connection is lost


class SessionEvents:
    """Follows one service: what it was sent, what came, and why its connection ended.

    ``noted`` is told of each event that was skipped or refused, in a line for the record.
    """

    def __init__(self, llm: OpenAIRealtimeLLMService, noted: Callable[[str], None]) -> None:
        self._llm = llm
        self._noted = noted
        self._skipped: Counter[str] = Counter()
        self._asked = ""
        self.closed = ""
        self.heard_at = 0.0
        """When the server last showed that it hears or answers, on the loop's clock."""
        self.heard_caller_at = 0.0
        """When it last showed that it hears the caller."""
        self._receive = replace_method(llm, "_receive_task_handler", self.receive)
        self._connect = replace_method(llm, "_connect", self.connect)
        self._send_event = replace_method(llm, "send_client_event", self.send_event)
        replace_method(llm, "_ws_send", self.send)

    async def connect(self) -> None:
        """Connect within ``CONNECT_SECONDS``; a server that hangs is as one that refuses."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._connect()
        except TimeoutError:
            self._llm._websocket = None
            self.closed = f"no connection within {CONNECT_SECONDS:g} s"

    async def send(self, message: dict[str, Any]) -> None:
        """Send, unless the connection is gone: its end is told once, by whoever reads from it."""
        socket: Any = self._llm._websocket
        if self._llm._disconnecting or socket is None:
            return
        try:
            await socket.send(json.dumps(message))
        except ConnectionClosed as error:
            self.closed = self.closed or str(error)

    async def send_event(self, event: events.ClientEvent) -> None:
        """Send an event, and know a response that is refused by its id."""
        if isinstance(event, events.ResponseCreateEvent):
            self._asked = event.event_id
        await self._send_event(event)

    async def receive(self) -> None:
        """Read until the connection ends, whatever becomes of single events."""
        self.closed = ""
        llm: Any = self._llm
        llm._websocket = socket = ReadableEvents(llm._websocket, self)
        vain = 0
        while llm._websocket is socket and vain < MOST_VAIN:
            read = socket.events_read
            try:
                await self._receive()
            except ConnectionClosed as error:
                self.closed = str(error) or type(error).__name__
            except Exception as error:  # noqa: BLE001 - one event must not cost the session
                self.skip("handling", f"{type(error).__name__}: {error}")
                vain = vain + 1 if socket.events_read == read else 0
                await asyncio.sleep(0)
                continue
            break
        if llm._websocket is socket:
            self.closed = self.closed or "the server closed the connection"

    def skip(self, kind: str, why: str) -> None:
        """Note an event that can't be used."""
        self._skipped[kind] += 1
        if self._skipped[kind] <= MOST_NOTED:
            self._noted(f"skipped_event: {kind}: {' '.join(why.split())[:200]}")

    def refused(self, error: dict[str, Any]) -> dict[str, Any] | None:
        """Note what the server refuses; the end of an answer that was refused, as an event."""
        code = error.get("code") or error.get("type") or "error"
        self._noted(f"refused_event: {code}: {str(error.get('message'))[:200]}")
        if not self._asked or error.get("event_id") != self._asked:
            return None
        details = {"status": "failed", "status_details": {"type": "failed", "error": error}}
        return {"type": "response.done", "event_id": "refused", "response": {**details, "output": []}}

    def note_news(self, kind: str) -> None:
        """The server says something about the conversation."""
        if not kind.startswith(_NO_NEWS):
            self.heard_at = asyncio.get_running_loop().time()
        if kind.startswith(_OF_CALLER):
            self.heard_caller_at = self.heard_at


class ReadableEvents:
    """A socket that gives the events which Pipecat can read, and completes those that it would lose."""

    def __init__(self, socket: Any, session: SessionEvents) -> None:
        self.socket = socket
        self.events_read = 0
        self._session = session
        self._calls: dict[str, dict[str, Any]] = {}
        self._added: set[str] = set()
        self._done: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.socket, name)

    async def __aiter__(self) -> AsyncIterator[str]:
        async for message in self.socket:
            self.events_read += 1
            if isinstance(message, str) and _SOUND in message:
                self._session.note_news("response.output_audio.delta")
                yield message
                continue
            for event in self._readable(message):
                yield json.dumps(event)

    def _readable(self, message: str | bytes) -> list[dict[str, Any]]:
        try:
            event = json.loads(message)
            kind = str(event["type"])
        except (ValueError, TypeError, KeyError, RecursionError):
            self._session.skip("unreadable", str(message)[:100])
            return []
        self._session.note_news(kind)
        if kind == "error":
            return self._error(event)
        return [each for each in (*self._completed(kind, event), event) if self._is_readable(each)]

    def _error(self, event: dict[str, Any]) -> list[dict[str, Any]]:
        detail = event.get("error")
        error: dict[str, Any] = detail if isinstance(detail, dict) else {}
        code = str(error.get("code"))
        if code in _HANDLED or code.startswith("item_retrieve"):
            return [event] if self._is_readable(event) else []
        end = self._session.refused(error)
        return [end] if end else []

    def _is_readable(self, event: dict[str, Any]) -> bool:
        if event["type"] == "response.done":
            _keep_known_items(event)
        try:
            events.parse_server_event(json.dumps(event))
        except Exception as error:  # noqa: BLE001 - it raises nothing narrower
            self._session.skip(event["type"], str(error))
            return False
        return True

    def _completed(self, kind: str, event: dict[str, Any]) -> list[dict[str, Any]]:
        """What Pipecat has to be given before ``event``, so that no tool call is lost."""
        if kind == "response.function_call_arguments.done":
            event["arguments"] = json.dumps(unreadable_arguments.read(event.get("arguments") or ""))
            call_id = str(event.get("call_id"))
            added = self._add(call_id, {**self._calls.get(call_id, {}), **_named(event)})
            event["type"] = kind if call_id not in self._done else "response.function_call_arguments.again"
            self._done.add(call_id)
            return added
        response = event.get("response") if kind == "response.done" else None
        items = response.get("output") or [] if isinstance(response, dict) else [event.get("item")]
        whole = kind in ("response.output_item.done", "conversation.item.done", "response.done")
        if isinstance(response, dict) and response.get("status") == "cancelled":
            whole = False
        entries: list[dict[str, Any]] = []
        for item in items:
            if isinstance(item, dict) and item.get("type") == "function_call" and item.get("call_id"):
                entries += self._call(kind, item, whole=whole)
        return entries

    def _call(self, kind: str, item: dict[str, Any], *, whole: bool) -> list[dict[str, Any]]:
        call_id = str(item["call_id"])
        self._calls[call_id] = {**self._calls.get(call_id, {}), **item}
        if kind == "conversation.item.added":
            self._added.add(call_id)
        if not whole or call_id in self._done or not item.get("name"):
            return []
        self._done.add(call_id)
        done = {
            "type": "response.function_call_arguments.done",
            "event_id": "completed",
            "response_id": "",
            "item_id": str(item.get("id")),
            "output_index": 0,
            "call_id": call_id,
            "arguments": json.dumps(unreadable_arguments.read(item.get("arguments") or "")),
        }
        return [*self._add(call_id, self._calls[call_id]), done]

    def _add(self, call_id: str, item: dict[str, Any]) -> list[dict[str, Any]]:
        """The beginning of a call that Pipecat has not been told of."""
        if call_id in self._added or not item.get("name"):
            return []
        self._added.add(call_id)
        call = {"id": call_id, "call_id": call_id, **item, "type": "function_call", "status": "in_progress"}
        return [{"type": "conversation.item.added", "event_id": "completed", "item": call}]


def _named(event: dict[str, Any]) -> dict[str, Any]:
    return {"name": event["name"]} if event.get("name") else {}


def _keep_known_items(event: dict[str, Any]) -> None:
    """Leave out the items of a response that Pipecat has no name for: its end is needed."""
    if isinstance(response := event.get("response"), dict):
        items = [item for item in response.get("output") or [] if isinstance(item, dict)]
        response["output"] = [item for item in items if item.get("type") in _KNOWN_ITEMS]


def keep_session(llm: object, noted: Callable[[str], None]) -> None:
    """Have a realtime service go on after an event that it can't use; ``noted`` gets a line about each."""
    if isinstance(llm, OpenAIRealtimeLLMService):
        setattr(llm, _ATTRIBUTE, SessionEvents(llm, noted))


def session_events(llm: OpenAIRealtimeLLMService) -> SessionEvents | None:
    """What follows ``llm``, where ``keep_session`` was called for it."""
    return cast("SessionEvents | None", getattr(llm, _ATTRIBUTE, None))
