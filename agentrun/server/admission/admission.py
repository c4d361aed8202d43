"""Who is let in: decided, and counted, in one place for every route that starts a call."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal, Protocol

from agentrun.errors import AgentRunError
from agentrun.plan.plan import Plan
from agentrun.server.twilio.stream_tokens import LIFETIME_SECONDS

MINUTE = 60.0
MARGIN_SECONDS = 1.0
"""A place outlives the token that was given with it."""
RETRY_SECONDS = 30.0
"""When to ask again for a place that some call must leave first."""
EXPECTED_SECONDS = 5.0
"""Twilio opens its stream within a second or so of the webhook; who waits for it waits no longer."""
AUTO: Literal["auto"] = "auto"
"""As many calls as the server holds: see ``load``."""
Bound = int | Literal["auto"] | None
Kind = Literal["stopping", "full", "blocked", "closed", "busy", "caller", "minute"]


@dataclass(frozen=True)
class Limits:
    """How many calls a server takes, whatever its agents allow.

    None is any number, ``auto`` as many as it holds.
    """

    calls: Bound = None
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
class CallSlot:
    """One call that was let in; until it is up the place ends by itself at ``expires``.

    ``worker`` is the process that has the call, 0 until it is up.
    """

    agent: str
    call_id: str
    caller: str
    asked: float
    expires: float | None
    worker: int = 0


@dataclass
class SlotBook:
    """Who has a place, and when each agent's calls of the last minute began; the server's are under ''."""

    places: list[CallSlot] = field(default_factory=list)
    begun: dict[str, list[float]] = field(default_factory=dict)

    def find(self, agent: str, call_id: str) -> CallSlot | None:
        """The place of a call."""
        return next((p for p in self.places if (p.agent, p.call_id) == (agent, call_id)), None)

    def drop(self, now: float) -> None:
        """Forget what is over at ``now``."""
        self.places[:] = [p for p in self.places if p.expires is None or p.expires > now]
        self.begun = {who: [at for at in times if at > now - MINUTE] for who, times in self.begun.items()}


class Store(Protocol):
    """Keeps the book; nobody else reads or writes it while it is open."""

    def open(self) -> AbstractContextManager[SlotBook]: ...


class OwnStore:
    """The book of a process that shares it with nobody."""

    def __init__(self) -> None:
        self._book = SlotBook()

    @contextmanager
    def open(self) -> Iterator[SlotBook]:
        """The book."""
        yield self._book


class Admission:
    """Lets calls in, and remembers each until it is over.

    Nothing waits between the decision and the count, so a burst gets exactly as many places as there are.
    ``clock`` is in seconds, ``now`` the time of day. ``capacity`` is how many calls are held at once, which
    is asked where a limit is ``auto``.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        store: Store | None = None,
        capacity: Callable[[], int] | None = None,
    ) -> None:
        self.capacity = capacity
        self.stopped = self.leaving = False
        """``leaving`` lets calls in until whoever sends them has seen it; ``stopped`` does not."""
        self.carries: int | None = None
        self.live: Callable[[], int] = int
        """How many calls this process carries whatever the limits, None for any number; and are up in it."""
        self._limits = limits or Limits()
        self._clock = clock
        self._now = now
        self._store = store or OwnStore()
        self._watchers: list[Callable[[str, Kind], None]] = []

    def on_refusal(self, watcher: Callable[[str, Kind], None]) -> None:
        """Have ``watcher`` told of every call that is not let in: its agent, and why."""
        self._watchers.append(watcher)

    def ask(
        self, plan: Plan, call_id: str, caller: str | None = None, *, seconds: float = LIFETIME_SECONDS
    ) -> Refusal | None:
        """None when the call has a place, which it loses unless it is up within ``seconds``.

        ``caller`` is a telephone's number, empty when it is hidden, and None where there is no telephone.
        Asking again for the same call takes no second place: Twilio repeats a webhook that got no answer.
        """
        spec = plan.spec
        if caller is not None and not spec.callers.admit(caller):
            return self._told(plan, Refusal("blocked", "this number is not answered here"))
        if spec.hours and not self.stopped and not spec.hours.is_open(self._now()):
            wait = spec.hours.seconds_until_open(self._now())
            return self._told(plan, Refusal("closed", f"agent '{spec.name}' is closed now", wait))
        return self.take(plan, call_id, caller or "", seconds=seconds)

    def take(
        self, plan: Plan, call_id: str, caller: str, *, seconds: float = LIFETIME_SECONDS
    ) -> Refusal | None:
        """As ``ask``, by number alone: for calls that the agent places, to ``caller``."""
        if self.stopped:
            return self._told(plan, Refusal("stopping", "the server is stopping", RETRY_SECONDS))
        full = Refusal("full", "this machine is full", RETRY_SECONDS) if self._carries_all else None
        agent, own, now = plan.spec.name, plan.spec.limits, self._clock()
        expires = now + seconds + MARGIN_SECONDS
        bounds = Limits(own.calls, own.calls_per_caller, own.calls_per_minute)
        of_server = self._of_server(own.calls == AUTO)
        with self._store.open() as book:
            book.drop(now)
            if place := book.find(agent, call_id):
                place.expires = place.expires and expires
                return None
            refusal = full or _full(book, agent, caller, bounds, now)
            refusal = refusal or _full(book, "", caller, of_server, now)
            if refusal:
                return self._told(plan, refusal)
            book.places.append(CallSlot(agent, call_id, caller, now, expires))
            for whose in (agent, ""):
                book.begun.setdefault(whose, []).append(now)
        return None

    def _of_server(self, wanted: bool) -> Limits:
        """The server's limits, with what it holds at this moment where that is ``wanted``."""
        if self._limits.calls != AUTO and not wanted:
            return self._limits
        fixed = self._limits.calls if isinstance(self._limits.calls, int) else math.inf
        held = self.capacity() if self.capacity else math.inf
        least = min(fixed, held)
        return replace(self._limits, calls=None if least == math.inf else int(least))

    def _told(self, plan: Plan, refusal: Refusal) -> Refusal:
        for watcher in self._watchers:
            watcher(plan.spec.name, refusal.kind)
        return refusal

    def begin(self, agent: str, call_id: str) -> None:
        """The call is up: its place lasts until ``release``."""
        with self._store.open() as book:
            if place := book.find(agent, call_id):
                place.expires, place.worker = None, os.getpid()

    def rename(self, agent: str, old: str, new: str) -> None:
        """A call has got its name, which a call that the agent places does not have before."""
        with self._store.open() as book:
            if place := book.find(agent, old):
                place.call_id = new

    def release(self, agent: str, call_id: str) -> None:
        """The call is over, or never began."""
        with self._store.open() as book:
            book.places[:] = [p for p in book.places if (p.agent, p.call_id) != (agent, call_id)]

    @property
    def _carries_all(self) -> bool:
        return self.carries is not None and self.live() + self.expected >= self.carries

    @property
    def is_full(self) -> bool:
        """Whether there are as many calls as can be carried, those among them that are on their way."""
        measured = self.capacity() if self.capacity and self._limits.calls == AUTO else math.inf
        return self._carries_all or self.held >= measured

    @property
    def held(self) -> int:
        """How many places are taken."""
        with self._store.open() as book:
            book.drop(self._clock())
            return len(book.places)

    @property
    def expected(self) -> int:
        """Calls that were let in a moment ago and are not up yet."""
        since = self._clock() - EXPECTED_SECONDS
        with self._store.open() as book:
            return sum(p.expires is not None and p.asked > since for p in book.places)


def _full(book: SlotBook, agent: str, caller: str, bounds: Limits, now: float) -> Refusal | None:
    """What ``agent``, or the whole server where it is empty, has no room for."""
    held = [place for place in book.places if agent in ("", place.agent)]
    if isinstance(bounds.calls, int) and len(held) >= bounds.calls:
        return Refusal("busy", "every line is taken", RETRY_SECONDS)
    of_caller = sum(place.caller == caller for place in held) if caller else 0
    if bounds.calls_per_caller is not None and of_caller >= bounds.calls_per_caller:
        return Refusal("caller", "this caller is on the line already", RETRY_SECONDS)
    begun = book.begun.get(agent, [])
    if bounds.calls_per_minute is not None and len(begun) >= bounds.calls_per_minute:
        return Refusal("minute", "too many calls in this minute", begun[0] + MINUTE - now)
    return None
