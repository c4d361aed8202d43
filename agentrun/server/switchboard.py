"""The agents of a process and the calls that they are on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from loguru import logger

from agentrun.pipeline import construct, prepared
from agentrun.pipeline.resources import Resources
from agentrun.plan import Plan
from agentrun.record import CallRecord
from agentrun.server.records import Records
from agentrun.session import Session
from agentrun.transports.connection import Connection

GOODBYE_SECONDS = 5.0
"""How long calls get to end by themselves when the server stops."""
HARD_SECONDS = 12.0


class Switchboard:
    """Owns every session of this process: it starts them, and none outlives ``close``."""

    def __init__(self, plans: Mapping[str, Plan], resources: Resources) -> None:
        self.plans = plans
        self.records = Records()
        self.closing = False
        self._resources = resources
        self._apologies: dict[str, bytes | None] = {}
        self._live: dict[asyncio.Task[CallRecord], Session] = {}
        self._closers: list[Callable[[], Awaitable[None]]] = []

    async def prepare(self) -> None:
        """Have every agent's apology spoken once, so that it can be played when nothing else works.

        Raises SetupError when a service's libraries can't be imported, or it refuses a setting.
        """
        for name, plan in self.plans.items():
            construct.try_out(plan, self._resources)
            self._apologies[name] = await prepared.speech(plan, plan.spec.prompts.apology, self._resources)

    def on_close(self, closer: Callable[[], Awaitable[None]]) -> None:
        """Have ``closer`` called once all calls have ended."""
        self._closers.append(closer)

    @property
    def live(self) -> int:
        """How many calls are up."""
        return len(self._live)

    def is_live(self, agent: str, call_id: str) -> bool:
        """Whether this very call is up."""
        return any(s.record.agent == agent and s.record.id == call_id for s in self._live.values())

    def answer(self, plan: Plan, connection: Connection) -> asyncio.Task[CallRecord]:
        """Start a session; the task ends with the call's record and belongs to the switchboard."""
        call = connection.call
        record = CallRecord(call.id, call.agent, call.transport, call.from_number, call.to_number)
        self.records.add(record)
        session = Session(plan, connection, self._resources, record, self._apologies.get(call.agent))
        task = asyncio.create_task(session.run(), name=f"call {call.id}")
        self._live[task] = session
        task.add_done_callback(self._ended)
        return task

    async def close(self) -> None:
        """Say goodbye to the calls that are up, then end what is left."""
        self.closing = True
        if self._live:
            await self._end_calls()
        for closer in self._closers:
            await closer()

    async def _end_calls(self) -> None:
        await asyncio.gather(*(s.end("server", "the server is stopping") for s in self._live.values()))
        _, left = await asyncio.wait(self._live, timeout=GOODBYE_SECONDS)
        for task in left:
            task.cancel()
        if left:
            await asyncio.wait(left, timeout=HARD_SECONDS)

    def _ended(self, task: asyncio.Task[CallRecord]) -> None:
        record = self._live.pop(task).record
        if not task.cancelled() and (error := task.exception()):
            record.errors.append(repr(error))
            logger.opt(exception=error).error("call {} broke", record.id)
        logger.info("call {} of {} ended by {}: {}", record.id, record.agent, record.ended_by, record.reason)
