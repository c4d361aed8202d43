"""Writes the transcript and tool calls into the call's record."""

from __future__ import annotations

import asyncio
from bisect import insort
from collections.abc import Callable, Mapping
from typing import Any, Literal

from pipecat.processors.aggregators.llm_response_universal import (
    AssistantTurnStoppedMessage,
    UserTurnMessageAddedMessage,
)

from agentrun.pipeline.audio.heard_answers import HeardAnswer, HeardAnswers
from agentrun.pipeline.pipecat_private import session_events
from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.pipeline.turns import noise_transcripts
from agentrun.records import CallRecord, CutBy, Dropped, Entry, Failover
from agentrun.tools.results.outcome import Outcome
from agentrun.tools.tool import Tool

MOST_DROPPED = 200
"""Of one call; a line that makes noise all the time makes no record without end."""
LONGEST_DROPPED = 4_000
"""Characters."""


class Transcript:
    """Writes the transcript of one call; ``clock`` returns the seconds since the call began."""

    def __init__(self, record: CallRecord, clock: Callable[[], float]) -> None:
        self._record = record
        self._clock = clock
        self._caller_started: float | None = None
        self._agent_started: float | None = None
        self._answers: HeardAnswers | None = None
        self._parts: PipelineParts | None = None
        self.on_caller: Callable[[], None] | None = None
        """Called with transcribed words of the caller."""
        self.on_noise: Callable[[], None] | None = None
        """Told of a transcript that was noise, and is not, and of one that will not come."""
        self.on_agent: Callable[[], None] | None = None
        """Called with words of the agent that the caller has heard."""

    def listen(self, parts: PipelineParts) -> None:
        """Listen to the caller's transcripts, and to the agent's words as far as they were heard."""
        self._parts = parts
        caller, assistant = parts.aggregators.user(), parts.aggregators.assistant()
        caller.add_event_handler("on_user_turn_started", self._caller_begins)
        caller.add_event_handler("on_user_turn_message_added", self._caller_spoke)
        if parts.playout:
            self._answers = HeardAnswers(assistant, parts.playout, self._heard)
        else:
            assistant.add_event_handler("on_assistant_turn_stopped", self._wrote)

    def hang_up(self, ago: float = 0.0) -> None:
        """The caller left ``ago`` seconds ago; what happens after that is not part of the call."""
        self._record.hang_up(ago)
        if self._answers:
            self._answers.cut("hang-up")

    def close(self) -> None:
        """At the end of the call, record what was heard of an unfinished answer."""
        if self._answers:
            self._answers.close()

    @property
    def now(self) -> float:
        """Seconds since the call began."""
        return self._clock()

    @property
    def caller_began(self) -> float:
        """When the caller's last turn began, in seconds since the call did."""
        return self._clock() if self._caller_started is None else self._caller_started

    def agent_speaks(self) -> None:
        """The agent's first sound of an answer, or its first written word."""
        if self._agent_started is None:
            self._agent_started = self._clock()

    def caller(self, words: str, at: float) -> None:
        """Words of the caller that were transcribed later, by a service outside the pipeline.

        Without ``words`` there were none, or none will come.
        """
        if not words and self.on_noise:
            self.on_noise()
        if words and not self._is_noise(words):
            self._add(Entry(at, "caller", words))

    def written(self, words: str) -> None:
        """What the caller has written."""
        self._add(Entry(self._clock(), "caller", words))

    def pressed(self, keys: str, words: str, at: float) -> None:
        """The caller has pressed ``keys`` at ``at`` seconds, which stand for ``words``."""
        self._add(Entry(at, "caller", words, keys=keys))

    def say(self, text: str, at: float) -> None:
        """Words of the agent that did not come from a language model, begun at ``at`` seconds."""
        self._add(Entry(at, "agent", text))

    def error(self, why: str) -> None:
        """Something went wrong."""
        self._record.errors.append(why)

    def step_failed(self, why: str) -> None:
        """A step of a flow could not be taken."""
        self._record.failed_steps.append(why)
        self.error(why)

    def dropped(self, who: Literal["caller", "agent"], text: str, why: str) -> None:
        """Text that is not part of the conversation: noise, or text that can't be spoken."""
        if len(self._record.dropped) < MOST_DROPPED:
            self._record.dropped.append(Dropped(self._clock(), who, text[:LONGEST_DROPPED], why))

    def _is_noise(self, words: str) -> bool:
        """Whether a transcript that the model was not given is noise, which the record says elsewhere."""
        why = noise_transcripts.reason(words, "", noise_transcripts.Evidence())
        if why:
            self.dropped("caller", words, why)
            if self.on_noise:
                self.on_noise()
        return bool(why)

    def failed_over(self, part: str, by: str, instead_of: str, error: str) -> None:
        """Another service goes on."""
        self._record.failovers.append(Failover(self._clock(), part, by, instead_of, error))
        if error:
            self._record.errors.append(error)

    def tool(self, tool: Tool, arguments: Mapping[str, Any], outcome: Outcome) -> None:
        """A finished tool call; of one that the end of the call stopped, what was within the call."""
        record = self._record
        at = record.offset(record.clock() - outcome.seconds)
        self._add(
            Entry(
                at,
                "tool",
                outcome.text,
                name=tool.name,
                arguments=dict(arguments) if isinstance(arguments, Mapping) else {},
                status=outcome.status,
                seconds=round(min(outcome.seconds, record.elapsed() - at), 3),
            )
        )

    async def _caller_begins(self, *_: Any) -> None:
        self._caller_started = self._clock()

    def _told_late(self, message: str) -> list[tuple[float, str]]:
        """When the caller said the parts of what a realtime server has written down now, be it turns ago."""
        llm = self._parts and self._parts.llm
        events = session_events(llm) if llm else None
        ahead = asyncio.get_running_loop().time() - self._clock()
        written = events.caller_items.take(message) if events else []
        return [(max(0.0, began - ahead), words) for began, words in written]

    async def _caller_spoke(self, _aggregator: Any, message: UserTurnMessageAddedMessage) -> None:
        at = self.caller_began
        told_apart = self._parts is not None and self._parts.stt is None
        for began, words in self._told_late(message.content) or [(at, message.content)]:
            if words and not (told_apart and self._is_noise(words)):
                self._add(Entry(began, "caller", words))

    def _heard(self, answer: HeardAnswer) -> None:
        self._answered(self._record.offset(answer.began), answer.words, answer.cut_by)

    async def _wrote(self, _aggregator: Any, message: AssistantTurnStoppedMessage) -> None:
        """An answer in writing: what has been written was read."""
        at, self._agent_started = self._agent_started, None
        if message.content:
            began = self._clock() if at is None else at
            self._answered(began, message.content, "caller" if message.interrupted else "")

    def _answered(self, at: float, written: str, by: CutBy) -> None:
        """An answer as the model wrote it, which the record has as it was said."""
        words = (self._parts.text.said(written) if self._parts else "") or written
        original = "" if words == written else written
        self._add(Entry(at, "agent", words, interrupted=bool(by), cut_by=by, written=original))
        if self.on_agent:
            self.on_agent()

    def _add(self, entry: Entry) -> None:
        """A realtime model's transcript of the caller may come after the answer to it."""
        insort(self._record.transcript, entry, key=lambda other: other.at)
        if entry.who == "caller" and self.on_caller:
            self.on_caller()
