"""Waits until a turn's part of the script has been played."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agentrun.records import CallRecord
from agentrun.spec.checks import idle
from agentrun.spec.models.agent import AgentSpec
from agentrun.testing.scripts.progress import ScriptProgress

STALL_SECONDS = 15.0
"""How long nothing may happen while moves of the model are left; as long as what a test expects may take."""
IDLE_SECONDS = 60.0
"""The same where the model is to speak to a caller who is silent, whose stages may be as late."""
FIRST_SECONDS = 5.0
"""How long a turn without moves is given until something happens."""
QUIET_SECONDS = 1.0
"""How long nothing has happened when a turn is over: the model may be asked again after a tool."""
POLL_SECONDS = 0.05


@dataclass
class TurnWait:
    """``record`` gives the call's record once there is one."""

    spec: AgentSpec
    script: ScriptProgress
    record: Callable[[], CallRecord | None]
    _began: tuple[int, int] = (0, 0)

    @property
    def is_over(self) -> bool:
        """Whether the call is."""
        record = self.record()
        return record is not None and record.ended is not None

    def begin(self, turn: int) -> None:
        """The caller comes to ``turn``."""
        self._began = self._events()
        if self.is_over:
            self.script.over_before.add(turn)

    async def played(self, turn: int) -> None:
        """Return when the model has made its moves up to ``turn`` and is quiet, or will not make them.

        A turn that the caller interrupts, and one that the agent goes on from by itself, is not waited for.
        """
        script = self.script
        if not script.is_played or script.is_cut(turn) or not script.is_followed_by_the_caller(turn):
            return
        for limit in self._limits(turn):
            if self.is_over or not await self._next_event(limit, self._collects(turn)):
                break
        script.last = turn

    def _limits(self, turn: int) -> Iterator[float]:
        """How long the next event is waited for, each time."""
        stall = IDLE_SECONDS if self._speaks_to_silence(turn) else STALL_SECONDS
        while True:
            if self.script.waits(turn) and not (self.script.at_work and self._collects(turn)):
                yield stall
            elif self._events() == self._began and self._is_asked(turn):
                yield FIRST_SECONDS
            else:
                yield QUIET_SECONDS

    async def _next_event(self, limit: float, collects: bool) -> bool:
        """Whether something happens within ``limit`` seconds; tools at work have bounds of their own.

        One that ``collects`` keys waits for the next turn, and not that for it.
        """
        loop, before = asyncio.get_running_loop(), self._events()
        end = loop.time() + limit
        while self._events() == before and not self.is_over:
            if self.script.at_work and not collects:
                end = loop.time() + limit
            elif loop.time() >= end:
                return False
            await asyncio.sleep(POLL_SECONDS)
        return True

    def _collects(self, turn: int) -> bool:
        """Whether a tool that works now may wait for the keys of the next turn."""
        return any(one.dtmf for one in self.script.turns[turn + 1 : turn + 2])

    def _events(self) -> tuple[int, int]:
        record = self.record()
        return self.script.asked, len(record.transcript) if record else 0

    def _is_asked(self, turn: int) -> bool:
        """Whether the caller has said something that an answer is due to: keys may be for a tool."""
        last = turn == len(self.script.turns) - 1
        one = self.script.turns[turn]
        return one.words is not None or (one.dtmf is not None and last)

    def _speaks_to_silence(self, turn: int) -> bool:
        one = self.script.turns[turn]
        return one.words is None and one.dtmf is None and bool(one.llm) and idle.asks_model(self.spec)
