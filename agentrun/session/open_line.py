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
    """Ends the call for a reason, once everything has been heard."""

    async def __call__(self, by: EndedBy, reason: str) -> None: ...


@dataclass(frozen=True)
class OpenLine:
    """Who speaks, waits and listens on it, what ends it, and what has another agent go on."""

    voice: Announcements
    response_deadline: ResponseDeadline
    idle: IdlePrompts
    nobody_speaks: Callable[[], bool]
    end: End
    keypad: DtmfKeys
    go_on_as: Callable[[str], Awaitable[None]]
