"""Repairs realtime events so that Pipecat can read them, without losing tool calls or ends of answers.

Pipecat 1.14 stops to listen to OpenAI's at an event that it can't read, such as an item of an unknown type;
services that are written alike pass it over. A tool call without its ``done``, or with arguments that are no
JSON, is lost, and the model waits for it.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol, cast

from pipecat.services.openai.realtime import events
from websockets.exceptions import ConnectionClosedOK

from agentrun.pipeline.pipecat_private.realtime import ends_of_responses
from agentrun.pipeline.pipecat_private.realtime.missing_end import LATE_SECONDS, MissingEnd
from agentrun.tools.arguments import unreadable_arguments

_HANDLED = ("response_cancel_not_active", "conversation_already_has_active_response")
"""Errors that Pipecat passes over, and which mean nothing."""
_ACTIVE = "active response"
"""What they have in their words where their codes are others: xAI's."""
SOUND, EARLIER_SOUND = '"response.output_audio.delta"', '"response.audio.delta"'
WORDS = '"response.output_audio_transcript.delta"'
"""With its quotes: these come many times a second, and no other event has them but as its type."""
_OFTEN = (SOUND, EARLIER_SOUND, WORDS)
ITEM_ADDED, EARLIER_ITEM_ADDED = "conversation.item.added", "conversation.item.created"
_WITH_ID = re.compile(r'"event_id"\s*:\s*"[^"]')


class EventNotes(Protocol):
    """Told of what comes on a socket."""

    def skip(self, kind: str, why: str) -> None:
        """An event can't be used."""

    def refused(self, error: dict[str, Any]) -> dict[str, Any] | None:
        """The server refuses something; gives the end of an answer that was refused, as an event."""

    def note_news(self, kind: str, event: Mapping[str, Any]) -> None:
        """The server says something about the conversation."""

    def note_answer(self) -> None:
        """The server sends some of an answer."""

    async def ended_late(self, event: Mapping[str, Any]) -> None:
        """The end of an answer has come that was no longer waited for."""


class ReadableEvents:
    """A socket that gives the events which Pipecat can read, and completes those that it would lose.

    ``item_added`` is what the service calls the event that a tool call begins with. Where nothing is
    ``checked``, the service passes over what it can't read.
    """

    def __init__(
        self, socket: Any, session: EventNotes, item_added: str = ITEM_ADDED, *, checked: bool = True
    ) -> None:
        self.socket = socket
        self._item_added, self._checked = item_added, checked
        self.events_read = 0
        self.is_over = False
        self._session = session
        self._calls: dict[str, dict[str, Any]] = {}
        self._added: set[str] = set()
        self._done: set[str] = set()
        self._made = 0
        self._end = MissingEnd()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.socket, name)

    async def __aiter__(self) -> AsyncIterator[str]:
        before: str | bytes = ""
        while True:
            try:
                message = await self._next()
            except ConnectionClosedOK:
                break
            if message is None:
                if self._end.is_awaited:
                    yield json.dumps(self._end.made())
                else:
                    self._note_missing()
                continue
            self.events_read += 1
            if message == before and isinstance(message, str) and _WITH_ID.search(message):
                # the same event, delivered again; a server without ids may say the same twice
                continue
            before = message
            if isinstance(message, str) and any(kind in message for kind in _OFTEN):
                self._session.note_answer()
                yield message
                continue
            for event in self._readable(message):
                yield json.dumps(event)
            while self._end.late:
                await self._session.ended_late(self._end.late.pop())
        self.is_over = True

    async def _next(self) -> str | bytes | None:
        """The next message; None where a response lacks its end."""
        if self._end.seconds is None:
            return cast("str | bytes", await self.socket.recv())
        try:
            async with asyncio.timeout(self._end.seconds):
                return cast("str | bytes", await self.socket.recv())
        except TimeoutError:
            return None

    def _note_missing(self) -> None:
        self._end.is_missing = False
        self._session.skip("response.done", f"none came within {LATE_SECONDS:g} s of the last part")

    def _readable(self, message: str | bytes) -> list[dict[str, Any]]:
        try:
            event = json.loads(message)
            kind = str(event["type"])
        except (ValueError, TypeError, KeyError, RecursionError):
            self._session.skip("unreadable", str(message)[:100])
            return []
        self._session.note_news(kind, event)
        if kind == "response.done" and self._end.is_late(event):
            return []
        if kind == "response.done" and self._checked:
            event = {**event, "response": ends_of_responses.readable(event.get("response"))}
        self._end.note(kind, event)
        if kind == "response.created":
            self._made = 0
            if self._end.is_missing:
                self._note_missing()
        if kind == "error":
            return self._error(event)
        return [each for each in (*self._completed(kind, event), event) if self._is_readable(each)]

    def _error(self, event: dict[str, Any]) -> list[dict[str, Any]]:
        detail = event.get("error")
        error: dict[str, Any] = detail if isinstance(detail, dict) else {}
        code, words = str(error.get("code")), str(error.get("message")).lower()
        if code in _HANDLED or code.startswith("item_retrieve") or _ACTIVE in words:
            return [event] if self._is_readable(event) else []
        end = self._session.refused(error)
        return [end] if end else []

    def _is_readable(self, event: dict[str, Any]) -> bool:
        if not self._checked:
            return True
        try:
            events.parse_server_event(json.dumps(event))
        except Exception as error:  # noqa: BLE001 - it raises nothing narrower
            self._session.skip(event["type"], str(error))
            return False
        return True

    def _completed(self, kind: str, event: dict[str, Any]) -> list[dict[str, Any]]:
        """What Pipecat has to be given before ``event``, so that no tool call is lost."""
        if kind == "response.function_call_arguments.done":
            call_id = str(event.get("call_id"))
            event["arguments"] = self._arguments(call_id, event)
            added = self._add(call_id, {**self._calls.get(call_id, {}), **_named(event)})
            most = unreadable_arguments.MOST_CALLS + 1
            again = call_id in self._done or self._made > most
            event["type"] = "response.function_call_arguments.again" if again else kind
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

    def _arguments(self, call_id: str, call: dict[str, Any]) -> str:
        """The arguments of a call as the JSON of an object; of one too many, what says so."""
        if call_id not in self._done:
            self._made += 1
        if self._made > unreadable_arguments.MOST_CALLS:
            return json.dumps(unreadable_arguments.too_many())
        return json.dumps(unreadable_arguments.read(call.get("arguments") or ""))

    def _call(self, kind: str, item: dict[str, Any], *, whole: bool) -> list[dict[str, Any]]:
        call_id = str(item["call_id"])
        self._calls[call_id] = {**self._calls.get(call_id, {}), **item}
        if kind == self._item_added:
            self._added.add(call_id)
        if not whole or call_id in self._done or not item.get("name"):
            return []
        arguments = self._arguments(call_id, item)
        if self._made > unreadable_arguments.MOST_CALLS + 1:
            return []
        self._done.add(call_id)
        done = {
            "type": "response.function_call_arguments.done",
            "event_id": "completed",
            "response_id": "",
            "item_id": str(item.get("id")),
            "output_index": 0,
            "call_id": call_id,
            "name": self._calls[call_id]["name"],
            "arguments": arguments,
        }
        return [*self._add(call_id, self._calls[call_id]), done]

    def _add(self, call_id: str, item: dict[str, Any]) -> list[dict[str, Any]]:
        """The beginning of a call that Pipecat has not been told of."""
        if call_id in self._added or not item.get("name"):
            return []
        self._added.add(call_id)
        call = {"id": call_id, "call_id": call_id, **item, "type": "function_call", "status": "in_progress"}
        return [{"type": self._item_added, "event_id": "completed", "item": call}]


def _named(event: dict[str, Any]) -> dict[str, Any]:
    return {"name": event["name"]} if event.get("name") else {}
