"""A connection: one caller on one line, ready for a pipeline."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pipecat.frames.frames import Frame
from pipecat.transports.base_transport import BaseTransport

from agentrun.call import Call
from agentrun.records.resumption import Resumption
from agentrun.transports.caller_audio import CallerAudio


class Control(Protocol):
    """What a telephone company does with a call in progress."""

    def mark(self) -> tuple[Frame, asyncio.Event]:
        """A frame for the transport's output, and what is set once everything before it has been heard."""

    async def speak(self, words: str, language: str) -> bool:
        """Have the company's own voice say ``words`` in ``language`` and end the call; whether it will."""

    brings_back: bool
    """Whether a caller whom nobody takes after a transfer may be brought back to the agent."""

    def let_go(self) -> None:
        """The call goes on elsewhere: the end of this connection is not its end."""

    async def transfer(self, to: str, words: str = "", language: str = "en") -> None:
        """Hand the caller to the number ``to``, after ``words`` in the company's own voice and ``language``.

        Raises ToolError when that can't be done.
        """


@dataclass(frozen=True)
class Connection:
    """What a transport hands to a session."""

    call: Call
    transport: BaseTransport
    """Pipecat's, not started yet."""
    sample_rate_in: int = 16_000
    """Hz of the caller's sound."""
    sample_rate_out: int = 24_000
    """Hz of the agent's."""
    rtvi: bool = False
    """Whether the far end is a page that reads RTVI messages."""
    written: bool = False
    """Whether the conversation is in writing, without any sound."""
    pace: float | None = None
    """Where it is: words a second that an answer takes; no time for None."""
    lost: tuple[str, ...] = ()
    """Events of the transport that mean that the line is gone, each with a reason."""
    hung_up: tuple[str, ...] = ()
    """Events of the transport that mean that the caller has hung up, whether they ever were on the line."""
    returns_within: float = 0.0
    """Seconds in which a caller who has left may come back: a lost network looks like a hang-up there."""
    control: Control | None = None
    """None where no telephone company is on the line."""
    keys: bool = False
    """Whether keys can be pressed without one."""
    why_lost: Callable[[], str] = str
    """Asked when the caller is gone: why the line broke off, or nothing for one who hung up."""
    caller_audio: CallerAudio | None = None
    """None where the caller's sound is no telephone's mu-law."""
    look_up: Any = None
    """What was begun to be looked up about the caller while it rang, if anything was."""
    earlier: Resumption | None = None
    """A call of another machine's that goes on here."""


def page_call(
    agent: str,
    environ: Mapping[str, str],
    offline: bool,
    call_id: str | None,
    parameters: Mapping[str, str] | None,
) -> Call:
    """The call of a page that talks to ``agent``; without a ``call_id`` it gets a new one."""
    return Call(
        call_id or uuid.uuid4().hex,
        agent,
        transport="local",
        parameters=parameters or {},
        environ=environ,
        offline=offline,
    )
