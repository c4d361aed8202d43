"""Who is let in: decided, and counted, in one place for every route that starts a call."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from agentrun.errors import AgentRunError
from agentrun.plan import Plan
from agentrun.server.tokens import LIFETIME_SECONDS

MINUTE = 60.0
MARGIN_SECONDS = 1.0
"""A place outlives the token that was given with it."""
RETRY_SECONDS = 30.0
"""When to ask again for a place that some call must leave first."""
EXPECTED_SECONDS = 5.0
"""Twilio opens its stream within a second or so of the webhook; who waits for it waits no longer."""
Kind = Literal["stopping", "blocked", "closed", "busy", "caller", "minute"]


@dataclass(frozen=True)
class Limits:
    """How many calls a server takes, whatever its agents allow; None is any number."""

    calls: int | None = None
    calls_per_caller: int | None = None
    calls_per_minute: int | None = None


@dataclass(frozen=True)
class Refusal:
    """Why a call is not answered, and after how many seconds it may be tried again (0: never)."""

    kind: Kind
    message: str
    retry_after: float = 0.0


class NotAdmittedError(AgentRunError):
    """A call that there is no place for; ``refusal`` says why."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.message)


@dataclass
class Place:
    """One call that was let in; until it is up the place ends by itself at ``expires``."""

    agent: str
    caller: str
    asked: float
    expires: float | None


class Admission:
    """Lets calls in, and remembers each until it is over.

    Nothing waits between the decision and the count, so a burst gets exactly as many places as there are.
    ``clock`` is in seconds, ``now`` the time of day.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.stopped = False
        self._limits = limits or Limits()
        self._clock = clock
        self._now = now
        self._places: dict[tuple[str, str], Place] = {}
        self._begun: dict[str, deque[float]] = {}

    def ask(
        self, plan: Plan, call_id: str, caller: str | None = None, *, seconds: float = LIFETIME_SECONDS
    ) -> Refusal | None:
        """None when the call has a place, which it loses unless it is up within ``seconds``.

        ``caller`` is a telephone's number, empty when it is hidden, and None where there is no telephone.
        Asking again for the same call takes no second place: Twilio repeats a webhook that got no answer.
        """
        agent, spec = plan.spec.name, plan.spec
        if self.stopped:
            return Refusal("stopping", "the server is stopping", RETRY_SECONDS)
        if (agent, call_id) in self._places:
            return None
        if caller is not None and not spec.callers.admit(caller):
            return Refusal("blocked", "this number is not answered here")
        if spec.hours and not spec.hours.is_open(self._now()):
            wait = spec.hours.seconds_until_open(self._now())
            return Refusal("closed", f"agent '{agent}' is closed now", wait)
        return self.take(plan, call_id, caller or "", seconds=seconds)

    def take(
        self, plan: Plan, call_id: str, caller: str, *, seconds: float = LIFETIME_SECONDS
    ) -> Refusal | None:
        """As ``ask``, by number alone: for calls that the agent places, to ``caller``."""
        if self.stopped:
            return Refusal("stopping", "the server is stopping", RETRY_SECONDS)
        agent, now = plan.spec.name, self._clock()
        self._drop_expired(now)
        own = plan.spec.limits
        bounds = Limits(own.calls, own.calls_per_caller, own.calls_per_minute)
        refusal = self._full(agent, caller, bounds) or self._full("", caller, self._limits)
        if refusal:
            return refusal
        self._places[agent, call_id] = Place(agent, caller, now, now + seconds + MARGIN_SECONDS)
        for whose in (agent, ""):
            self._begun.setdefault(whose, deque()).append(now)
        return None

    def begin(self, agent: str, call_id: str) -> None:
        """The call is up: its place lasts until ``release``."""
        if place := self._places.get((agent, call_id)):
            place.expires = None

    def rename(self, agent: str, old: str, new: str) -> None:
        """A call has got its name, which a call that the agent places does not have before."""
        if place := self._places.pop((agent, old), None):
            self._places[agent, new] = place

    def release(self, agent: str, call_id: str) -> None:
        """The call is over, or never began."""
        self._places.pop((agent, call_id), None)

    @property
    def expected(self) -> int:
        """Calls that were let in a moment ago and are not up yet."""
        since = self._clock() - EXPECTED_SECONDS
        return sum(p.expires is not None and p.asked > since for p in self._places.values())

    def _full(self, agent: str, caller: str, bounds: Limits) -> Refusal | None:
        """What ``agent``, or the whole server where it is empty, has no room for."""
        held = [p for p in self._places.values() if agent in ("", p.agent)]
        if bounds.calls is not None and len(held) >= bounds.calls:
            return Refusal("busy", "every line is taken", RETRY_SECONDS)
        of_caller = sum(place.caller == caller for place in held) if caller else 0
        if bounds.calls_per_caller is not None and of_caller >= bounds.calls_per_caller:
            return Refusal("caller", "this caller is on the line already", RETRY_SECONDS)
        begun = self._begun.get(agent, deque())
        if bounds.calls_per_minute is not None and len(begun) >= bounds.calls_per_minute:
            return Refusal("minute", "too many calls in this minute", begun[0] + MINUTE - self._clock())
        return None

    def _drop_expired(self, now: float) -> None:
        for key in [key for key, p in self._places.items() if p.expires is not None and p.expires <= now]:
            del self._places[key]
        for begun in self._begun.values():
            while begun and begun[0] <= now - MINUTE:
                begun.popleft()
