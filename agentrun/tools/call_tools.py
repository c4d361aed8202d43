"""The tools of one call: what runs once, what needs confirmation, how many rounds a model may call."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from agentrun.call import Call
from agentrun.errors import ToolError
from agentrun.tools.arguments.canonical_arguments import canonical, clean
from agentrun.tools.results.outcome import Outcome, Status
from agentrun.tools.running.invoke import invoke
from agentrun.tools.tool import Tool

Key = tuple[str, bytes]
UNKNOWN = (
    "{name} was begun, and then the connection broke: nobody knows whether it was done. It is not run again. "
    "Tell the caller so."
)
TOO_MANY = (
    "{name} was not run: tools have been called {rounds} times for one answer, which is the most. "
    "Call no more of them now. Tell the caller what you know, or what you could not find out."
)
MOST_UNREADABLE = 3
"""Calls for one answer whose arguments can't be read: a model that is cut off each time is so once more."""
UNREADABLE = (
    "{name} was not run: the arguments of calls for this answer could not be read {times} times. "
    "Call no more tools now. Tell the caller what you know, or what you could not find out."
)
_LAST_WORD = ("hang_up", "transfer", "handoff", "leave_voicemail")
"""Built-in tools that end the call or hand it on: a model that gives up may still do that."""
_LAST_ROUNDS = 3
"""How often a model that is told to answer may still try."""
CONFIRM = (
    "{name} has not run yet. Tell the caller what exactly you are about to do, ask them to confirm it, and "
    "end your turn. When they have agreed, call {name} again with the same arguments."
)


class CallTools:
    """Runs the tools of one call, and enforces ``once_per_call`` and ``confirm``.

    The session says when the caller has spoken and heard something, and closes it when the call ends.
    A model may call tools ``most_rounds`` times, one or several at once, before the caller speaks again.
    """

    def __init__(self, most_rounds: int | None = None) -> None:
        self.turn = 0
        """How many turns of the caller have ended."""
        self.on_left_behind: Callable[[Tool], None] | None = None
        """Called with a tool that does not end although it is cancelled."""
        self._exchange = 0
        self._was_heard = False
        self._asked: dict[Key, int] = {}
        self._runs: dict[Key, asyncio.Task[Outcome]] = {}
        self._earlier: dict[Key, Outcome] = {}
        self._at_work: list[Key] = []
        self._working: Counter[int] = Counter()
        self._most_rounds = most_rounds
        self._rounds: Counter[int] = Counter()
        self._unreadable: Counter[int] = Counter()
        self.on_begin: Callable[[bool], Awaitable[object]] | None = None
        """Awaited with ``once_per_call`` before a tool runs, so that others know that it has begun."""

    def caller_spoke(self) -> None:
        """A turn of the caller has ended: what they have been asked before it may be confirmed.

        Turns between which they have heard nothing are one answer, which was cut in two.
        """
        self.turn += 1
        if self._was_heard:
            self._exchange += 1
            self._was_heard = False

    def agent_heard(self) -> None:
        """The caller has heard words of the agent."""
        self._was_heard = True

    @contextlib.contextmanager
    def at_work(self) -> Iterator[Callable[[], bool]]:
        """A call of the model is at work while the block runs, be it of a tool that there is or not.

        Gives what says, behind the block, whether no other call of the same turn is at work: the last one has
        the model go on.
        """
        turn = self.turn
        self._rounds[turn] += not self._working[turn]
        self._working[turn] += 1
        try:
            yield lambda: not self._working[turn]
        finally:
            self._working[turn] -= 1

    def allowed(self, tool: Tool) -> Tool:
        """``tool``, or what tells the model in its place that there were too many rounds for one answer."""
        most, is_last_word = self._most_rounds, tool.plugin == "agentrun" and tool.name in _LAST_WORD
        if most is not None and is_last_word:
            most += _LAST_ROUNDS
        if self._unreadable[self.turn] >= MOST_UNREADABLE and not is_last_word:
            words = self._too_often_unreadable(tool)
        elif most is None or self._rounds[self.turn] <= most:
            return tool
        else:
            words = TOO_MANY.format(name=tool.name, rounds=self._most_rounds)

        async def refuse(call: Call, arguments: Mapping[str, Any]) -> str:  # noqa: ARG001 - a tool has them
            raise ToolError(words)

        return Tool(tool.name, "", {}, plugin=tool.plugin, origin=tool.origin, run=refuse, say="")

    def not_read(self, tool: Tool, problem: str) -> str:
        """The arguments of a call could not be read: what the model is told, who may write them again.

        ``problem`` is what was wrong; after ``MOST_UNREADABLE`` times for one answer it is told to stop.
        """
        self._unreadable[self.turn] += 1
        again = self._unreadable[self.turn] < MOST_UNREADABLE
        return problem if again else self._too_often_unreadable(tool)

    def _too_often_unreadable(self, tool: Tool) -> str:
        return UNREADABLE.format(name=tool.name, times=self._unreadable[self.turn])

    async def run(self, tool: Tool, call: Call, arguments: Mapping[str, Any]) -> Outcome:
        """Run ``tool`` as ``invoke`` does, unless it must not run; if it ran before, return that result.

        Cancelling this does not stop a ``once_per_call`` tool: who calls it again gets its result.
        """
        try:
            arguments = clean(arguments)
        except ToolError as error:
            return Outcome("refused", str(error))
        try:
            key = (tool.name, canonical(tool, arguments))
        except ToolError:
            # not asked about, and not kept: it is told what does not fit
            return await self._invoke(tool, call, arguments)
        if key in self._earlier:
            return self._earlier[key]
        earlier = self._runs.get(key)
        if earlier is None:
            if tool.confirm and not self._is_confirmed(_as_said(key)):
                return Outcome("unconfirmed", CONFIRM.format(name=tool.name))
            if not tool.once_per_call:
                return await self._noted(key, tool, call, arguments)
            earlier = self._runs[key] = asyncio.create_task(self._begin(tool, call, arguments))
            earlier.add_done_callback(lambda run: self._forget_refused(key, run))
        return await asyncio.shield(earlier)

    def snapshot(self) -> dict[str, list[list[str]]]:
        """The calls that have begun, as JSON.

        ``runs`` are those of ``once_per_call`` tools: tool, arguments, status and text, the last two empty
        while it works; ``unfinished`` the other tools that are at work: tool and arguments.
        """
        outcomes: dict[Key, tuple[str, str]] = {
            key: (outcome.status, outcome.text) for key, outcome in self._earlier.items()
        }
        for key, run in self._runs.items():
            is_over = run.done() and not run.cancelled() and run.exception() is None
            outcomes[key] = (run.result().status, run.result().text) if is_over else ("", "")
        return {
            "runs": [[name, given.decode(), *outcome] for (name, given), outcome in outcomes.items()],
            "unfinished": [[name, given.decode()] for name, given in self._at_work],
        }

    def resume(self, runs: Iterable[Sequence[str]]) -> None:
        """Continue from the ``runs`` of a snapshot: what has begun elsewhere does not run again here."""
        for name, arguments, status, text in runs:
            unknown = Outcome("failed", UNKNOWN.format(name=name))
            outcome = Outcome(cast(Status, status), text) if status else unknown
            self._earlier[name, arguments.encode()] = outcome

    async def _begin(self, tool: Tool, call: Call, arguments: Mapping[str, Any]) -> Outcome:
        if self.on_begin:
            await self.on_begin(True)
        return await self._invoke(tool, call, arguments)

    async def _noted(self, key: Key, tool: Tool, call: Call, arguments: Mapping[str, Any]) -> Outcome:
        self._at_work.append(key)
        try:
            if self.on_begin:
                await self.on_begin(False)
            return await self._invoke(tool, call, arguments)
        except asyncio.CancelledError:
            if tool.confirm:
                # the caller goes on agreeing: they are not asked anew within the same answer
                self._asked[_as_said(key)] = self._exchange - 1
            raise
        finally:
            self._at_work.remove(key)

    async def close(self) -> None:
        """Cancel the tools that are still running, at the end of the call."""
        working = [run for run in self._runs.values() if not run.done()]
        for run in working:
            run.cancel()
        await asyncio.gather(*working, return_exceptions=True)

    async def _invoke(self, tool: Tool, call: Call, arguments: Mapping[str, Any]) -> Outcome:
        return await invoke(tool, call, arguments, self.on_left_behind)

    def _is_confirmed(self, key: Key) -> bool:
        """Whether what the caller has said last is what they have said to the question.

        A question that was followed by another answer is over: a no stays one, and is asked about anew.
        """
        exchange = self._asked.pop(key, None)
        if exchange is not None and self._exchange == exchange + 1:
            return True
        self._asked[key] = self._exchange
        self._was_heard = False
        return False

    def _forget_refused(self, key: Key, run: asyncio.Task[Outcome]) -> None:
        if run.cancelled() or run.result().status == "refused":
            self._runs.pop(key, None)


def _as_said(key: Key) -> Key:
    """What a caller can have agreed to: nobody hears upper case, or how many spaces there are."""
    name, arguments = key
    return name, " ".join(arguments.decode().casefold().split()).encode()
