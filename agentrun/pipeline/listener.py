"""What a pipeline tells its session."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from agentrun.tools.outcome import Outcome
from agentrun.tools.tool import Tool


class SessionListener(Protocol):
    """Told about the tool calls of a session, and about audio that no one has transcribed."""

    def tool_started(self, tool: Tool) -> None:
        """The model has called ``tool``."""

    def tool_ended(self, tool: Tool, arguments: Mapping[str, Any], outcome: Outcome) -> None:
        """The call is over, whatever ended it."""

    def heard_audio(self, message: dict[str, Any], wav: bytes) -> None:
        """The model was given ``wav``, the caller's words, in ``message`` of its context."""
