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
    """What a session does for the tools of its call."""

    @property
    def tools(self) -> CallTools:
        """Runs them."""

    async def bridge(self, tool: Tool) -> None:
        """Speak while a tool is silent, its own words and then the spec's, until cancelled."""

    async def reassure(self) -> None:
        """Say the spec's words at the end of a tool where the caller has heard nothing for long."""

    async def announce(self, text: str, *, remembered: bool) -> bool:
        """Have ``text`` spoken, and wait until it has been heard; the model knows of it if ``remembered``.

        Whether nobody has interrupted it.
        """

    async def count_silence_anew(self) -> None:
        """Begin with what a silent caller hears first, as it is at the flow's node."""

    async def heard(self) -> None:
        """Wait until the caller has heard what is being said."""


class SessionListener(Protocol):
    """Told about a session's tool calls, audio that no one has transcribed, and services that take over."""

    @property
    def line(self) -> ToolLine:
        """Runs the tools, and speaks while they work."""

    @property
    def over(self) -> bool:
        """Whether the call is ending: nobody waits for the model any more."""

    def tool_started(self, tool: Tool) -> int:
        """The model has called ``tool``; gives the number by which its end is told."""

    def tool_ended(self, work: int, tool: Tool, arguments: Mapping[str, Any], outcome: Outcome) -> None:
        """The call with the number ``work`` is over, whatever ended it."""

    def way_began(self) -> int:
        """A flow is on the way to a node, and does what comes before it; gives the way's number."""

    def way_ended(self, way: int, following: Next) -> None:
        """It is there, and ``following`` speaks next; nobody where that has been decided elsewhere."""

    async def tool_gave(self, tool: Tool, outcome: Outcome) -> None:
        """A tool is done: what its result gives variables is in the prompts when this returns."""

    async def settled(self, names: Collection[str]) -> None:
        """Wait a moment for variables that are being read from the caller's last words."""

    def heard_audio(self, message: dict[str, Any], wav: bytes) -> None:
        """The model was given ``wav``, the caller's words, in ``message`` of its context."""

    def step_failed(self, why: str) -> None:
        """A flow can't go on to its next node."""

    def unsaid(self, written: str, why: str) -> None:
        """The caller does not hear all of an answer, which is ``written`` as the model had it."""

    def not_heard(self, words: str, why: str) -> None:
        """A transcript is not taken for the caller's words."""

    def last_words(self, seconds: float, words: Coroutine[Any, Any, str]) -> None:
        """The pipeline ends, and what the caller said last is to be written down within ``seconds``."""

    def noted(self, text: str) -> None:
        """Something went wrong that the call survives: a kind in one word, a colon, and what it was."""

    def failed_over(self, part: str, by: str, instead_of: str, error: ErrorFrame | None) -> None:
        """The service ``by`` goes on as ``part``; without an ``error`` it is one that works again."""
