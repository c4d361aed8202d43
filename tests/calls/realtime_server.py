"""A mock realtime server that sends and takes what a test wants."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from agentrun.call import Call
from agentrun.simulate.openai.realtime.session import RealtimeSession
from agentrun.simulate.openai.realtime.sockets import EndOfSocketError
from agentrun.tools.tool import Tool

Event = tuple[str, dict[str, Any]]
Change = Callable[[str, dict[str, Any]], list[Event]]


def same(kind: str, fields: dict[str, Any]) -> list[Event]:
    """What the server sends by itself."""
    return [(kind, fields)]


def ended(status: str, details: object = None) -> Change:
    """Every answer ends at once, with ``status`` and without a word."""

    def change(kind: str, fields: dict[str, Any]) -> list[Event]:
        if kind == "response.done":
            done = {**fields["response"], "status": status, "status_details": details, "output": []}
            return [(kind, {"response": done})]
        return (
            []
            if kind.startswith(("response.output", "response.content", "response.func"))
            else [(kind, fields)]
        )

    return change


class Server:
    """Changes every realtime session of the mock server while a test runs.

    ``change`` makes the events that are sent out of one that would be. ``refused`` are events of the client
    that are answered with an error of this code and message; ``why_refused`` says of a single one why it is,
    or nothing. ``closes`` are the codes with which the next
    sessions end at their next event, None being a lost connection. With ``repeats`` each event is delivered
    twice. ``taken`` is what clients have sent.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.change: Change = same
        self.refused: dict[str, tuple[str | None, str]] = {}
        self.why_refused: Callable[[dict[str, Any]], str] = lambda _event: ""
        self.closes: list[int | None] = []
        self.taken: list[dict[str, Any]] = []
        self.repeats = False
        self.closed = 0
        sends: dict[RealtimeSession, Callable[[str], Awaitable[None]]] = {}
        tell, take, close = RealtimeSession.tell, RealtimeSession.take, RealtimeSession.close

        async def send(owner: RealtimeSession, text: str) -> None:
            for _ in range(2 if self.repeats else 1):
                await sends[owner](text)

        async def change(owner: RealtimeSession, kind: str, **fields: Any) -> None:
            if owner not in sends:
                sends[owner] = owner._send
                owner._send = functools.partial(send, owner)
            for changed, given in self.change(kind, fields):
                await tell(owner, changed, **given)

        async def receive(owner: RealtimeSession, event: dict[str, Any]) -> None:
            await self._take(owner, event, take)

        async def count(owner: RealtimeSession) -> None:
            self.closed += 1
            await close(owner)

        monkeypatch.setattr(RealtimeSession, "tell", change)
        monkeypatch.setattr(RealtimeSession, "take", receive)
        monkeypatch.setattr(RealtimeSession, "close", count)

    def kinds(self) -> list[str]:
        """The kinds of what clients have sent, but for sound."""
        return [str(event.get("type")) for event in self.taken]

    async def _take(
        self, owner: RealtimeSession, event: dict[str, Any], take: Callable[..., Awaitable[None]]
    ) -> None:
        if self.closes:
            raise EndOfSocketError(self.closes.pop())
        kind = str(event.get("type"))
        if kind != "input_audio_buffer.append":
            self.taken.append(event)
        why = self.why_refused(event)
        if why or kind in self.refused:
            code, message = (None, why) if why else self.refused[kind]
            error = {"type": "invalid_request_error", "code": code, "message": message, "param": None}
            await owner.tell("error", error={**error, "event_id": event.get("event_id")})
            return
        await take(owner, event)


def hours(seconds: float = 1.0, ran: list[Mapping[str, Any]] | None = None) -> Tool:
    """A tool that takes ``seconds``, and writes down in ``ran`` what it was called with."""

    async def run(call: Call, arguments: Mapping[str, Any]) -> str:
        if ran is not None:
            ran.append(arguments)
        await asyncio.sleep(seconds)
        return "from six to eleven"

    schema = {"type": "object", "properties": {}}
    return Tool("hours", "Opening hours.", schema, plugin="p", origin="o", run=run, say="")
