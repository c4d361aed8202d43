"""A call is answered once: in this process, in every worker, and in every server that shares a store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from loguru import logger
from sqlalchemy.exc import SQLAlchemyError

from agentrun.records.store.threads import StoreThreads
from agentrun.server.shared_state.sqlite import Ledger

STORE_SECONDS = 2.0
"""How long the store is waited for: a caller hears nothing meanwhile."""
MOST_IN_MEMORY = 100_000
T = TypeVar("T")


class AnsweredStore(Protocol):
    """What outlives the process; its methods block."""

    def has(self, agent: str, call_id: str) -> bool: ...
    def claim(self, agent: str, call_id: str) -> bool: ...
    def forget(self, agent: str, call_id: str) -> None: ...


class AnsweredCalls:
    """Remembers answered calls in memory, in the workers' ``ledger``, and in ``store``, where there are such.

    A store that does not answer in time stops no call: what the process knows by itself counts then.
    """

    def __init__(self, ledger: Ledger | None = None, store: AnsweredStore | None = None) -> None:
        self.store = store
        self._ledger = ledger
        self._threads = StoreThreads("answered", most=4)
        self._own: dict[tuple[str, str], None] = {}

    async def has(self, agent: str, call_id: str) -> bool:
        """Whether this call was answered before."""
        if (agent, call_id) in self._own:
            return True
        if self._ledger:
            with self._ledger.page(_page(agent, call_id)) as page:
                if page:
                    return True
        return await self._ask(lambda store: store.has(agent, call_id), False)

    async def claim(self, agent: str, call_id: str) -> bool:
        """Whether this call is answered now, for the first time."""
        if (agent, call_id) in self._own:
            return False
        self._own[agent, call_id] = None
        while len(self._own) > MOST_IN_MEMORY:
            del self._own[next(iter(self._own))]
        if self._ledger:
            with self._ledger.page(_page(agent, call_id)) as page:
                if page:
                    return False
                page["answered"] = True
        return await self._ask(lambda store: store.claim(agent, call_id), True)

    async def forget(self, agent: str, call_id: str) -> None:
        """This call was not answered after all, and may come again."""
        self._own.pop((agent, call_id), None)
        if self._ledger:
            with self._ledger.page(_page(agent, call_id)) as page:
                page.clear()
        await self._ask(lambda store: store.forget(agent, call_id), None)

    async def _ask(self, question: Callable[[AnsweredStore], T], otherwise: T) -> T:
        store = self.store
        if store is None:
            return otherwise
        try:
            return await self._threads.run(question, store, seconds=STORE_SECONDS)
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            logger.warning("the store could not say which calls were answered: {}", type(error).__name__)
            return otherwise


def _page(agent: str, call_id: str) -> str:
    return f"answered {agent} {call_id}"
