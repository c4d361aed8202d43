"""A process's view of the shared state: decisions are made together if possible, otherwise alone."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from loguru import logger

from agentrun.records.store.threads import StoreThreads, heed
from agentrun.server.admission.limits import Refusal
from agentrun.server.shared_state.backend import Asked, Backend, CallName, Change, Heartbeat, Process
from agentrun.server.shared_state.database import DECIDE_SECONDS, MOST_CONNECTIONS
from agentrun.server.shared_state.database_errors import TROUBLE, DatabaseDownError
from agentrun.server.shared_state.memory import MemoryBackend

BEAT_SECONDS = 5.0
AWAY_SECONDS = 1.0
"""Interval of attempts to reach a database that is away."""
BEAT_LONGEST_SECONDS = 5.0
BUSY_SECONDS = 5.0
"""How long a decision may take while the database is busy; Twilio waits 15 s for a response."""
TURNS = 8
"""In so many turns of the event loop a decision is waited for while nothing is heard of the database."""
T = TypeVar("T")


class SharedState:
    """Uses ``shared`` if there is one, and keeps in memory what this process knows by itself.

    While the database is away nobody waits for it: a call is decided about within ``DECIDE_SECONDS`` against
    this process' share of each limit, that is the limit divided by the processes that were there last.
    """

    def __init__(
        self,
        shared: Backend | None = None,
        me: Process | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.me, self.shared = me or Process(secrets.token_hex(8)), shared
        self.last = Heartbeat(time.time(), (self.me,))
        """The result of the last heartbeat."""
        self.away = False
        self.own = MemoryBackend(clock)
        """What this process knows by itself."""
        self._clock = clock
        self._shift = self.last.now - clock()
        self._heard = float("-inf")
        self.threads = StoreThreads("shared", most=MOST_CONNECTIONS)
        self._beats = StoreThreads("heartbeat")
        self._pending: list[Change] = []
        self._writing: asyncio.Task[None] | None = None
        self._watchers: list[Callable[[bool], None]] = []
        self._deciders: list[Callable[[str], None]] = []

    def on_away(self, watcher: Callable[[bool], None]) -> None:
        """Call ``watcher`` when the database goes away, and when it is back."""
        self._watchers.append(watcher)

    def on_decided_alone(self, watcher: Callable[[str], None]) -> None:
        """Call ``watcher`` with the subject of each decision that was made without the database."""
        self._deciders.append(watcher)

    def is_at(self, url: str | None) -> bool:
        """Whether the state is in the database at ``url``."""
        return url is not None and self.shared is not None and self.shared.url == url

    @property
    def is_over_machines(self) -> bool:
        """Whether other machines share the state, and not only this one's workers."""
        return self.shared is not None and self.shared.url.startswith("postgresql")

    def time(self) -> float:
        """Unix seconds by the shared clock, whatever this machine's clock says."""
        return self._clock() + self._shift

    async def ask(self, asked: Asked) -> Refusal | None:
        """None when the call has a place, which it loses unless it is up within its seconds."""
        if self.shared is None:
            return self.own.ask(asked)
        try:
            refusal = await self._decide("admission", lambda shared: shared.ask(asked))
        except DatabaseDownError:
            machines = max(1, len(self.last.processes))
            mine = replace(asked, own=asked.own.share(machines), server=asked.server.share(machines))
            return self.own.ask(mine)
        if refusal is None:
            self.own.note(asked)
        return refusal

    def change(self, change: Change) -> None:
        """Note a change of a call: known here at once, and to other processes a moment later."""
        self.own.apply([change], self.me.id)
        if self.shared is None or self.away:
            # the heartbeat that finds the database again tells it what is up
            return
        self._pending.append(change)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(), name="shared state")

    async def elsewhere(self) -> list[CallName]:
        """The calls that were let in here and that others have; none while the database is away."""
        if self.shared is None or self.away or not (expected := self.own.expected):
            return []
        try:
            return await self._until_answered(lambda it: it.elsewhere(self.me.id, expected), self.shared)
        except TROUBLE:
            return []

    async def use(self, name: str, seconds: float) -> bool:
        """Whether ``name`` is used for the first time; it is remembered for so many seconds."""
        new = self.own.use(name, seconds)
        return new and await self._or("token", lambda shared: shared.use(name, seconds), True)

    async def wait(self, what: str, per_minute: int) -> float:
        """0 and it counts, or the seconds until ``what`` may happen once more."""
        if self.shared is None:
            return self.own.wait(what, per_minute)
        try:
            return await self._decide("rate", lambda shared: shared.wait(what, per_minute))
        except DatabaseDownError:
            return self.own.wait(what, max(1, per_minute // max(1, len(self.last.processes))))

    async def has_answered(self, agent: str, call_id: str) -> bool:
        """Whether this call was answered before."""
        known = self.own.has_answered(agent, call_id)
        return known or await self._or("answered", lambda shared: shared.has_answered(agent, call_id), False)

    async def claim(self, agent: str, call_id: str) -> bool:
        """Whether this call is answered now, for the first time."""
        new = self.own.claim(agent, call_id)
        return new and await self._or("answered", lambda shared: shared.claim(agent, call_id), True)

    async def forget_answer(self, agent: str, call_id: str) -> None:
        """This call was not answered after all, and may come again."""
        self.own.forget_answer(agent, call_id)
        await self._or("answered", lambda shared: shared.forget_answer(agent, call_id), None)

    async def beat(self) -> Heartbeat:
        """Send a heartbeat, and learn which other processes are alive."""
        shared, began = self.shared or self.own, self._clock()
        if self._writing and not self._writing.done():
            await asyncio.wait({self._writing})
        up = self.own.up(self.me.id)
        if shared is self.own:
            self.last = self.own.beat(self.me, up)
            return self.last
        try:
            self.last = await self._beats.run(shared.beat, self.me, up, seconds=BEAT_LONGEST_SECONDS)
        except TROUBLE as error:
            self._note(error)
        else:
            self._shift = self.last.now - (began + self._clock()) / 2
            self._note(None)
        return self.last

    async def run(self) -> None:
        """Send heartbeats until cancelled."""
        while True:
            await self.beat()
            await asyncio.sleep(AWAY_SECONDS if self.away else BEAT_SECONDS)

    async def close(self) -> None:
        """Report that this process is leaving, and close the database, within a second."""
        if (shared := self.shared) is None:
            return
        closing = StoreThreads("leaving")
        try:
            if not self.away:
                await closing.run(shared.leave, self.me.id, seconds=AWAY_SECONDS)
            await closing.run(shared.close, seconds=AWAY_SECONDS)
        except TROUBLE as error:
            logger.warning("the shared state was left without a word: {}", type(error).__name__)

    async def _write(self) -> None:
        while self._pending and self.shared:
            changes, self._pending = self._pending, []
            try:
                await self.threads.run(self.shared.apply, changes, self.me.id, seconds=BEAT_LONGEST_SECONDS)
            except TROUBLE as error:
                self._note(error)
                self._pending.clear()
            else:
                self._heard = asyncio.get_running_loop().time()

    async def _or(self, what: str, question: Callable[[Backend], T], otherwise: T) -> T:
        if self.shared is None:
            return otherwise
        try:
            return await self._decide(what, question)
        except DatabaseDownError:
            return otherwise

    async def _decide(self, what: str, question: Callable[[Backend], T]) -> T:
        """The database's answer, once it knows what was changed before; raises DatabaseDownError."""
        try:
            if self.away or self.shared is None:
                raise DatabaseDownError
            answer = await self._until_answered(question, self.shared)
        except TROUBLE as error:
            self._note(error)
            for decider in self._deciders:
                decider(what)
            raise DatabaseDownError from None
        return answer

    async def _until_answered(self, question: Callable[[Backend], T], shared: Backend) -> T:
        """The answer of a database that may be busy; TimeoutError for one of which nothing is heard."""

        async def ask() -> T:
            if self._writing and not self._writing.done():
                await asyncio.wait({self._writing})
            answer = await self.threads.run(question, shared, seconds=BUSY_SECONDS)
            self._heard = clock()
            return answer

        clock = asyncio.get_running_loop().time
        asking, turns, heard = asyncio.ensure_future(ask()), 0, self._heard
        asking.add_done_callback(heed)
        while not asking.done():
            # a process that was held up itself may have the answer, and has not looked at it yet
            if turns == TURNS:
                asking.cancel()
                raise TimeoutError
            await asyncio.wait({asking}, timeout=DECIDE_SECONDS / TURNS)
            turns, heard = turns + 1 if self._heard == heard else 0, self._heard
        return asking.result()

    def _note(self, error: Exception | None) -> None:
        """The database is away, or there again."""
        if (error is not None) == self.away or isinstance(error, DatabaseDownError):
            return
        self.away = error is not None
        if error is not None:
            share = f"1/{max(1, len(self.last.processes))} of each limit"
            words = "the shared state is away ({}): calls are decided about here, against {}"
            logger.error(words, (str(error) or type(error).__name__).splitlines()[0], share)
        else:
            logger.warning("the shared state is there again")
        for watcher in self._watchers:
            watcher(self.away)
