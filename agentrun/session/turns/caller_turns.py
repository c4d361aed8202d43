"""Reports the caller's turns, spoken or keyed, to the rest of a session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pipecat.pipeline.worker import PipelineWorker

from agentrun.pipeline import context_size, pipecat_private
from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.pipeline.turns.strategies import words_mute
from agentrun.session.call_tasks import CallTasks
from agentrun.session.responses.idle_prompts import IdlePrompts
from agentrun.session.responses.response_deadline import ResponseDeadline
from agentrun.session.speech.who_is_speaking import WhoIsSpeaking
from agentrun.session.tracking.latency import Latency
from agentrun.session.tracking.transcript import Transcript
from agentrun.session.turns.held_turns import HeldTurns
from agentrun.session.turns.written_turns import WrittenTurns
from agentrun.session.variables.call_variables import CallVariables
from agentrun.spec.models.agent import AgentSpec
from agentrun.tools.call_tools import CallTools


@dataclass
class CallerTurns:
    """Reports each turn to the response deadline, the idle prompts, the variables and the tools.

    ``is_over`` says whether the call is about to end. ``muted`` is whether the caller is not listened to,
    ``keying`` whether they have pressed a key, and may press another one.
    """

    spec: AgentSpec
    parts: PipelineParts
    speaking: WhoIsSpeaking
    response_deadline: ResponseDeadline
    idle: IdlePrompts
    variables: CallVariables
    tools: CallTools
    is_over: Callable[[], bool]
    muted: bool = field(default=False, init=False)
    keying: bool = field(default=False, init=False)
    _keyed: bool = field(default=False, init=False)
    _latency: Latency | None = field(default=None, init=False)
    held: HeldTurns = field(init=False)

    def listen(
        self, worker: PipelineWorker, transcript: Transcript, latency: Latency, tasks: CallTasks
    ) -> None:
        """Listen to the events of the user aggregator, and to messages from a page.

        A turn that can't be followed, as ``tasks`` note, is answered all the same, or the caller is told.
        """
        self.held = HeldTurns(self, worker, tasks)
        WrittenTurns(worker, self, transcript)
        self._latency = latency
        transcript.on_agent = self.tools.agent_heard
        caller = self.parts.aggregators.user()
        for event, part, handler in (
            ("on_user_turn_started", "the beginning of a turn", self._started),
            ("on_user_turn_stopped", "the end of a turn", self._stopped),
            ("on_user_turn_idle", "the caller's silence", self._silent),
        ):
            caller.add_event_handler(event, tasks.guarded(part, handler, self._not_followed))
        caller.add_event_handler("on_user_mute_started", self._mute_started)
        caller.add_event_handler("on_user_mute_stopped", self._mute_stopped)

    def stop_listening(self) -> None:
        """Ignore the caller from now on, while the agent says its last words and ends the call."""
        words_mute(self.parts.aggregators.user()).for_good = True

    def stop_interrupting(self) -> None:
        """From now on the caller can't interrupt and is not answered; their words are still recorded.

        Pipecat drops interruptions of every kind where nobody listens, those of the agent itself too.
        """
        pipecat_private.suspend_interruptions(self.parts.aggregators.user(), self, True)

    async def input_begins(self) -> None:
        """The first key of an entry."""
        self.keying = True
        await self.idle.caller_spoke()

    async def input_ends(self, *, answered: bool) -> None:
        """An entry is complete; ``answered`` says whether the agent responds to it now."""
        self.keying = False
        if not self.speaking.caller:
            self.response_deadline.caller_stops()
        context_size.trim(self.parts.context, self.spec)
        self._spoke()
        self._keyed = answered
        if answered:
            if self._latency and not self.speaking.caller:
                self._latency.asked()
            self._owed(known=True)
        else:
            await self.idle.restart()

    async def _started(self, *_: Any) -> None:
        self.speaking.caller, self._keyed = True, False
        self.held.began()
        self.response_deadline.turn_begins(interrupts=self.held.may_interrupt)
        await self.idle.caller_spoke()

    async def _stopped(self, _aggregator: Any, _strategy: Any, message: Any) -> None:
        self.speaking.caller = False
        self.response_deadline.caller_stops()
        if self.parts.stt is None and not message.content:
            # words that come with the turn have been written down, and a cough in a cascade has none
            self.variables.words_come()
        context_size.trim(self.parts.context, self.spec)
        if message.content or self.parts.stt is None:
            self._spoke()
            if self.response_deadline.turn.ends_answered():
                self.response_deadline.answer.silence.is_answered()
            else:
                self._owed()
        else:
            self.held.ended_without_words()

    def _owed(self, *, known: bool = False) -> None:
        """The caller waits for an answer, unless their words wait until another one has been heard."""
        if not self.held.is_over_answer:
            self.response_deadline.owed(known=known)
            self.held.owed()

    def _spoke(self) -> None:
        if self.speaking.agent:
            # it talks on, where it can't be interrupted: its words are heard, and come into the record later
            self.tools.agent_heard()
        self.tools.caller_spoke()

    async def _not_followed(self, _reason: str) -> None:
        """The model may answer nevertheless, and there is a deadline for it."""
        if not self.is_over() and not self.speaking.caller:
            self.response_deadline.owed()

    async def _silent(self, _aggregator: Any) -> None:
        """Pipecat's clock of the caller's silence knows of no keys."""
        waits = self.keying or (self._keyed and self.response_deadline.answer.waits)
        if not self.is_over() and not waits:
            await self.idle.caller_is_silent()

    async def _mute_started(self, *_: Any) -> None:
        self.muted = True

    async def _mute_stopped(self, *_: Any) -> None:
        self.muted = False
