"""What a pipeline tells its session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from pipecat.frames.frames import ErrorFrame

from agentrun.tools.outcome import Outcome
from agentrun.tools.tool import Tool


class SessionListener(Protocol):
    """Told about a session's tool calls, audio that no one has transcribed, and services that take over."""

    def tool_started(self, tool: Tool) -> None:
        """The model has called ``tool``."""

    def tool_ended(self, tool: Tool, arguments: Mapping[str, Any], outcome: Outcome) -> None:
        """The call is over, whatever ended it."""

    def heard_audio(self, message: dict[str, Any], wav: bytes) -> None:
        """The model was given ``wav``, the caller's words, in ``message`` of its context."""

    def taken_over(self, part: str, by: str, instead_of: str, error: ErrorFrame | None) -> None:
        """The service ``by`` goes on as ``part``; without an ``error`` it is one that works again."""
