"""Cleans up calls that could not be started, and tells the caller."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from loguru import logger

from agentrun.plan.plan import Plan
from agentrun.records import CallRecord, cost
from agentrun.session.speech.transfers import TRANSFER_SECONDS, Transfers
from agentrun.tools.mcp.connection import Connection as McpConnection
from agentrun.transports.connection import Connection

REASON = "the call could not be begun"


class UnbegunCalls:
    """Owns what is left to be done for each call without a session; ``over`` is told of the record."""

    def __init__(self, over: Callable[[Plan, CallRecord], None]) -> None:
        self._over = over
        self._ending: set[asyncio.Task[CallRecord]] = set()

    def end(
        self,
        plan: Plan,
        connection: Connection,
        record: CallRecord,
        own: Sequence[McpConnection],
        error: Exception,
    ) -> asyncio.Task[CallRecord]:
        """End a call that ``error`` has kept from beginning; the task ends with its record.

        Who is on a telephone is put through where the spec says so, and hears the apology else. ``own`` are
        the connections that were opened for this call alone.
        """
        record.answer()
        record.ended_by, record.reason, record.snapshot = "error", REASON, None
        record.errors.append(repr(error))
        logger.opt(exception=error).error("call {} of {} could not be begun", record.id, record.agent)
        if connection.look_up:
            connection.look_up.close()
        task = asyncio.create_task(_tell(plan, connection, record, own), name=f"unbegun call {record.id}")
        self._ending.add(task)
        task.add_done_callback(lambda _: self._ended(task, plan, record))
        return task

    async def close(self) -> None:
        """Return when every caller has been told, which takes a few seconds at most."""
        if self._ending:
            await asyncio.wait(self._ending)

    def _ended(self, task: asyncio.Task[CallRecord], plan: Plan, record: CallRecord) -> None:
        self._ending.discard(task)
        if not task.cancelled() and (error := task.exception()):
            record.errors.append(repr(error))
            logger.opt(exception=error).error("the caller of call {} could not be told", record.id)
        self._over(plan, record)


def close(record: CallRecord) -> None:
    """Have ``record`` end, which one that was stopped before its first step has not done itself."""
    if record.ended is None:
        record.ended_by = record.ended_by or "server"
        record.reason = record.reason or REASON
        cost.close(record)


async def _tell(
    plan: Plan, connection: Connection, record: CallRecord, own: Sequence[McpConnection]
) -> CallRecord:
    """Have a telephone's caller put through, or hear the apology of the telephone company's own voice."""
    try:
        control, transfers = connection.control, Transfers(connection.control)
        if control is None or await transfers.put_through(plan.spec.on_fault, plan.language, record):
            return record
        speaking = control.speak(plan.spec.prompts.apology, plan.language)
        if not await asyncio.wait_for(speaking, TRANSFER_SECONDS):
            record.errors.append("the apology was not heard")
    except TimeoutError:
        record.errors.append("the apology was not heard")
    finally:
        await asyncio.gather(*(each.close() for each in own))
    return record
