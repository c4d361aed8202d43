"""Makes sure that a call is answered only once, over all workers and machines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from loguru import logger
from sqlalchemy.exc import SQLAlchemyError

from agentrun.records.store.threads import StoreThreads
from agentrun.server.shared_state.state import SharedState

STORE_SECONDS = 2.0
"""How long to wait for the store, while the caller hears nothing."""
T = TypeVar("T")


class AnsweredStore(Protocol):
    """A store that outlives the process; its methods block."""

    def has(self, agent: str, call_id: str) -> bool: ...
    def claim(self, agent: str, call_id: str) -> bool: ...
    def forget(self, agent: str, call_id: str) -> None: ...


class AnsweredCalls:
    """Uses the ``state`` that processes share and, if there is one, the ``store`` that outlives them.

    A store that does not answer in time stops no call: what the process knows by itself counts then.
    """

    def __init__(self, state: SharedState | None = None, store: AnsweredStore | None = None) -> None:
        self.store = store
        self._state = state or SharedState()
        self._threads = StoreThreads("answered", most=4)

    async def has(self, agent: str, call_id: str) -> bool:
        """Whether this call was answered before."""
        if await self._state.has_answered(agent, call_id):
            return True
        return await self._ask(lambda store: store.has(agent, call_id), False)

    async def claim(self, agent: str, call_id: str) -> bool:
        """Whether this call is answered now, for the first time."""
        if not await self._state.claim(agent, call_id):
            return False
        return await self._ask(lambda store: store.claim(agent, call_id), True)

    async def forget(self, agent: str, call_id: str) -> None:
        """This call was not answered after all, and may come again."""
        await self._state.forget_answer(agent, call_id)
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
