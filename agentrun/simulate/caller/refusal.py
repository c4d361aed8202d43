"""The ways in which a call can fail to be answered."""

from __future__ import annotations

from agentrun.errors import AgentRunError


class RefusedError(AgentRunError):
    """The agent's server did not connect the call; ``heard`` is what a caller would have heard."""

    def __init__(self, message: str, heard: str, hint: str = "") -> None:
        self.heard = heard
        super().__init__(message, hint)


class NoAnswerError(AgentRunError):
    """The agent was not heard in time."""


class CallOverError(AgentRunError):
    """The call ended while the caller was still waiting or speaking; ``ended_by`` says who ended it."""

    def __init__(self, message: str, ended_by: str) -> None:
        self.ended_by = ended_by
        super().__init__(message)
