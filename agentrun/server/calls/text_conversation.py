"""A text conversation with an agent, without a server, for ``agentrun chat``."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pipecat.frames.frames import (
    Frame,
    FunctionCallCancelFrame,
    FunctionCallResultFrame,
    FunctionCallsStartedFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
)

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.plan.plan import Plan
from agentrun.records import Entry
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.lifecycle.offline import Offline
from agentrun.server.lifecycle.options import Options
from agentrun.server.lifecycle.specs.files import load
from agentrun.server.lifecycle.specs.server_plans import make_plans
from agentrun.transports import text


class ConversationWatcher(Protocol):
    """Shows a turn while it happens."""

    def tool_started(self, name: str, arguments: Mapping[str, Any]) -> None:
        """The model has called a tool."""

    def tool_ended(self, entry: Entry) -> None:
        """A tool has given its result."""

    def words(self, piece: str) -> None:
        """A piece of the answer."""

    def answer_ended(self) -> None:
        """The model has said what it wanted to, for now."""


@dataclass(frozen=True)
class TurnReport:
    """One turn: the caller's words (None where the agent began), the answer, and the tools that ran.

    ``first_word`` and ``seconds`` count from the caller's words, in seconds; ``ended_by`` is set when the
    call is over.
    """

    caller: str | None
    agent: str
    tools: tuple[Entry, ...]
    first_word: float | None
    seconds: float
    ended_by: str | None = None
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """JSON-ready."""
        keys = ("name", "arguments", "status", "text", "seconds")
        tools = [{key: asdict(entry)[key] for key in keys} for entry in self.tools]
        return {**asdict(self), "tools": tools}


@dataclass
class _Turn:
    """What was seen of a turn so far."""

    began: float = field(default_factory=time.monotonic)
    pieces: list[str] = field(default_factory=list)
    first_word: float | None = None
    calls: int = 0
    writing: bool = False
    answered: bool = False


class TextConversation:
    """A call whose caller writes; one turn after the other."""

    def __init__(self, plan: Plan, switchboard: Switchboard, watcher: ConversationWatcher) -> None:
        self.plan = plan
        self._watcher = watcher
        self._turn = _Turn()
        self._moved = asyncio.Event()
        self._transport = text.TextTransport(self._take_frame)
        connection = text.connect(self._transport, plan.spec.name, plan.environ, offline=plan.offline)
        self._session = switchboard.answer(plan, connection)
        record = switchboard.records.get(connection.call.agent, connection.call.id)
        assert record is not None  # noqa: S101
        self.record = record
        self._told = 0

    @property
    def begins(self) -> bool:
        """Whether the agent speaks first."""
        return self.plan.spec.speaks_first

    @property
    def over(self) -> bool:
        """Whether the call has ended."""
        return self._session.done()

    async def greeting(self) -> TurnReport:
        """What the agent begins with."""
        return await self._finished(None)

    async def say(self, words: str) -> TurnReport:
        """The turn that ``words`` of the caller's begin; returns when the answer is complete."""
        self._turn = _Turn()
        await self._transport.write(words)
        return await self._finished(words)

    async def hang_up(self) -> None:
        """The caller goes."""
        if not self.over:
            await self._transport.hang_up()
        await asyncio.wait({self._session})

    async def wait_over(self) -> None:
        """Return when the call has ended."""
        await asyncio.wait({self._session})

    async def _finished(self, words: str | None) -> TurnReport:
        while not self.over and not self._complete():
            self._moved.clear()
            moved = asyncio.create_task(self._moved.wait())
            await asyncio.wait({moved, self._session}, return_when=asyncio.FIRST_COMPLETED)
            moved.cancel()
        turn, record = self._turn, self.record
        tools = tuple(entry for entry in record.transcript[self._told :] if entry.who == "tool")
        self._told = len(record.transcript)
        first = None if turn.first_word is None else round(turn.first_word - turn.began, 3)
        seconds = round(time.monotonic() - turn.began, 3)
        ended = (record.ended_by, record.reason) if self.over else (None, "")
        return TurnReport(words, "".join(turn.pieces).strip(), tools, first, seconds, *ended)

    def _complete(self) -> bool:
        return self._turn.answered and not self._turn.writing and self._turn.calls <= 0

    def _take_frame(self, frame: Frame) -> None:
        """One frame on its way out."""
        turn = self._turn
        if isinstance(frame, LLMFullResponseStartFrame):
            turn.writing = True
        elif isinstance(frame, LLMTextFrame):
            turn.first_word = turn.first_word or time.monotonic()
            turn.answered = True
            turn.pieces.append(frame.text)
            self._watcher.words(frame.text)
        elif isinstance(frame, LLMFullResponseEndFrame):
            turn.writing = False
            if turn.pieces and not turn.pieces[-1].isspace():
                turn.pieces.append(" ")
            self._watcher.answer_ended()
        elif isinstance(frame, FunctionCallsStartedFrame):
            turn.calls += len(frame.function_calls)
            turn.answered = False
            for call in frame.function_calls:
                self._watcher.tool_started(call.function_name, call.arguments)
        elif isinstance(frame, FunctionCallResultFrame | FunctionCallCancelFrame):
            turn.calls -= 1
            self._tell_of(frame.function_name)
        self._moved.set()

    def _tell_of(self, name: str) -> None:
        entries = (e for e in reversed(self.record.transcript) if e.who == "tool" and e.name == name)
        if entry := next(entries, None):
            self._watcher.tool_ended(entry)


@contextlib.asynccontextmanager
async def text_conversation(
    path: Path, environ: Mapping[str, str], options: Options, watcher: ConversationWatcher
) -> AsyncIterator[TextConversation]:
    """A written call of the agent at ``path``; it is hung up at the end of the block.

    Raises SpecError, PluginError or SetupError before anything starts.
    """
    files = load([path], options.overrides, options.style)
    async with contextlib.AsyncExitStack() as stack:
        offline = await stack.enter_async_context(Offline(files, written=True)) if options.offline else None
        plans = make_plans(files, environ, options, offline)
        resources = await stack.enter_async_context(Resources())
        switchboard = Switchboard(plans, resources)
        stack.push_async_callback(switchboard.close)
        await switchboard.connect()
        talk = TextConversation(next(iter(plans.values())), switchboard, watcher)
        stack.push_async_callback(talk.hang_up)
        yield talk
