"""The shared state of a process that shares it with nobody."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from agentrun.server.admission.limits import MINUTE, Refusal, Taken
from agentrun.server.shared_state.backend import (
    LEASE_SECONDS,
    Asked,
    CallName,
    Change,
    Heartbeat,
    Place,
    Process,
    Released,
    Renamed,
    Up,
)

MOST_ANSWERED = 100_000
"""Calls that are known to have been answered, a hundred bytes each; the oldest are forgotten."""
MOST_USED = 100_000


@dataclass
class _Held:
    place: Place
    expires: float | None
    owner: str = ""
    told: bool = False
    """Whether the place is in the database too."""


class MemoryBackend:
    """As ``Backend``; ``clock`` is in seconds, and ``time_of_day`` in Unix seconds."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, time_of_day: Callable[[], float] = time.time
    ) -> None:
        self.url = ""
        self.placed, self.messages = None, None
        self._clock = clock
        self._time_of_day = time_of_day
        self._held: dict[tuple[str, str], _Held] = {}
        self._begun: dict[str, list[float]] = {}
        self._happened: dict[str, list[float]] = {}
        self._used: dict[str, float] = {}
        self._answered: dict[tuple[str, str], None] = {}
        self._processes: dict[str, tuple[Process, float]] = {}

    def ask(self, asked: Asked) -> Refusal | None:
        """As Backend."""
        if self._known(asked):
            return None
        for whose, limits in asked.scopes:
            if refusal := self._taken(whose, asked.caller).refusal(limits):
                return refusal
        self._hold(asked, told=False)
        return None

    def note(self, asked: Asked) -> None:
        """The call has got its place in the database."""
        if self._known(asked):
            self._held[asked.agent, asked.call_id].told = True
        else:
            self._hold(asked, told=True)

    def _hold(self, asked: Asked, *, told: bool) -> None:
        place, now = Place(asked.agent, asked.call_id, asked.caller), self._clock()
        self._held[asked.agent, asked.call_id] = _Held(place, now + asked.seconds, told=told)
        for whose in (asked.agent, ""):
            self._begun.setdefault(whose, []).append(now)

    def apply(self, changes: Sequence[Change], owner: str) -> None:
        """As Backend."""
        for change in changes:
            match change:
                case Up(place):
                    self._held[place.agent, place.call_id] = _Held(place, None, owner)
                case Renamed(agent, old, new) if held := self._held.pop((agent, old), None):
                    held.place = Place(agent, new, held.place.caller)
                    # a call that is up by its new name stays up
                    self._held.setdefault((agent, new), held)
                case Released(agent, call_id):
                    self._held.pop((agent, call_id), None)

    def beat(self, me: Process, up: Collection[Place]) -> Heartbeat:
        """As Backend."""
        now = self._clock()
        self._processes[me.id] = me, now + LEASE_SECONDS
        self._processes = {name: each for name, each in self._processes.items() if each[1] > now}
        kept = {(place.agent, place.call_id) for place in up}
        self._held = {
            key: held
            for key, held in self._held.items()
            if held.expires or (held.owner in self._processes and (held.owner != me.id or key in kept))
        }
        self.apply([Up(place) for place in up], me.id)
        self._drop()
        expected = sum(held.expires is not None for held in self._held.values())
        processes = tuple(process for process, _ in self._processes.values())
        return Heartbeat(self._time_of_day(), processes, len(self._held) - expected, expected)

    def up(self, owner: str) -> list[Place]:
        """The calls of ``owner`` that are up."""
        return [held.place for held in self._held.values() if held.expires is None and held.owner == owner]

    @property
    def expected(self) -> list[CallName]:
        """The calls that are not up and have a place in the database, as those of its absence don't."""
        self._drop()
        return [name for name, held in self._held.items() if held.expires is not None and held.told]

    @property
    def held(self) -> int:
        """How many places are taken."""
        self._drop()
        return len(self._held)

    def place(self, agent: str, call_id: str) -> Place | None:
        """The place of a call, or None."""
        held = self._held.get((agent, call_id))
        return held.place if held else None

    def elsewhere(self, owner: str, calls: Collection[CallName]) -> list[CallName]:
        """As Backend."""
        held = ((name, self._held.get(name)) for name in calls)
        return [name for name, each in held if not (each and (each.expires or each.owner == owner))]

    def forget(self, agent: str, call_id: str) -> None:
        """Another process has the place of this call: this one knows of it no more."""
        self._held.pop((agent, call_id), None)

    def leave(self, owner: str) -> None:
        """As Backend."""
        self._held = {key: held for key, held in self._held.items() if held.owner != owner}
        self._processes.pop(owner, None)

    def process(self, name: str) -> Process | None:
        """As Backend."""
        known = self._processes.get(name)
        return known[0] if known and known[1] > self._clock() else None

    def use(self, name: str, seconds: float) -> bool:
        """As Backend."""
        now = self._clock()
        self._used = {known: until for known, until in self._used.items() if until > now}
        if name in self._used:
            return False
        while len(self._used) >= MOST_USED:
            del self._used[next(iter(self._used))]
        self._used[name] = now + seconds
        return True

    def wait(self, what: str, per_minute: int) -> float:
        """As Backend."""
        now = self._clock()
        times = self._happened[what] = [at for at in self._happened.get(what, ()) if at > now - MINUTE]
        if len(times) >= per_minute:
            return times[0] + MINUTE - now
        times.append(now)
        return 0.0

    def has_answered(self, agent: str, call_id: str) -> bool:
        """As Backend."""
        return (agent, call_id) in self._answered

    def claim(self, agent: str, call_id: str) -> bool:
        """As Backend."""
        if (agent, call_id) in self._answered:
            return False
        self._answered[agent, call_id] = None
        while len(self._answered) > MOST_ANSWERED:
            del self._answered[next(iter(self._answered))]
        return True

    def forget_answer(self, agent: str, call_id: str) -> None:
        """As Backend."""
        self._answered.pop((agent, call_id), None)

    def close(self) -> None:
        """As Backend."""

    def _known(self, asked: Asked) -> bool:
        """Whether the call has a place already, which then lasts longer."""
        self._drop()
        held = self._held.get((asked.agent, asked.call_id))
        if held and held.expires is not None:
            held.expires = self._clock() + asked.seconds
        return held is not None

    def _taken(self, whose: str, caller: str) -> Taken:
        held = [each.place for each in self._held.values() if whose in ("", each.place.agent)]
        begun, now = self._begun.get(whose, []), self._clock()
        of_caller = sum(place.caller == caller for place in held) if caller else 0
        return Taken(len(held), of_caller, len(begun), now - begun[0] if begun else 0.0)

    def _drop(self) -> None:
        now = self._clock()
        self._held = {k: held for k, held in self._held.items() if held.expires is None or held.expires > now}
        self._begun = {who: [at for at in times if at > now - MINUTE] for who, times in self._begun.items()}
