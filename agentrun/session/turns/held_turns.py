"""Gives the model what a caller said over uninterruptible words, once those were heard."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pipecat.pipeline.worker import PipelineWorker

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.pipecat_private import GiveHeldWordsFrame
from agentrun.session.call_tasks import CallTasks

if TYPE_CHECKING:
    from agentrun.session.turns.caller_turns import CallerTurns

_POLL_SECONDS = 0.02
_OPEN_SECONDS = 1.0
"""How long an answer that has been heard may take to reach the context."""


class HeldTurns:
    """Holds turns of one cascaded call: a turn over an answer ends neither the answer nor its deadline.

    Who has waited for an answer, and speaks again, interrupts no more until the agent is heard: a model that
    is slow, and well, would else begin anew with each "hello?", and never come to its first word. What is
    written while the caller is not listened to is held too: it is no noise.
    """

    def __init__(self, turns: CallerTurns, worker: PipelineWorker, tasks: CallTasks) -> None:
        self._turns = turns
        self._worker = worker
        self._tasks = tasks
        self._own = False
        self._giving: asyncio.Task[None] | None = None
        self._held = turns.parts.held
        if self._held:
            self._held.holds = self._holds
            self._held.on_kept = self._give_later
            turns.response_deadline.on_patience = self._let_answer
            pipecat_private.write_in_turn(worker, lambda: self.may_interrupt and not turns.muted)

    @property
    def may_interrupt(self) -> bool:
        """Whether what the caller says now cuts the agent off; a realtime model sees to it by itself."""
        return self._held is None or pipecat_private.may_interrupt(self._turns.parts.aggregators.user())

    @property
    def is_over_answer(self) -> bool:
        """Whether the caller is saying something that is held until an answer has been heard.

        Where the call is about to end that is never: no answer comes behind its last words.
        """
        return not self.may_interrupt and (self._is_busy() or self._turns.is_over())

    def _let_answer(self, patience: bool) -> None:
        pipecat_private.suspend_interruptions(self._turns.parts.aggregators.user(), self, patience)

    def began(self) -> None:
        """The caller's turn begins."""
        self._own = False

    def owed(self) -> None:
        """The answer that is owed from now on is to the turn that has just ended."""
        self._own = True

    def ended_without_words(self) -> None:
        """The caller's turn was a noise: nobody else gives the model a tool's result that came meanwhile."""
        if self._held and pipecat_private.owes_a_result(self._turns.parts.aggregators):
            self._give_later()

    def _is_busy(self) -> bool:
        answer = self._turns.response_deadline.answer
        waits = answer.waits and not self._own
        return waits or self._turns.speaking.agent or answer.tools.of_turn > 0

    def _holds(self, *, written: bool) -> bool:
        return self.is_over_answer or (written and self._turns.muted)

    def _give_later(self) -> None:
        if self._giving is None or self._giving.done():
            self._giving = self._tasks.begin("what the caller said meanwhile", self._give())

    async def _give(self) -> None:
        clock = asyncio.get_running_loop().time
        free = clock()
        while self._is_waiting() and not self._turns.is_over():
            if self._is_busy() or self._turns.muted or self._turns.speaking.caller:
                free = clock()
            elif not self._answer_is_open() or clock() - free > _OPEN_SECONDS:
                self._turns.response_deadline.owed()
                self.owed()
                await self._worker.queue_frame(GiveHeldWordsFrame([], run_llm=True))
                return
            await asyncio.sleep(_POLL_SECONDS)

    def _is_waiting(self) -> bool:
        words = self._held is not None and self._held.waiting
        return words or pipecat_private.owes_a_result(self._turns.parts.aggregators)

    def _answer_is_open(self) -> bool:
        return pipecat_private.has_open_answer(self._turns.parts.aggregators)
