"""The parts of a call that its tools reach while it is up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from agentrun.records import EndedBy
from agentrun.session.responses.idle_prompts import IdlePrompts
from agentrun.session.responses.response_deadline import ResponseDeadline
from agentrun.session.speech.announcements import Announcements
from agentrun.session.speech.dtmf import DtmfKeys


class End(Protocol):
    """Ends the call with a reason, once everything has been heard."""

    async def __call__(self, by: EndedBy, reason: str) -> None: ...


@dataclass(frozen=True)
class OpenLine:
    """What speaks, waits and listens on the line, what ends the call, and what hands it off."""

    voice: Announcements
    response_deadline: ResponseDeadline
    idle: IdlePrompts
    nobody_speaks: Callable[[], bool]
    end: End
    keypad: DtmfKeys
    go_on_as: Callable[[str], Awaitable[None]]
