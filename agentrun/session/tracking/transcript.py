"""Writes what is said and done into the call's record."""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Mapping
from typing import Any, Literal

from pipecat.processors.aggregators.llm_response_universal import (
    AssistantTurnStoppedMessage,
    UserTurnMessageAddedMessage,
)

from agentrun.pipeline.pipeline_parts import PipelineParts
from agentrun.pipeline.turns import noise_transcripts
from agentrun.records import CallRecord, Dropped, Entry, Takeover
from agentrun.tools.outcome import Outcome
from agentrun.tools.tool import Tool

MOST_DROPPED = 200
"""Of one call; a line that makes noise all the time makes no record without end."""
LONGEST_DROPPED = 4_000
"""Characters."""


class Transcript:
    """``clock`` gives the seconds since the call began."""

    def __init__(self, record: CallRecord, clock: Callable[[], float]) -> None:
        self._record = record
        self._clock = clock
        self._caller_started = 0.0
        self._agent_started = 0.0

    def listen(self, parts: PipelineParts) -> None:
        """Take both sides' words from the aggregators; of an answer that was cut, what was heard.

        A cascade tells of the sentences that were played to their end, a realtime model of all that it made.
        """
        aggregators = parts.aggregators

        async def caller_started(*_: Any) -> None:
            self._caller_started = self._clock()

        async def caller(_aggregator: Any, message: UserTurnMessageAddedMessage) -> None:
            if message.content and not (parts.stt is None and self._is_noise(message.content)):
                self._add(Entry(self._caller_started or self._clock(), "caller", message.content))

        async def agent(_aggregator: Any, message: AssistantTurnStoppedMessage) -> None:
            words, at = message.content, self._agent_started or self._clock()
            cut = parts.playout.take_cut() if message.interrupted and parts.playout else None
            if cut:
                at = round(self._clock() - cut.ago, 3)
                words = max(words, cut.words, key=len) if parts.tts else cut.words
            if words:
                spoken = parts.text.said(words)
                written = words if spoken != words else ""
                self._add(
                    Entry(at, "agent", spoken or words, interrupted=message.interrupted, written=written)
                )

        aggregators.user().add_event_handler("on_user_turn_started", caller_started)
        aggregators.user().add_event_handler("on_user_turn_message_added", caller)
        aggregators.assistant().add_event_handler("on_assistant_turn_stopped", agent)

    @property
    def now(self) -> float:
        """Seconds since the call began."""
        return self._clock()

    def agent_speaks(self) -> None:
        """The agent's first sound of an answer."""
        self._agent_started = self._clock()

    def caller(self, words: str, at: float) -> None:
        """Words of the caller that were written down later, by a service that was given the sound alone."""
        if not self._is_noise(words):
            self._add(Entry(at, "caller", words))

    def say(self, text: str) -> None:
        """Words of the agent that no language model made."""
        self._add(Entry(self._clock(), "agent", text))

    def dropped(self, who: Literal["caller", "agent"], text: str, why: str) -> None:
        """A text that is no part of the conversation: noise, or what can't be said."""
        if len(self._record.dropped) < MOST_DROPPED:
            self._record.dropped.append(Dropped(self._clock(), who, text[:LONGEST_DROPPED], why))

    def _is_noise(self, words: str) -> bool:
        """Whether a transcript that the model was not given is noise, which the record says elsewhere."""
        why = noise_transcripts.reason(words, "", noise_transcripts.Evidence())
        if why:
            self.dropped("caller", words, why)
        return bool(why)

    def taken_over(self, part: str, by: str, instead_of: str, error: str) -> None:
        """Another service goes on."""
        self._record.takeovers.append(Takeover(self._clock(), part, by, instead_of, error))
        if error:
            self._record.errors.append(error)

    def tool(self, tool: Tool, arguments: Mapping[str, Any], outcome: Outcome) -> None:
        """A finished tool call."""
        self._add(
            Entry(
                round(self._clock() - outcome.seconds, 3),
                "tool",
                outcome.text,
                name=tool.name,
                arguments=dict(arguments) if isinstance(arguments, Mapping) else {},
                status=outcome.status,
                seconds=outcome.seconds,
            )
        )

    def _add(self, entry: Entry) -> None:
        """A realtime model's transcript of the caller may come after the answer to it."""
        insort(self._record.transcript, entry, key=lambda other: other.at)
