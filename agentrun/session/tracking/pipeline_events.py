"""Reports to the session what happens in the call's pipeline."""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from loguru import logger
from pipecat.frames.frames import ErrorFrame

from agentrun.pipeline.session_listener import Next
from agentrun.session.call_control import SessionCallControl
from agentrun.session.responses.provider_faults import described
from agentrun.session.responses.response_deadline import ResponseDeadline
from agentrun.session.tracking.background_transcription import BackgroundTranscription
from agentrun.session.tracking.latency import Latency
from agentrun.session.tracking.transcript import Transcript
from agentrun.session.variables.call_variables import CallVariables
from agentrun.tools.results.outcome import Outcome
from agentrun.tools.tool import Tool

MOST_WORDS = 400
"""Of why a tool is not available."""


@dataclass(frozen=True)
class PipelineEvents:
    """Implements ``pipeline.session_listener.SessionListener``: updates the record and the deadline."""

    call_id: str
    line: SessionCallControl
    transcript: Transcript
    background_transcription: BackgroundTranscription
    response_deadline: ResponseDeadline
    latency: Latency
    is_over: Callable[[], bool]
    variables: CallVariables

    def __post_init__(self) -> None:
        self.line.tools.on_left_behind = self.tool_left_behind

    @property
    def over(self) -> bool:
        """Whether the call is ending: nobody waits for the model any more."""
        return self.is_over()

    def tool_started(self, tool: Tool) -> int:
        """A tool is at work: its own timeout counts now."""
        logger.debug("call {}: tool {} started", self.call_id, tool.name)
        self.latency.tool_started()
        return self.response_deadline.tool_started()

    def tool_ended(self, work: int, tool: Tool, arguments: Mapping[str, Any], outcome: Outcome) -> None:
        """A tool is done; the caller may have gone on to something else meanwhile."""
        self.transcript.tool(tool, arguments, outcome)
        if outcome.status == "refused" and outcome.detail:
            self.transcript.error(f"tool_unavailable: {tool.name}: {outcome.detail}"[:MOST_WORDS])
        if self.response_deadline.answer.tools.is_of_turn(work):
            self.latency.tool_ended()
        self.response_deadline.tool_ended(work, answered=outcome.status != "cancelled")

    def way_began(self) -> int:
        """A flow is on the way to a node: what it says and does there is bounded by itself."""
        return self.response_deadline.tool_started()

    def way_ended(self, way: int, following: Next) -> None:
        """It is there: an answer is due where the model speaks next."""
        self.response_deadline.tool_ended(way, answered=following == "model")
        if following == "caller" and self.response_deadline.answer.tools.is_of_turn(way):
            self.response_deadline.settled()

    async def tool_gave(self, tool: Tool, outcome: Outcome) -> None:
        """A tool's result gives variables their values."""
        await self.variables.tool_gave(tool, outcome)

    async def settled(self, names: Collection[str]) -> None:
        """Wait a moment for variables that are being read from the caller's last words."""
        await self.variables.settled(names)

    def tool_left_behind(self, tool: Tool) -> None:
        """A tool does not end although it is cancelled; ``/metrics`` counts it among the errors."""
        self.transcript.error(f"tool_left_behind: {tool.name} ({tool.origin}) ignores its cancellation")

    def noted(self, text: str) -> None:
        """Something went wrong that the call survives."""
        logger.info("call {}: {}", self.call_id, text)
        self.transcript.error(text)

    def failed_over(self, part: str, by: str, instead_of: str, error: ErrorFrame | None) -> None:
        """Another service goes on: the answer is awaited anew."""
        logger.warning("call {}: {} goes on as {} instead of {}", self.call_id, by, part, instead_of)
        self.transcript.failed_over(part, by, instead_of, described(error) if error else "")
        self.response_deadline.extend()

    def step_failed(self, why: str) -> None:
        """A flow can't go on to its next node."""
        logger.error("call {}: {}", self.call_id, why)
        self.transcript.step_failed(why)

    def unsaid(self, written: str, why: str) -> None:
        """The caller does not hear all of an answer."""
        logger.info("call {}: an answer was left out: {}", self.call_id, why)
        self.transcript.dropped("agent", written, why)

    def not_heard(self, words: str, why: str) -> None:
        """A transcript is not taken for the caller's words."""
        logger.info("call {}: a transcript was dropped: {}", self.call_id, why)
        self.transcript.dropped("caller", words, why)

    def heard_audio(self, message: dict[str, Any], wav: bytes) -> None:
        """The model hears for itself; the record is written beside it."""
        self.background_transcription.take(message, wav, self.transcript.now)

    def last_words(self, seconds: float, words: Coroutine[Any, Any, str]) -> None:
        """The call is over, and the caller's last words are still to be written down."""
        self.background_transcription.await_last(words, seconds, self.transcript.caller_began)
