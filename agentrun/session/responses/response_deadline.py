"""Enforces a deadline for every answer that is due, so that nobody waits in silence."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from agentrun.session import closing
from agentrun.session.responses.answer import Answer
from agentrun.session.responses.answer_state import AnswerState, Loss
from agentrun.session.responses.deadline_timer import DeadlineTimer
from agentrun.session.responses.realtime.told_turn import ToldTurn

APOLOGY_SECONDS = 1.5
"""Between the end of all tries and the first sound of the apology."""
Outcome = Callable[[AnswerState, str], Coroutine[Any, Any, None]]
"""Told of an answer that has stalled, is empty or has failed, and why."""


class ResponseDeadline:
    """Tells the state of an answer what happens, and ``on_outcome`` of one that went wrong.

    ``first`` and ``between`` are the seconds of silence before an answer begins and after it has begun;
    ``between`` is ``first`` where it isn't given. ``on_done`` is called when an answer was heard to its end.
    """

    def __init__(
        self,
        first: float,
        on_outcome: Outcome,
        between: float | None = None,
        on_done: Callable[[], None] = lambda: None,
    ) -> None:
        self.answer = Answer(first, first if between is None else between)
        self.turn = ToldTurn()
        self._on_outcome = on_outcome
        self._on_done = on_done
        self.on_patience: Callable[[bool], None] = lambda _patience: None
        """Told when the caller has waited in vain once, and spoken again, and when they hear the agent."""
        self._patience = self._hears_caller = False
        self._last = AnswerState.NONE
        self._timer = DeadlineTimer(lambda: self.answer.deadline, self._expire)
        self._outcomes: set[asyncio.Task[None]] = set()

    @property
    def state(self) -> AnswerState:
        """Where the answer stands."""
        return self.answer.state

    @property
    def tools(self) -> int:
        """How many tools are at work for the caller, whether or not an answer waits for them."""
        return self.answer.tools.all

    @property
    def answer_follows(self) -> bool:
        """Whether the caller's turn has cut off what they hear the rest of, be there words in it or not."""
        return self.tools > 0 or self.answer.cut_off

    def nobody_waits(self) -> bool:
        """Whether the caller neither speaks nor is owed anything, and no tool is at work."""
        return not (self.answer.waits or self.answer.caller_talks or self.tools or self._hears_caller)

    @property
    def silent_since(self) -> float:
        """Since when somebody waits who has heard nothing, on the loop's clock; now where nobody does."""
        return self.answer.silence.since if self.answer.waits else self._now()

    @property
    def has_time(self) -> bool:
        """Whether the caller may still wait for an answer."""
        return self._now() < self.answer.silence.limit

    @property
    def seconds_left(self) -> float:
        """How long the caller may hear nothing yet, for silence to end within ``first`` and 4 s."""
        return self.answer.silence.limit + APOLOGY_SECONDS - self._now()

    def owed(self, *, known: bool = False) -> None:
        """An answer is due, to what the model knows of or not; behind a noise it is when it was before."""
        cut, is_awaited = self.answer.silence.cut, self.state is AnswerState.AWAITED
        noise = self.turn.ends_as_noise(matters=is_awaited or cut is not None)
        if not (noise and is_awaited):
            # what a caller who wrote or pressed keys has waited for counts
            self._spoken_into()
            self.answer.owed(self._now())
            self.answer.is_known = known
            if noise and cut:
                self.answer.silence.go_on(cut)
        self._arm()

    def again(self) -> None:
        """The answer is tried once more, and is due soon."""
        self.answer.again(self._now())
        self._arm()

    def extend(self) -> None:
        """Another service goes on with the answer, if one is due."""
        self.answer.extend()
        self._arm()

    def reconnecting(self, *, unheard: bool = False) -> Loss:
        """A new connection to the model is made: what is lost with the old one.

        Of the caller's words some may have been ``unheard``. Nothing is due meanwhile but by the limit.
        """
        speaks = unheard or self.turn.is_unheard(voice=self._hears_caller)
        loss = Loss.WORDS if speaks else self.answer.loss
        if loss is not Loss.NOTHING:
            self.answer.lost(self._now())
            self._arm()
        return loss

    def reconnected(self, *, asked: bool) -> None:
        """There is a new one: it was ``asked`` for an answer, or owes the one that was due before."""
        answer = self.answer
        if self.state is AnswerState.LOST:
            answer.again(self._now())
        elif asked and not (answer.waits or answer.caller_talks):
            answer.owed(self._now())
        if asked:
            answer.extend()
        self._arm()

    def settled(self) -> None:
        """Nothing is expected any more."""
        self.answer.settled()
        self._arm()

    def words_promised(self) -> None:
        """The next words are a tool's, and not the answer."""
        self.answer.words_promised(self._now())
        self._arm()

    def note(self, *, speaking: bool, ago: float = 0.0) -> None:
        """The agent's first sound, or the last one, which was ``ago`` seconds ago."""
        was_awaited = self.state is AnswerState.AWAITED
        self.answer.sound(self._now() - (0.0 if speaking else ago), speaking=speaking)
        if was_awaited and self.state is AnswerState.SPEAKING:
            self.turn.is_made_up_for()
        self._arm()

    def voice_began(self) -> None:
        """The caller's voice is heard, be it the beginning of a turn or not."""
        self._hears_caller = True
        self.answer.silence.caller_began()
        if self.turn.voice_begins():
            self.caller_speaks()
        self._arm()

    def voice_ended(self, ago: float = 0.0) -> None:
        """The caller's voice was last heard ``ago`` seconds ago."""
        self._hears_caller = False
        self.answer.silence.caller_ended(self._now() - ago)
        if self.turn.voice_ends(self._now() - ago) and (cut := self.answer.silence.cut):
            self.answer.owed(self._now())
            self.answer.silence.go_on(cut)
        self._arm()

    def turn_begins(self, *, interrupts: bool = True) -> None:
        """A turn of the caller's is told of; one without their voice leaves owed what is owed."""
        cuts = interrupts and (self.answer.is_due or self.state.is_open)
        is_callers = self.turn.begins(self._now(), voice=self._hears_caller, cuts=cuts)
        if cuts and not is_callers:
            self.answer.dropped()
        self.caller_speaks(interrupts=is_callers and interrupts)

    def caller_speaks(self, *, interrupts: bool = True) -> None:
        """The caller has a turn, and cuts off what is owed or being said where it ``interrupts``."""
        if interrupts:
            self._spoken_into()
        self.answer.caller_speaks(interrupts=interrupts)
        self._arm()

    def caller_stops(self) -> None:
        """The caller's turn is over."""
        self.turn.stops(self._now())
        self.answer.caller_stops()
        self._arm()

    def tool_started(self) -> int:
        """A tool is at work: the number by which its end is told."""
        work = self.answer.tool_started(self._now())
        self._arm()
        return work

    def tool_ended(self, work: int, *, answered: bool = True) -> None:
        """The tool ``work`` is done: the model owes an answer, unless the tool was given up."""
        self.answer.tool_ended(work, self._now(), answered=answered)
        self._arm()

    def model_began(self) -> None:
        """The model is at an answer."""
        self.answer.model_began(self._now())
        self._arm()

    def answers_by_itself(self) -> None:
        """A model that finds the turns by itself begins to answer, be the caller's over here or not."""
        if self.turn.answer_begins():
            self.answer.owed(self._now())

    def model_made(self) -> None:
        """The model has made words, sound or the call of a tool."""
        self.answer.model_made(self._now())
        self._arm()

    def model_ended(self, reason: str, *, made: bool, certain: bool = False) -> None:
        """The model is at the end of an answer."""
        self.answer.model_ended(self._now(), reason, made=made, certain=certain)
        self._arm()

    def broke_off(self, reason: str) -> None:
        """The provider can't go on with an answer that has begun."""
        self.answer.broke_off(reason)
        self._arm()

    def delivered(self) -> None:
        """The end of the model's answer has come to the line."""
        self.answer.delivered(self._now())
        self._arm()

    async def close(self) -> None:
        """The call is over: returns when nothing is done about an answer any more."""
        self.settled()
        await closing.end(list(self._outcomes))

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _spoken_into(self) -> None:
        if self.state is AnswerState.AWAITED and not self.answer.tools.of_turn:
            self.answer.silence.spoken_into(self._now())

    def _arm(self) -> None:
        if self._patience is not self.answer.silence.is_patient:
            self._patience = self.answer.silence.is_patient
            self.on_patience(self._patience)
        last, self._last = self._last, self.answer.state
        if self._last is AnswerState.DONE and last is not AnswerState.DONE:
            self._on_done()
        self._timer.arm()

    def _expire(self, now: float) -> None:
        if (state := self.answer.expire(now)) is None:
            self._arm()
            return
        task = asyncio.get_running_loop().create_task(self._on_outcome(state, self.answer.reason))
        self._outcomes.add(task)
        task.add_done_callback(self._outcomes.discard)
