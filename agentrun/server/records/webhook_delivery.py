"""Sends the records of ended calls to their webhooks until each has arrived."""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Literal

import httpx
import sqlalchemy as sa
from loguru import logger

from agentrun import __version__
from agentrun.plan.webhook import Webhook
from agentrun.records.store.threads import StoreThreads
from agentrun.records.webhook import signature
from agentrun.records.webhook.outbox import GIVE_UP_SECONDS, Message, Outbox

POLL_SECONDS = 1.0
QUIET_SECONDS = 10.0
"""Interval of looking for webhooks while no agent has one, since an edited spec may add one."""
TRY_SECONDS = 15.0
"""How long a receiver may take, from connecting to its status code."""
LEASE_SECONDS = 30.0
"""After so long the messages of a process that was killed are another one's; longer than any try."""
MOST_AT_ONCE = 4
"""Concurrent attempts for one agent."""
LEAST_PAUSE, MOST_PAUSE = 2.0, 3600.0
SETTLE_SECONDS = 1.0
FLUSH_SECONDS = 5.0
"""How long a stopping server keeps trying; the rest is left to the next one."""
Result = Literal["delivered", "failed", "given up"]
_HEADERS = {"content-type": "application/json", "user-agent": f"agentrun/{__version__}"}


def pause_after(age: float) -> float:
    """Seconds until the next attempt for a message that is ``age`` seconds old; grows with its age.

    >>> [round(pause_after(age)) for age in (0, 60, 300, 86400)]
    [2, 15, 75, 3600]
    """
    return min(max(age / 4, LEAST_PAUSE), MOST_PAUSE)


class Deliverer:
    """Delivers an outbox; ``webhooks`` returns the current webhooks of this process's agents by name.

    A try takes ``timeout`` seconds at most; ``pause`` gives those between two from the age of a message.
    """

    def __init__(
        self,
        outbox: Outbox,
        client: httpx.AsyncClient,
        webhooks: Callable[[], Mapping[str, Webhook]],
        *,
        timeout: float = TRY_SECONDS,
        pause: Callable[[float], float] = pause_after,
    ) -> None:
        self._timeout = timeout
        self._pause = pause
        self._outbox = outbox
        self._threads = StoreThreads("outbox", most=4)
        self._client = client
        self._webhooks = webhooks
        self._sending: dict[str, set[asyncio.Task[None]]] = defaultdict(set)
        self._kicked = asyncio.Event()
        self._watchers: list[Callable[[str, Result], None]] = []
        self._counters: list[Callable[[str, int], None]] = []
        self._failing = self._stopped = False

    def on_result(self, watcher: Callable[[str, Result], None]) -> None:
        """Have ``watcher`` told of each try: its agent, and what came of it."""
        self._watchers.append(watcher)

    def on_count(self, watcher: Callable[[str, int], None]) -> None:
        """Have ``watcher`` told again and again how many records of an agent wait."""
        self._counters.append(watcher)

    def kick(self) -> None:
        """Note that there is a new message in the outbox."""
        self._kicked.set()

    async def run(self) -> None:
        """Send what is due until told to stop; attempts under way continue."""
        while not self._stopped:
            self._kicked.clear()
            await self._begin()
            try:
                await asyncio.wait_for(
                    self._kicked.wait(), POLL_SECONDS if self._webhooks() else QUIET_SECONDS
                )
            except TimeoutError:
                continue

    def stop(self) -> None:
        """Make ``run`` return, with no message left half-claimed."""
        self._stopped = True
        self.kick()

    async def close(self, seconds: float = FLUSH_SECONDS) -> None:
        """Try once more what is due now, for a short while; the rest is left to the next server."""
        try:
            async with asyncio.timeout(seconds):
                await self._begin()
                while sending := [task for tasks in self._sending.values() for task in tasks]:
                    await asyncio.wait(sending)
                    await self._begin()
        except TimeoutError:
            pending = [task for tasks in self._sending.values() for task in tasks]
            for task in pending:
                task.cancel()
            if pending:
                # a store that is frozen can't be told; the claims lapse
                await asyncio.wait(pending, timeout=SETTLE_SECONDS)

    async def _begin(self) -> None:
        """Start attempts for everything that is due, within the limit."""
        webhooks = self._webhooks()
        if not webhooks:
            return
        try:
            for agent, webhook in webhooks.items():
                free = MOST_AT_ONCE - len(self._sending[agent])
                for message in await self._threads.run(self._outbox.claim, agent, free, LEASE_SECONDS):
                    self._start(message, webhook)
            for agent, number in (await self._threads.run(self._outbox.waiting, list(webhooks))).items():
                for watcher in self._counters:
                    watcher(agent, number)
        except (sa.exc.SQLAlchemyError, TimeoutError) as error:
            if not self._failing:
                logger.error("the outbox can't be read: {}", type(error).__name__)
            self._failing = True
            return
        self._failing = False

    def _start(self, message: Message, webhook: Webhook) -> None:
        with logger.contextualize(call=message.call, agent=message.agent):
            task = asyncio.create_task(self._deliver(message, webhook), name=f"webhook {message.id}")
        self._sending[message.agent].add(task)
        task.add_done_callback(self._sending[message.agent].discard)
        task.add_done_callback(lambda _: self.kick())

    async def _deliver(self, message: Message, webhook: Webhook) -> None:
        """Make one attempt, and report the result to the outbox in any case."""
        try:
            fault = await self._try(message, webhook)
        except asyncio.CancelledError:
            await self._settle(self._outbox.again, message, 0.0)
            raise
        age = message.age
        if not fault:
            await self._settle(self._outbox.delivered, message)
            self._tell(message, "delivered")
            return
        gone = age > GIVE_UP_SECONDS
        words = "call {}: its record did not reach {}: {} (try {}){}"
        level = "ERROR" if gone else "WARNING" if message.tries == 1 else "DEBUG"
        end = "; it is not tried again" if gone else ""
        logger.log(level, words, message.call, webhook.host, fault, message.tries, end)
        if gone:
            await self._settle(self._outbox.give_up, message)
        else:
            pause = self._pause(age) * random.uniform(0.9, 1.1)  # noqa: S311 - so that not all come at once
            await self._settle(self._outbox.again, message, pause)
        self._tell(message, "given up" if gone else "failed")

    async def _try(self, message: Message, webhook: Webhook) -> str:
        """Post the message; returns the error, or an empty string. Reads only the status of the response."""
        try:
            body = message.body.encode()
            signed = signature.headers(webhook.keys, message.id, int(time.time()), body)
            async with asyncio.timeout(self._timeout):
                request = self._client.stream(
                    "POST", webhook.url, content=body, headers={**_HEADERS, **signed}, follow_redirects=False
                )
                async with request as answer:
                    return "" if answer.is_success else f"it answered {answer.status_code}"
        except TimeoutError:
            return f"no answer within {self._timeout:g} s"
        except Exception as error:  # noqa: BLE001 - also a host that IDNA refuses: the outbox must learn of it
            return type(error).__name__

    async def _settle(self, settle: Callable[..., None], *arguments: object) -> None:
        """What can't be written is found out when the claim lapses: the message goes out once more."""
        try:
            await self._threads.run(settle, *arguments)
        except (sa.exc.SQLAlchemyError, TimeoutError) as error:
            logger.error("the outbox can't be written: {}", type(error).__name__)

    def _tell(self, message: Message, result: Result) -> None:
        for watcher in self._watchers:
            watcher(message.agent, result)
