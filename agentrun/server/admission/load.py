"""Estimates how many calls a process can carry from its CPU use and its delays."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field

from agentrun import cpus
from agentrun.server.admission.lateness import Lateness

PERIOD_SECONDS = 0.1
QUIET_SECONDS = 0.5
"""Between two looks while nobody is on the line."""
JUDGING_SECONDS = 0.5
"""Between two looks at the threads that judge turns."""
WEIGH_SECONDS = 0.5
"""Between two looks at the processor time that was used."""
WINDOW_SECONDS = 10.0
FULL_SHARE = 0.75
"""Of what the process can have: calls speak and are judged at the same moment, and need the rest then."""
FIRST_GUESS = 0.05
"""Of a core for one call, until one has been measured."""
_LEAST_COST = 0.001
_LEAST_CALLS = 0.5
LOOP_LATE_SECONDS = 0.05
"""What an answer's sound has in hand is 200 ms; messages pass the loop several times."""
JUDGING_LATE_SECONDS = 0.15


@dataclass(frozen=True)
class Used:
    """Seconds of processor time so far: of the whole process, and of the event loop's thread."""

    process: float
    loop: float


def used() -> Used:
    """What this process has used; to be called in the event loop's thread.

    >>> used().loop >= 0
    True
    """
    return Used(time.process_time(), time.thread_time())


@dataclass(frozen=True)
class _Look:
    at: float
    used: Used
    call_seconds: float


@dataclass
class Load:
    """Watches one process, and estimates how many calls it can carry.

    ``calls`` counts those that are up, ``clock`` and ``sleep`` are the event loop's. ``judging`` are the
    threads that judge turns, None where there are none. ``cores`` are the processors that this process can
    have: its share of those that it and the other workers of its server may use.

    >>> Load(lambda: 0, cores=4).capacity, Load(lambda: 0, cores=0.5).capacity
    (15, 7)
    """

    calls: Callable[[], int]
    judging: Executor | None = None
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    used: Callable[[], Used] = used
    cores: float = field(default_factory=cpus.available)
    loop_lateness: Lateness = field(init=False)
    judging_lateness: Lateness = field(init=False)

    def __post_init__(self) -> None:
        self.loop_lateness = Lateness(LOOP_LATE_SECONDS, self.clock)
        self.judging_lateness = Lateness(JUDGING_LATE_SECONDS, self.clock)
        # its loop has one core at the most
        self._cost = FIRST_GUESS / min(1.0, self.cores)
        self._seen: deque[_Look] = deque()
        self._call_seconds = 0.0
        self._asked_at = self._told_at = float("-inf")
        self._answer: Future[float] | None = None
        self._listeners: list[Callable[[float], None]] = []

    def on_look(self, listener: Callable[[float], None]) -> None:
        """Have ``listener`` told at each look how many seconds late the event loop was."""
        self._listeners.append(listener)

    @property
    def is_late(self) -> bool:
        """Whether the event loop or the turn detection threads are so late that calls suffer."""
        return self.loop_lateness.is_late or self.judging_lateness.is_late

    @property
    def capacity(self) -> int:
        """How many calls are held at once; those that are up, and no more, while it is late."""
        return max(1, min(self.most, self.calls())) if self.is_late else self.most

    @property
    def most(self) -> int:
        """How many calls would be held if nothing were late."""
        return max(1, int(FULL_SHARE / self._cost + 1e-6))

    async def watch(self) -> None:
        """Measure until cancelled."""
        while True:
            period = PERIOD_SECONDS if self.calls() else QUIET_SECONDS
            due = self.clock() + period
            await self.sleep(period)
            late = max(0.0, self.clock() - due)
            self.loop_lateness.note(late)
            self._weigh()
            if self.judging:
                self._ask(self.judging)
            for listener in self._listeners:
                listener(late)

    def _weigh(self) -> None:
        """What a call costs, from what the window's calls have used."""
        now = self.clock()
        if self._seen and now - self._seen[-1].at < WEIGH_SECONDS:
            return
        if self._seen:
            self._call_seconds += self.calls() * (now - self._seen[-1].at)
        self._seen.append(_Look(now, self.used(), self._call_seconds))
        while self._seen[0].at < now - WINDOW_SECONDS:
            self._seen.popleft()
        first, last = self._seen[0], self._seen[-1]
        lasted, called = last.at - first.at, last.call_seconds - first.call_seconds
        if lasted >= WINDOW_SECONDS / 2 and called >= lasted * _LEAST_CALLS:
            process = (last.used.process - first.used.process) / self.cores
            spent = process, last.used.loop - first.used.loop
            self._cost = max(_LEAST_COST, *(each / called for each in spent))

    def _ask(self, judging: Executor) -> None:
        """How long the judging threads take to come to something."""
        now = self.clock()
        if self._answer is not None:
            if self._answer.done():
                self.judging_lateness.note(max(0.0, self._answer.result() - self._asked_at))
                self._answer = None
            elif now - self._told_at >= JUDGING_SECONDS:
                self._told_at = now
                self.judging_lateness.note(now - self._asked_at)
        elif self.calls() and now - self._asked_at >= JUDGING_SECONDS:
            self._asked_at = self._told_at = now
            self._answer = judging.submit(self.clock)
