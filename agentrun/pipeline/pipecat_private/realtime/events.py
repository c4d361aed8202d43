"""Handles the events of a realtime service so that no single one can end the session.

Pipecat 1.14 stops to listen at the first ``error`` event, at an event that it can't read, and when the
handling of one fails. Here such events are skipped and noted; ``readable_events.py`` makes the rest readable.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, cast

from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from websockets.exceptions import ConnectionClosed

from agentrun.pipeline.pipecat_private.connections import SEND_SECONDS
from agentrun.pipeline.pipecat_private.realtime import late_usage
from agentrun.pipeline.pipecat_private.realtime.caller_items import CallerItems
from agentrun.pipeline.pipecat_private.realtime.differences import has_earlier_names
from agentrun.pipeline.pipecat_private.realtime.readable_events import (
    EARLIER_ITEM_ADDED,
    ITEM_ADDED,
    ReadableEvents,
)
from agentrun.pipeline.pipecat_private.replacements import is_replaceable, replace_method
from agentrun.pipeline.services.connections import lost_peers

MOST_NOTED = 3
"""Of one kind of skipped or refused event in a call."""
CONNECT_SECONDS = 2.5
"""How long the connection to the model may take, from TCP to the upgrade."""
CLOSE_SECONDS = 0.5
"""How long the server may take to agree that its connection is closed."""
MOST_EVENT_BYTES = 16 * 1024 * 1024
"""Of one event; websockets closes the connection at one of 1 MiB, which an item with its sound may have."""
MOST_REASON = 123
"""Characters of what the server says about the end of its connection."""
_NO_NEWS = ("session.", "conversation.created", "rate_limits.", "error", "ping")
_OF_CALLER = ("input_audio_buffer.speech_", "conversation.item.input_audio_transcription.")
_EDGES = ("input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped")
_ATTRIBUTE = "_session_events"
MOST_VAIN = 3  # failures in a row without an event between them: the connection is lost


class SessionEvents:
    """Follows one service: what it was sent, what came, and why its connection ended.

    ``noted`` is told of each event that was skipped or refused, in a line for the record.
    """

    def __init__(self, llm: Any, noted: Callable[[str], None]) -> None:
        self._llm = llm
        self._noted = noted
        self._notes: Counter[str] = Counter()
        self._asked = ""
        self.closed = ""
        self.refusal = ""
        """What the server last said of a request that it refused; for whoever takes it."""
        self.heard_at = 0.0
        """When the server last showed that it hears or answers, on the loop's clock."""
        self.heard_caller_at = 0.0
        """When it last showed that it hears the caller."""
        self.responded_at = self.response_ended_at = -math.inf
        self.caller_began_at = self.cancelled_at = -math.inf
        """When it last told that a response begins, that one ends, and that the caller speaks; and when it
        was asked to cancel one."""
        self.caller_items = CallerItems()
        self.caller_speaks = False
        """Whether it has told of a beginning of the caller's speech, and not of its end."""
        self._receive = replace_method(llm, "_receive_task_handler", self.receive)
        self._connect = replace_method(llm, "_connect", self.connect)
        self._send_event = replace_method(llm, "send_client_event", self.send_event)
        replace_method(llm, "_ws_send", self.send)

    async def connect(self) -> None:
        """Connect within ``CONNECT_SECONDS``; a server that hangs is as one that refuses."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._connect()
            if self._llm._websocket:
                lost_peers.watch(self._llm._websocket.transport)
                self._llm._websocket.protocol.max_message_size = MOST_EVENT_BYTES
                # of a server that is gone without a word no closing handshake comes
                self._llm._websocket.close_timeout = CLOSE_SECONDS
        except TimeoutError:
            self._llm._websocket = None
            self.closed = f"no connection within {CONNECT_SECONDS:g} s"

    async def send(self, message: dict[str, Any]) -> None:
        """Send, unless the connection is gone: its end is told once, by whoever reads from it."""
        socket: Any = self._llm._websocket
        if self._llm._disconnecting or socket is None:
            return
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await socket.send(json.dumps(message))
        except ConnectionClosed as error:
            self.closed = self.closed or str(error)
        except TimeoutError:
            self.closed = f"it took nothing for {SEND_SECONDS:g} s"
            socket.transport.abort()

    async def send_event(self, event: Any) -> None:
        """Send an event, and know a response that is refused by its id."""
        if event.type == "response.create":
            self._asked = event.event_id
        elif event.type == "response.cancel":
            self.cancelled_at = asyncio.get_running_loop().time()
        await self._send_event(event)

    async def receive(self) -> None:
        """Read until the connection ends, whatever becomes of single events."""
        self.closed = ""
        llm = self._llm
        llm._websocket = socket = self._readable(llm._websocket)
        vain = 0
        while llm._websocket is socket and vain < MOST_VAIN:
            read = socket.events_read
            try:
                await self._receive()
                if not socket.is_over:
                    # it reads no further than to an error of the server's
                    vain = vain + 1 if socket.events_read == read else 0
                    continue
            except ConnectionClosed as error:
                self.closed = str(error) or type(error).__name__
            except Exception as error:  # noqa: BLE001 - one event must not cost the session
                self.skip("handling", f"{type(error).__name__}: {error}")
                vain = vain + 1 if socket.events_read == read else 0
                await asyncio.sleep(0)
                continue
            break
        if llm._websocket is socket:
            self.closed = self.closed or _how_closed(socket)

    def _readable(self, socket: Any) -> ReadableEvents:
        added = EARLIER_ITEM_ADDED if has_earlier_names(self._llm) else ITEM_ADDED
        return ReadableEvents(socket, self, added, checked=isinstance(self._llm, OpenAIRealtimeLLMService))

    def skip(self, kind: str, why: str) -> None:
        """Note an event that can't be used."""
        self._note(f"skipped_event: {kind}: {' '.join(why.split())[:200]}")

    def refused(self, error: dict[str, Any]) -> dict[str, Any] | None:
        """Note what the server refuses; the end of an answer that was refused, as an event."""
        code = error.get("code") or error.get("type") or "error"
        self.refusal = str(error.get("message"))
        self._note(f"refused_event: {code}: {self.refusal[:200]}")
        if not self._asked or error.get("event_id") != self._asked:
            return None
        details = {"status": "failed", "status_details": {"type": "failed", "error": error}}
        response = {"id": "", "object": "realtime.response", **details, "output": []}
        return {"type": "response.done", "event_id": "refused", "response": response}

    def note_answer(self) -> None:
        """The server sends some of an answer."""
        self.heard_at = asyncio.get_running_loop().time()

    async def ended_late(self, event: Mapping[str, Any]) -> None:
        """Count what an answer has used that was taken for ended before its end came."""
        tokens = late_usage.tokens(event)
        if tokens:
            await self._llm.start_llm_usage_metrics(tokens)

    def _note(self, line: str) -> None:
        kind = " ".join(line.split(" ", 2)[:2])
        self._notes[kind] += 1
        if self._notes[kind] <= MOST_NOTED:
            self._noted(line)

    def note_news(self, kind: str, event: Mapping[str, Any]) -> None:
        """The server says something about the conversation."""
        self.caller_items.note(kind, event)
        if not kind.startswith(_NO_NEWS):
            self.heard_at = asyncio.get_running_loop().time()
        if kind.startswith(_OF_CALLER):
            self.heard_caller_at = self.heard_at
        if kind == "response.created":
            self.responded_at = self.heard_at
        elif kind == "response.done":
            self.response_ended_at = self.heard_at
        if kind in _EDGES:
            self.caller_speaks = kind == _EDGES[0]
        if kind == _EDGES[0]:
            self.caller_began_at = self.heard_at


def _how_closed(socket: ReadableEvents) -> str:
    """How a connection ended that the server closed in order, as at the end of a session's 60 minutes."""
    code, reason = getattr(socket, "close_code", None), getattr(socket, "close_reason", None)
    told = f": {reason[:MOST_REASON]}" if reason else ""
    return f"the server closed the connection{f' ({code}){told}' if code else ''}"


def keep_session(llm: object, noted: Callable[[str], None]) -> None:
    """Have a realtime service go on after an event that it can't use; ``noted`` gets a line about each."""
    if speaks_like_openai(llm):
        setattr(llm, _ATTRIBUTE, SessionEvents(llm, noted))


def speaks_like_openai(llm: object) -> bool:
    """Whether ``llm`` is OpenAI's realtime service, or one that Pipecat has written alike.

    >>> speaks_like_openai(None)
    False
    """
    return is_replaceable(llm, "_ws_send")


def session_events(llm: object) -> SessionEvents | None:
    """What follows ``llm``, where ``keep_session`` was called for it."""
    return cast("SessionEvents | None", getattr(llm, _ATTRIBUTE, None))
