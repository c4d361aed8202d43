"""Calls in Daily rooms: each has a room of its own, which is deleted with the call."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from loguru import logger
from pipecat.runner.types import DailyDialinRequest, DialinSettings

from agentrun.call import Call
from agentrun.plan.plan import Plan
from agentrun.records import CallRecord
from agentrun.server.admission.admission import NotAdmittedError
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.daily.rooms import DailyError, DailyRooms, Room
from agentrun.transports.connection import Connection
from agentrun.transports.daily import Invitation

Connect = Callable[[Invitation, Call], Connection]
"""Makes the agent's side of a room: ``transports.daily.connect``, or another way to the same room."""

Use = Callable[[], Awaitable[None]]
"""Uses up what may begin one call; it raises where that was used up meanwhile."""


_EACH_MACHINE = (
    "{} goes into the room of its spec, and so it does from each machine that serves it: "
    "serve it from one, or remove room_url and have rooms made"
)


@dataclass(frozen=True)
class Started:
    """An agent that is on its way into ``room``."""

    call_id: str
    room: Room


class DailyCalls:
    """Starts calls over Daily; ``close`` deletes every room that is left."""

    def __init__(self, switchboard: Switchboard, rooms: DailyRooms, connect: Connect) -> None:
        self._switchboard = switchboard
        self._rooms = rooms
        self._connect = connect
        self._coming: set[str] = set()

    async def start(self, plan: Plan, parameters: Mapping[str, str], use: Use | None = None) -> Started:
        """Make a room and send the agent into it.

        ``use`` uses up what may begin one call, as the last step before, and may raise. Raises
        NotAdmittedError when the call is not let in, DailyError when there is no room.
        """
        call = Call(
            id=uuid.uuid4().hex,
            agent=plan.spec.name,
            transport="daily",
            parameters=parameters,
            environ=plan.environ,
            offline=plan.offline,
        )
        return await self._start(plan, call, use=use)

    def is_known(self, agent: str, call_id: str) -> bool:
        """Whether this very call is coming, is up, or has been."""
        return call_id in self._coming or self._switchboard.records.get(agent, call_id) is not None

    async def dial_in(self, plan: Plan, dialin: DialinSettings) -> Started:
        """Make a room with a SIP address for a telephone call, which comes when the agent is in it.

        Raises NotAdmittedError when the call is not let in, DailyError when there is no room.
        """
        call = Call(
            id=dialin.call_id,
            agent=plan.spec.name,
            transport="daily",
            from_number=dialin.From,
            to_number=dialin.To,
            parameters=dialin.sip_headers or {},
            environ=plan.environ,
            offline=plan.offline,
        )
        request = DailyDialinRequest(
            dialin_settings=dialin, daily_api_key=self._rooms.api_key, daily_api_url=self._rooms.api_url
        )
        self._coming.add(call.id)
        try:
            return await self._start(plan, call, request)
        finally:
            self._coming.discard(call.id)

    def join_given_rooms(self) -> None:
        """Send every agent whose spec names a room into it, for one call."""
        for plan in self._switchboard.plans.values():
            if plan.daily and plan.daily.room_url:
                if self._switchboard.admission.state.is_over_machines:
                    logger.warning(_EACH_MACHINE, plan.spec.name)
                self._join(plan, plan.daily.room_url, plan.daily.token)

    async def close(self) -> None:
        """Delete the rooms that are left."""
        await self._rooms.close()

    def _join(self, plan: Plan, room_url: str, token: str | None) -> None:
        call = Call(
            id=uuid.uuid4().hex,
            agent=plan.spec.name,
            transport="daily",
            environ=plan.environ,
            offline=plan.offline,
        )
        invitation = Invitation(room_url, token, _name(plan))
        task = self._switchboard.answer(plan, self._connect(invitation, call))
        task.add_done_callback(lambda ended: _tell_that_it_left(plan, ended))

    async def _start(
        self, plan: Plan, call: Call, dialin: DailyDialinRequest | None = None, use: Use | None = None
    ) -> Started:
        transport = plan.daily
        assert transport is not None  # noqa: S101
        telephone = (call.from_number or call.caller) if dialin else ""
        admission = self._switchboard.admission
        caller = (call.from_number or "") if dialin else None
        if refusal := await admission.ask(plan, call.id, caller):
            raise NotAdmittedError(refusal)
        try:
            room = await self._rooms.make(transport, plan.spec.limits.max_duration, telephone=telephone)
            await self._use(room, use)
            task = self._join_made(plan, call, room, dialin)
        except BaseException:
            admission.release(call.agent, call.id)
            raise
        task.add_done_callback(lambda _: self._rooms.release(room.name))
        return Started(call.id, room)

    async def _use(self, room: Room, use: Use | None) -> None:
        """Use up what may begin the call, for which ``room`` was made; without it the room goes."""
        try:
            if use:
                await use()
        except BaseException:
            self._rooms.release(room.name)
            raise

    def _join_made(
        self, plan: Plan, call: Call, room: Room, dialin: DailyDialinRequest | None
    ) -> asyncio.Task[CallRecord]:
        """Send the agent into ``room``, which is deleted when it can't come."""
        task: asyncio.Task[CallRecord] | None = None
        try:
            if self._switchboard.closing:
                raise DailyError("the server is stopping")
            connection = self._connect(Invitation(room.url, room.token, _name(plan), dialin), call)
            task = self._switchboard.answer(plan, connection)
        finally:
            if task is None:
                self._rooms.release(room.name)
        return task


def _name(plan: Plan) -> str:
    """What the agent is called in the room."""
    return (plan.daily and plan.daily.bot_name) or plan.spec.name


def _tell_that_it_left(plan: Plan, ended: asyncio.Task[CallRecord]) -> None:
    reason = "" if ended.cancelled() or ended.exception() else f": {ended.result().reason}"
    logger.warning("{} has left the room of its spec{}; serve again to join it anew", plan.spec.name, reason)
