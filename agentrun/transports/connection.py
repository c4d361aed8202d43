"""A connection: one caller on one line, ready for a pipeline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
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

    def let_go(self) -> None:
        """The call goes on elsewhere: the end of this connection is not its end."""

    async def transfer(self, to: str, words: str = "", language: str = "en") -> None:
        """Hand the caller to the number ``to``, after ``words`` in the company's own voice and ``language``.

        Raises ToolError when that can't be done.
        """


@dataclass(frozen=True)
class Connection:
    """What a transport hands to a session.

    ``transport`` is Pipecat's, not started yet; ``sample_rate_in`` and ``sample_rate_out`` are in Hz;
    ``rtvi`` is true where the far end is a page that reads RTVI messages. ``written`` means that there is no
    sound, and an answer takes as long as ``pace`` words a second do, or no time. ``lost`` names the events of
    the transport that mean that the line is gone, each with a reason. ``control`` is None where no telephone
    company is on the line; ``keys`` is true where keys can be pressed all the same. ``why_lost`` is asked
    when the caller is gone: it gives why the line broke off, or nothing for one who hung up. ``caller_audio``
    is None where the caller's sound is no telephone's mu-law. ``look_up`` is what was begun to be looked up
    about the caller while it rang, None where nothing was. ``earlier`` is a call
    that goes on here, which another machine has had.
    """

    call: Call
    transport: BaseTransport
    sample_rate_in: int = 16_000
    sample_rate_out: int = 24_000
    rtvi: bool = False
    written: bool = False
    pace: float | None = None
    lost: tuple[str, ...] = ()
    control: Control | None = None
    keys: bool = False
    why_lost: Callable[[], str] = str
    caller_audio: CallerAudio | None = None
    look_up: Any = None
    earlier: Resumption | None = None
