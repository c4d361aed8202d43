"""How processes with shared state pass calls and messages to each other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from loguru import logger

from agentrun.records.store.threads import StoreThreads
from agentrun.server.shared_state.backend import Message, Placed, Process
from agentrun.server.shared_state.database import DECIDE_SECONDS
from agentrun.server.shared_state.database_errors import TROUBLE, DatabaseDownError
from agentrun.server.shared_state.state import AWAY_SECONDS, SharedState

if TYPE_CHECKING:
    from agentrun.server.shared_state.message_table import MessageTable
    from agentrun.server.shared_state.placed_table import PlacedTable

LISTEN_SECONDS = 5.0
"""How long to wait for a message before checking for missed ones and dead processes."""
UNHEARD_SECONDS = 5.0
"""How long what nobody hears silence for may take; Twilio waits 15 s for the answer to a callback."""
AGAIN_SECONDS = 0.2
T = TypeVar("T")
Handler = Callable[[Mapping[str, str]], Awaitable[None]]


class Handover:
    """Passes calls and messages between processes; does nothing if ``state`` is not shared."""

    def __init__(self, state: SharedState) -> None:
        self._state = state
        self._handlers: dict[str, Handler] = {}
        self._under_way: set[asyncio.Task[object]] = set()

    @property
    def me(self) -> str:
        """The name of this process."""
        return self._state.me.id

    @property
    def process(self) -> Process:
        """This process, as the others know it."""
        return self._state.me

    async def find(self, process_id: str) -> Process | None:
        """A process that is there, or was a moment ago; None for none, raises DatabaseDownError."""
        for process in self._state.last.processes:
            if process.id == process_id:
                return process
        shared = self._state.shared
        if shared is None:
            return None
        return await self._until_answered(lambda: shared.process(process_id), DECIDE_SECONDS)

    def at(self, machine: str) -> list[Process]:
        """The processes of a machine that were alive a moment ago."""
        return [process for process in self._state.last.processes if process.machine == machine]

    async def keep(self, placed: Placed) -> bool:
        """Publish the current state of a call of this process; returns whether that succeeded."""
        seconds = DECIDE_SECONDS if self._state.away else None
        try:
            await self._ask(lambda table: table.keep(placed), seconds)
        except DatabaseDownError:
            return False
        return True

    async def placed(self, dial: str) -> Placed | None:
        """The call that some process placed under this id; raises DatabaseDownError where nobody can say."""
        return await self._ask(lambda table: table.get(dial))

    async def attach(self, dial: str, call_id: str) -> None:
        """Twilio's name of a placed call, unless it has one; raises DatabaseDownError."""
        await self._ask(lambda table: table.attach(dial, call_id))

    async def adopt(
        self, dial: str, former: str | None = None, seconds: float | None = None
    ) -> Placed | None:
        """Go on with a call that another process placed; what it was before. Raises DatabaseDownError.

        None where nobody knows it, or it is not of the ``former`` owner any more.
        """
        return await self._ask(lambda table: table.adopt(dial, self.me, former), seconds)

    async def end(self, dial: str) -> None:
        """A call of a process that is gone is over; raises DatabaseDownError."""
        await self._ask(lambda table: table.end(dial))

    async def orphans(self) -> list[Placed]:
        """Calls without an end whose process is gone; raises DatabaseDownError."""
        return await self._ask(lambda table: table.orphans()) or []

    async def _ask(self, question: Callable[[PlacedTable], T], seconds: float | None = None) -> T | None:
        shared = self._state.shared
        table = shared.placed if shared else None
        return await self._until_answered(lambda: question(table), seconds) if table else None

    async def tell(self, owner: str, kind: str, **body: str) -> bool:
        """Leave a message for another process; returns whether it is alive. Raises DatabaseDownError."""
        shared, message = self._state.shared, Message(kind, body)
        messages = shared.messages if shared else None
        if messages is None:
            return False
        return await self._until_answered(lambda: messages.tell(owner, message))

    async def tell_all(self, kind: str, **body: str) -> None:
        """Leave a message for every other live process; raises DatabaseDownError."""
        for process in self._state.last.processes:
            if process.id != self.me:
                await self.tell(process.id, kind, **body)

    async def _until_answered(self, work: Callable[[], T], seconds: float | None = None) -> T:
        """No caller waits for this: the database is asked again until it answers, for so long."""
        clock = asyncio.get_running_loop().time
        ends = clock() + (UNHEARD_SECONDS if seconds is None else seconds)
        while True:
            try:
                return await self._state.threads.run(work, seconds=max(0.0, ends - clock()))
            except TROUBLE:
                if clock() + AGAIN_SECONDS >= ends:
                    raise DatabaseDownError from None
            await asyncio.sleep(AGAIN_SECONDS)

    def on_message(self, kind: str, handler: Handler) -> None:
        """Have ``handler`` told of each message of this kind for this process, or for one that is gone."""
        self._handlers[kind] = handler

    def later(self, work: Coroutine[Any, Any, object]) -> None:
        """Run something in the background."""
        task = asyncio.create_task(work, name="handover")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        task.add_done_callback(_tell)

    async def run(self) -> None:
        """Pass messages to their handlers until cancelled."""
        listening, messages = StoreThreads("listening"), self._state.shared and self._state.shared.messages
        while messages:
            if self._state.away:
                await asyncio.sleep(AWAY_SECONDS)
                continue
            try:
                await self._listen(listening, messages)
            except TROUBLE as error:
                # whether the database is away is for decisions and heartbeats to say
                logger.debug("messages of other processes can't be read: {}", type(error).__name__)
                await asyncio.sleep(AWAY_SECONDS)

    async def _listen(self, listening: StoreThreads, messages: MessageTable) -> None:
        for message in await listening.run(messages.read, self.me, seconds=LISTEN_SECONDS):
            self.later(self._handle(message))
        await listening.run(messages.listen, self.me, LISTEN_SECONDS, seconds=2 * LISTEN_SECONDS)

    async def _handle(self, message: Message) -> None:
        handler = self._handlers.get(message.kind)
        if handler is None:
            logger.info("a message of an unknown kind was left out: {}", message.kind)
            return
        try:
            await handler(message.body)
        except TROUBLE as error:
            logger.error("a message could not be heeded: {}: {}", message.kind, type(error).__name__)

    async def close(self) -> None:
        """Finish what is running, within a second."""
        if self._under_way:
            _, pending = await asyncio.wait(self._under_way, timeout=AWAY_SECONDS)
            for task in pending:
                task.cancel()


def _tell(task: asyncio.Task[object]) -> None:
    """Nobody waits for it: what it raised is heard of here alone."""
    if not task.cancelled() and (error := task.exception()):
        logger.opt(exception=error).error("what was to be done for another process or a placed call broke")
