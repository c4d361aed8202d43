"""What the pipeline of a call reports while it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from loguru import logger
from pipecat.frames.frames import ErrorFrame

from agentrun.session.faults import described
from agentrun.session.latency import Latency
from agentrun.session.line import SessionLine
from agentrun.session.patience import Patience
from agentrun.session.side_transcript import SideTranscript
from agentrun.session.transcript import Transcript
from agentrun.tools.outcome import Outcome
from agentrun.tools.tool import Tool


@dataclass(frozen=True)
class Reports:
    """``pipeline.listener.SessionListener``: into the record, and to whoever waits for an answer."""

    call_id: str
    line: SessionLine
    transcript: Transcript
    side: SideTranscript
    patience: Patience
    latency: Latency
    is_over: Callable[[], bool]

    @property
    def over(self) -> bool:
        """Whether the call is ending: nobody waits for the model any more."""
        return self.is_over()

    def tool_started(self, tool: Tool) -> None:
        """A tool is at work: its own timeout counts now."""
        logger.debug("call {}: tool {} started", self.call_id, tool.name)
        self.patience.tool_started()
        self.latency.tool_started()

    def tool_ended(self, tool: Tool, arguments: Mapping[str, Any], outcome: Outcome) -> None:
        """A tool is done."""
        self.transcript.tool(tool, arguments, outcome)
        self.latency.tool_ended()
        self.patience.tool_ended(answered=outcome.status != "cancelled")

    def taken_over(self, part: str, by: str, instead_of: str, error: ErrorFrame | None) -> None:
        """Another service goes on: the answer is awaited anew."""
        logger.warning("call {}: {} goes on as {} instead of {}", self.call_id, by, part, instead_of)
        self.transcript.taken_over(part, by, instead_of, described(error) if error else "")
        self.patience.again()

    def heard_audio(self, message: dict[str, Any], wav: bytes) -> None:
        """The model hears for itself; the record is written beside it."""
        self.side.take(message, wav, self.transcript.now)
