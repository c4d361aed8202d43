"""The events that a pipeline reports to its session."""

from __future__ import annotations

from collections.abc import Collection, Coroutine, Mapping
from typing import Any, Literal, Protocol

from pipecat.frames.frames import ErrorFrame

from agentrun.tools.call_tools import CallTools
from agentrun.tools.results.outcome import Outcome
from agentrun.tools.tool import Tool

Next = Literal["model", "caller", "nobody"]
"""Who speaks next."""


class ToolLine(Protocol):
    """What a session does for the tools of its call; ``SessionCallControl`` implements it."""

    @property
    def tools(self) -> CallTools:
        """The tools of the call."""

    async def bridge(self, tool: Tool) -> None:
        """While ``tool`` runs, say its ``say`` and then ``prompts.wait``, until cancelled."""

    async def reassure(self) -> None:
        """Say ``prompts.wait`` at the end of a tool if the caller has heard nothing for long."""

    async def announce(self, text: str, *, remembered: bool) -> bool:
        """Say ``text`` and wait until it has been heard; it goes into the context if ``remembered``.

        Returns whether all of it was heard.
        """

    async def count_silence_anew(self) -> None:
        """Start over with the first of the idle stages, those of the current flow node."""

    async def heard(self) -> None:
        """Wait until the caller has heard everything that is being said."""


class SessionListener(Protocol):
    """Receives a pipeline's events: tool calls, flow steps, audio to transcribe, and failover."""

    @property
    def line(self) -> ToolLine:
        """What the session does for tools."""

    @property
    def over(self) -> bool:
        """Whether the call is ending, so that nobody waits for the model any more."""

    def tool_started(self, tool: Tool) -> int:
        """The model has called ``tool``; returns a number to pass to ``tool_ended``."""

    def tool_ended(self, work: int, tool: Tool, arguments: Mapping[str, Any], outcome: Outcome) -> None:
        """The tool call with the number ``work`` has ended, for whatever reason."""

    def way_began(self) -> int:
        """A flow has begun to move to a node, and runs its actions; returns a number for ``way_ended``."""

    def way_ended(self, way: int, following: Next) -> None:
        """The flow has arrived, and ``following`` speaks next; ``nobody`` if that is decided elsewhere."""

    async def tool_gave(self, tool: Tool, outcome: Outcome) -> None:
        """``tool`` is done; when this returns, the variables that it saves are in the prompts."""

    async def settled(self, names: Collection[str]) -> None:
        """Wait a moment for variables ``names`` that are being extracted from the caller's last words."""

    def heard_audio(self, message: dict[str, Any], wav: bytes) -> None:
        """The model has been given ``wav``, the caller's words, in ``message`` of its context."""

    def step_failed(self, why: str) -> None:
        """A flow can't move to its next node, for the reason ``why``."""

    def unsaid(self, written: str, why: str) -> None:
        """Part of an answer will not be spoken, for the reason ``why``; the model wrote ``written``."""

    def not_heard(self, words: str, why: str) -> None:
        """The transcript ``words`` was dropped as noise, for the reason ``why``."""

    def last_words(self, seconds: float, words: Coroutine[Any, Any, str]) -> None:
        """The pipeline ends; ``words`` transcribes what the caller said last, within ``seconds``."""

    def noted(self, text: str) -> None:
        """An error that the call survives, for the record: ``kind: what happened``."""

    def failed_over(self, part: str, by: str, instead_of: str, error: ErrorFrame | None) -> None:
        """The service ``by`` took over as ``part``; without ``error``, it is one that works again."""
