"""Admits calls and counts them, for every route that starts a call."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from agentrun import caller_numbers
from agentrun.plan.plan import Plan
from agentrun.server.admission.limits import (
    AUTO,
    RETRY_SECONDS,
    Bound,
    Kind,
    Limits,
    NotAdmittedError,
    Refusal,
)
from agentrun.server.shared_state.backend import Asked, Place, Released, Renamed, Up
from agentrun.server.shared_state.state import SharedState
from agentrun.server.twilio.stream_tokens import LIFETIME_SECONDS

__all__ = ["AUTO", "Admission", "Bound", "Kind", "Limits", "NotAdmittedError", "Refusal"]
MARGIN_SECONDS = 1.0
"""How long an expected call keeps its slot; longer than the life of its token."""
LOOK_SECONDS = 0.5
EXPECTED_SECONDS = 5.0
"""Twilio opens its stream within a second or so of the webhook; who waits for it waits no longer."""


class Admission:
    """Admits calls, and keeps a slot for each until it is over.

    The ``state`` decides and counts in one step, so a burst gets exactly as many places as there are, over
    all that share it. ``clock`` is in seconds, ``now`` the time of day. ``capacity`` is how many calls are
    held at once, which is asked where a limit is ``auto``.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        state: SharedState | None = None,
        capacity: Callable[[], int] | None = None,
    ) -> None:
        self.capacity = capacity
        self.stopped = False
        """Whether no more calls are admitted."""
        self.leaving = False
        """Whether the server is about to stop; calls are still admitted until load balancers have noticed."""
        self.carries: int | None = None
        """How many calls this process can carry, whatever the limits; None for any number."""
        self.live: Callable[[], int] = int
        """How many calls are in progress in this process."""
        self.state = state or SharedState(clock=clock)
        self._limits = limits or Limits()
        self._clock = clock
        self._now = now
        self._stopped_at = math.inf
        self._asked: dict[tuple[str, str], float] = {}
        """Until when a call is expected here."""
        self._looked, self._looking = float("-inf"), asyncio.Lock()
        self._watchers: list[Callable[[str, Kind], None]] = []

    def on_refusal(self, watcher: Callable[[str, Kind], None]) -> None:
        """Call ``watcher`` for every call that is not admitted, with its agent and the reason."""
        self._watchers.append(watcher)

    async def ask(
        self, plan: Plan, call_id: str, caller: str | None = None, *, seconds: float = LIFETIME_SECONDS
    ) -> Refusal | None:
        """Reserve a slot; None if the call has one, which it loses unless it is up within ``seconds``.

        ``caller`` is what a telephone's network says of who calls, also that the number is hidden; None where
        there is no telephone. Hidden callers are not counted as one.
        Asking again for the same call takes no second place: Twilio repeats a webhook that got no answer.
        """
        spec = plan.spec
        if caller is not None and not spec.callers.admit(caller):
            return self._note_refusal(plan, Refusal("blocked", "this number is not answered here"))
        if spec.hours and not self.stopped and not spec.hours.is_open(self._now()):
            wait = spec.hours.seconds_until_open(self._now())
            return self._note_refusal(plan, Refusal("closed", f"agent '{spec.name}' is closed now", wait))
        return await self._take(plan, call_id, caller_numbers.of(caller), seconds, EXPECTED_SECONDS)

    def stop(self) -> None:
        """Admit no more calls."""
        if not self.stopped:
            self.stopped, self._stopped_at = True, self._clock()

    @property
    def awaits_nobody(self) -> bool:
        """Whether no call was let in for so long that every stream is another machine's as well.

        A call that the agent has placed is waited for as long as it may ring: no other machine need be there.
        """
        return self._clock() - self._stopped_at >= EXPECTED_SECONDS and not self.expected

    async def look_elsewhere(self) -> None:
        """Where this machine seems full, leave out the calls that it let in and whose streams others got."""
        # of callers who come at once all wait for the one look
        async with self._looking:
            if self.is_full and self._clock() - self._looked >= LOOK_SECONDS:
                for agent, call_id in await self.state.elsewhere():
                    self.forget(agent, call_id)
                self._looked = self._clock()

    async def take(
        self, plan: Plan, call_id: str, called: str, *, seconds: float = LIFETIME_SECONDS
    ) -> Refusal | None:
        """Like ``ask``, but by number only: for outbound calls to ``called``.

        Such a call is expected here for all of its ``seconds``: it rings first.
        """
        return await self._take(plan, call_id, called, seconds, seconds)

    async def _take(
        self, plan: Plan, call_id: str, caller: str, seconds: float, expected: float
    ) -> Refusal | None:
        await self.look_elsewhere()
        if self.stopped:
            return self._note_refusal(plan, Refusal("stopping", "the server is stopping", RETRY_SECONDS))
        if self._carries_all and self.state.own.place(plan.spec.name, call_id) is None:
            return self._note_refusal(plan, Refusal("full", "this machine is full", RETRY_SECONDS))
        agent, own = plan.spec.name, plan.spec.limits
        bounds = Limits(own.calls, own.calls_per_caller, own.calls_per_minute)
        lasts, wants_room = seconds + MARGIN_SECONDS, own.calls == AUTO
        if self._is_crowded(agent, call_id, wanted=wants_room):
            return self._note_refusal(plan, Refusal("busy", "every line is taken", RETRY_SECONDS))
        of_server = self._of_server(wants_room and not self.state.is_over_machines)
        refusal = await self.state.ask(Asked(agent, call_id, caller, lasts, bounds, of_server))
        if refusal:
            return self._note_refusal(plan, refusal)
        self._asked[agent, call_id] = self._clock() + expected
        return None

    def _is_crowded(self, agent: str, call_id: str, *, wanted: bool) -> bool:
        """Whether this machine holds no more: what it holds is not counted over all machines."""
        asked = wanted or self._limits.calls == AUTO
        if not asked or not self.state.is_over_machines or self.capacity is None:
            return False
        return self.state.own.place(agent, call_id) is None and self.state.own.held >= self.capacity()

    def _of_server(self, wanted: bool) -> Limits:
        """The server's limits, with what it holds at this moment where that is ``wanted``."""
        if self._limits.calls != AUTO and not wanted:
            return self._limits
        if self.state.is_over_machines:
            return replace(self._limits, calls=None)
        fixed = self._limits.calls if isinstance(self._limits.calls, int) else math.inf
        capacity = self.capacity() if self.capacity else math.inf
        least = min(fixed, capacity)
        return replace(self._limits, calls=None if least == math.inf else int(least))

    def _note_refusal(self, plan: Plan, refusal: Refusal) -> Refusal:
        for watcher in self._watchers:
            watcher(plan.spec.name, refusal.kind)
        return refusal

    def begin(self, agent: str, call_id: str, *, elsewhere: str | None = None) -> None:
        """The call is up here: its slot lasts until ``release``. A call without a slot takes none.

        A call that another process may have let in comes with its caller's number: ``elsewhere``.
        """
        self._asked.pop((agent, call_id), None)
        place = self.state.own.place(agent, call_id)
        if place is None and elsewhere is not None:
            place = Place(agent, call_id, caller_numbers.of(elsewhere))
        if place:
            self.state.change(Up(place))

    async def extend(self, agent: str, call_id: str, seconds: float) -> None:
        """The call is up elsewhere: its slot lasts ``seconds`` from now, or until ``release``.

        A call that has lost its place meanwhile gets one, whatever the limits.
        """
        self._asked.pop((agent, call_id), None)
        place = self.state.own.place(agent, call_id)
        await self.state.ask(Asked(agent, call_id, place.caller if place else "", seconds))

    def rename(self, agent: str, old: str, new: str) -> None:
        """A call has received its id, which an outbound call does not have at first."""
        if until := self._asked.pop((agent, old), None):
            self._asked[agent, new] = until
        self.state.change(Renamed(agent, old, new))

    def release(self, agent: str, call_id: str) -> None:
        """Free the slot of a call that is over, or never began."""
        self._asked.pop((agent, call_id), None)
        self.state.change(Released(agent, call_id))

    def forget(self, agent: str, call_id: str) -> None:
        """Another process has the call and its slot."""
        self._asked.pop((agent, call_id), None)
        self.state.own.forget(agent, call_id)

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
        """How many slots this process knows to be taken."""
        return self.state.own.held

    @property
    def expected(self) -> int:
        """Calls that this process let in a moment ago, or that ring, and that are not up here yet."""
        now = self._clock()
        self._asked = {call: until for call, until in self._asked.items() if until > now}
        return len(self._asked)
