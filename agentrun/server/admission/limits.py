"""Limits on the number of calls, and the reasons for rejecting one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from agentrun.errors import AgentRunError

MINUTE = 60.0
RETRY_SECONDS = 30.0
"""When to retry if a call has to end first, in seconds."""
Kind = Literal["stopping", "full", "blocked", "closed", "busy", "caller", "minute"]


AUTO: Literal["auto"] = "auto"
"""As many calls as the server holds: see ``load``."""
Bound = int | Literal["auto"] | None


@dataclass(frozen=True)
class Limits:
    """How many calls an agent or a server accepts; None for any number, ``auto`` for what it can carry."""

    calls: Bound = None
    calls_per_caller: int | None = None
    calls_per_minute: int | None = None

    @property
    def any(self) -> bool:
        """Whether there is any limit."""
        return (self.calls, self.calls_per_caller, self.calls_per_minute) != (None, None, None)

    def share(self, machines: int) -> Limits:
        """The share of one of ``machines`` machines that decides alone, at least one of each.

        >>> Limits(calls=7, calls_per_minute=1).share(2)
        Limits(calls=3, calls_per_caller=None, calls_per_minute=1)
        """
        parts = (self.calls, self.calls_per_caller, self.calls_per_minute)
        divided = (max(1, part // machines) if isinstance(part, int) else None for part in parts)
        return Limits(*divided)


@dataclass(frozen=True)
class Refusal:
    """Why a call is not answered, and after how many seconds it may be tried again (0: never)."""

    kind: Kind
    message: str
    retry_after: float = 0.0


@dataclass(frozen=True)
class Taken:
    """What is used of limits: places, the caller's own, calls begun within a minute, the oldest's age."""

    calls: int = 0
    of_caller: int = 0
    begun: int = 0
    oldest: float = 0.0

    def refusal(self, limits: Limits) -> Refusal | None:
        """Why another call can't be admitted; None if it can.

        >>> Taken(calls=2).refusal(Limits(calls=2)).kind
        'busy'
        """
        if isinstance(limits.calls, int) and self.calls >= limits.calls:
            return Refusal("busy", "every line is taken", RETRY_SECONDS)
        if limits.calls_per_caller is not None and self.of_caller >= limits.calls_per_caller:
            return Refusal("caller", "this caller is on the line already", RETRY_SECONDS)
        if limits.calls_per_minute is not None and self.begun >= limits.calls_per_minute:
            return Refusal("minute", "too many calls in this minute", max(0.0, MINUTE - self.oldest))
        return None


class NotAdmittedError(AgentRunError):
    """A call that is not admitted; ``refusal`` says why."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.message)
