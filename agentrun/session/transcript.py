"""Writes what is said and done into the call's record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipecat.processors.aggregators.llm_response_universal import (
    AssistantTurnStoppedMessage,
    LLMContextAggregatorPair,
    UserTurnMessageAddedMessage,
)

from agentrun.record import CallRecord, Entry
from agentrun.tools.outcome import Outcome
from agentrun.tools.tool import Tool


class Transcript:
    """``clock`` gives the seconds since the call began."""

    def __init__(self, record: CallRecord, clock: Callable[[], float]) -> None:
        self._record = record
        self._clock = clock

    def listen(self, aggregators: LLMContextAggregatorPair) -> None:
        """Take both sides' words from the aggregators."""

        async def caller(_aggregator: Any, message: UserTurnMessageAddedMessage) -> None:
            if message.content:
                self._add(Entry(self._clock(), "caller", message.content))

        async def agent(_aggregator: Any, message: AssistantTurnStoppedMessage) -> None:
            if message.content:
                entry = Entry(self._clock(), "agent", message.content, interrupted=message.interrupted)
                self._add(entry)

        aggregators.user().add_event_handler("on_user_turn_message_added", caller)
        aggregators.assistant().add_event_handler("on_assistant_turn_stopped", agent)

    def say(self, text: str) -> None:
        """Words of the agent that no language model made."""
        self._add(Entry(self._clock(), "agent", text))

    def tool(self, tool: Tool, arguments: dict[str, object], outcome: Outcome) -> None:
        """A finished tool call."""
        self._add(
            Entry(
                self._clock(),
                "tool",
                outcome.text,
                name=tool.name,
                arguments=arguments,
                status=outcome.status,
                seconds=outcome.seconds,
            )
        )

    def _add(self, entry: Entry) -> None:
        self._record.transcript.append(entry)
