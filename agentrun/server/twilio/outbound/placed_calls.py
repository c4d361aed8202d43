"""Outbound calls over all processes: each has one owner, any process may get its events or stream."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

from loguru import logger

from agentrun.plan.plan import Plan
from agentrun.records import CallRecord
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.shared_state.backend import Placed
from agentrun.server.shared_state.database import DECIDE_SECONDS
from agentrun.server.shared_state.database_errors import DatabaseDownError
from agentrun.server.shared_state.handover import Handover
from agentrun.server.shared_state.state import AWAY_SECONDS
from agentrun.server.twilio.outbound.outgoing_call import OVER, Outgoing
from agentrun.server.twilio.outbound.own_calls import OwnCalls, past
from agentrun.server.twilio.stream_tokens import StreamGrant

_DIAL = re.compile(r"dial-[0-9a-f]{16}")
Note = Callable[[Outgoing, str, str], Awaitable[None]]


class PlacedCalls:
    """Has the calls of this process, and reaches those of the others through ``handover``.

    ``note`` is told what Twilio says of a call of this process: its status, and who answered it.
    """

    def __init__(self, switchboard: Switchboard, handover: Handover, note: Note) -> None:
        self._switchboard = switchboard
        self._handover = handover
        self._note = note
        self._own = OwnCalls(handover.me)
        self._adopting: set[str] = set()
        self._standing_in, self._keeping = asyncio.Lock(), asyncio.Lock()
        handover.on_message("status", self._on_status)
        handover.on_message("moved", self._on_moved)
        switchboard.on_end(self._ended)

    async def add(self, outgoing: Outgoing) -> None:
        """This process is about to place a call: every process knows it from now on."""
        self._own.remember(outgoing)
        if not await self._keep(outgoing):
            self._handover.later(self._once_back(outgoing.id, lambda: self._keep(outgoing)))

    async def _keep(self, outgoing: Outgoing) -> bool:
        """Have the others know how a call stands; false while the database is away."""
        return await self._handover.keep(outgoing.shown(self._handover.me))

    async def _once_back(self, dial: str, work: Callable[[], Awaitable[bool]]) -> None:
        """Do ``work`` for a call of this process until it is done: when the database is there again."""
        while self._own.known(dial):
            await asyncio.sleep(AWAY_SECONDS)
            with suppress(DatabaseDownError):
                if await work():
                    return

    def of(self, record: CallRecord) -> Outgoing | None:
        """The call of this process that ``record`` belongs to."""
        return next((outgoing for outgoing in self._own.values() if outgoing.record is record), None)

    def has(self, outgoing: Outgoing) -> bool:
        """Whether the call is this process' own, and has not gone on elsewhere."""
        return self._own.get(outgoing.id) is outgoing

    @property
    def open(self) -> list[Outgoing]:
        """The calls of this process that have no end yet, and that nobody talks or has talked in here."""
        is_live = self._switchboard.is_live
        calls = [(outgoing, outgoing.record) for outgoing in self._own.values() if not outgoing.over.is_set()]
        quiet = [(outgoing, record) for outgoing, record in calls if not (record.ended or record.answered)]
        return [outgoing for outgoing, record in quiet if not is_live(record.agent, record.id)]

    def finish(self, outgoing: Outgoing) -> None:
        """A call is over: the others learn it a moment later, or once the database is there again."""
        self._own.let_go(outgoing)
        self._handover.later(self._keep_end(past(outgoing.shown(self._handover.me))))

    async def _keep_end(self, placed: Placed) -> None:
        async with self._keeping:
            while True:
                if await self._handover.keep(placed):
                    return
                await asyncio.sleep(AWAY_SECONDS)

    async def find(self, dial: str) -> Placed | None:
        """The call that a webhook of Twilio's names as ours; raises DatabaseDownError if nobody knows."""
        if known := self._own.known(dial):
            return known
        return await self._handover.placed(dial) if _DIAL.fullmatch(dial) else None

    async def attach(self, dial: str, call_sid: str) -> None:
        """Twilio's name of a call; whichever comes first tells it, the answer to the request or a webhook."""
        outgoing = self._own.get(dial)
        if outgoing:
            outgoing.named.set()
        if outgoing and outgoing.record.id != dial:
            return
        if outgoing:
            outgoing.record.id = call_sid
            self._switchboard.admission.rename(outgoing.record.agent, dial, call_sid)
            self._switchboard.records.add(outgoing.record)
        # somebody may have picked up, and hears nothing meanwhile
        self._handover.later(self._attach(dial, call_sid))

    async def _attach(self, dial: str, call_sid: str) -> None:
        with suppress(DatabaseDownError):
            await self._handover.attach(dial, call_sid)

    async def arrive(self, plan: Plan, ticket: StreamGrant, record: CallRecord | None = None) -> None:
        """The stream of a placed call has come to this process, which goes on with its record from now on.

        One that was talking elsewhere comes with its ``record``.

        Somebody has picked up and waits: where the database says nothing in time, the token says enough.
        """
        if outgoing := self._own.get(ticket.dial):
            outgoing.record = record or outgoing.record
            await self.attach(ticket.dial, ticket.call_sid)
            return
        try:
            placed = await self._handover.adopt(ticket.dial, seconds=DECIDE_SECONDS)
        except DatabaseDownError:
            self._handover.later(self._once_back(ticket.dial, lambda: self._adopt(ticket.dial)))
            placed = None
        else:
            self._handover.later(self._tell_moved(ticket.dial, placed))
        known = placed or Placed(
            *(ticket.dial, ticket.agent, "", ticket.from_number, ticket.to_number, {}, "", ticket.call_sid)
        )
        outgoing = self._own.get(ticket.dial) or self._go_on_with(plan, known, ticket.call_sid, record)
        outgoing.record = record or outgoing.record
        outgoing.record.outcome = outgoing.record.outcome or "answered"

    async def _adopt(self, dial: str) -> bool:
        """Have the others know that a call goes on here; raises DatabaseDownError."""
        await self._tell_moved(dial, await self._handover.adopt(dial))
        if (known := self._own.known(dial)) and known.ended:
            # it was not this process' when its end was to be kept
            self._handover.later(self._keep_end(known))
        return True

    async def _tell_moved(self, dial: str, former: Placed | None) -> None:
        """Have whoever had the call let go of it."""
        body = {"dial": dial, "to": self._handover.me}
        with suppress(DatabaseDownError):
            if former is None or former.owner == self._handover.me:
                await self._handover.tell_all("moved", **body)
            else:
                await self._handover.tell(former.owner, "moved", **body)

    async def tell(self, placed: Placed, call_sid: str, status: str, answered_by: str) -> None:
        """What Twilio tells of a call, to the process that has it; one that is gone is stood in for.

        Raises DatabaseDownError.
        """
        if outgoing := self._own.get(placed.id):
            await self._note(outgoing, status, answered_by)
            return
        if placed.owner != self._handover.me and await self._pass_on(
            placed.owner, placed.id, call_sid, status, answered_by
        ):
            return
        await self._stand_in(placed, call_sid, status, answered_by)

    async def _stand_in(self, placed: Placed, call_sid: str, status: str, answered_by: str) -> None:
        """Go on with a call whose process is gone, unless somebody talked there: that record is whole."""
        plan = self._switchboard.plans.get(placed.agent)
        if plan is None or placed.ended:
            return
        row = await self._switchboard.records.find(placed.agent, call_sid)
        if row and row.get("answered") and placed.id not in self._own:
            if status in OVER:
                await self._handover.end(placed.id)
            return
        # what is told of one call may come several times at once
        async with self._standing_in:
            outgoing = self._own.get(placed.id) or await self._adopted(plan, placed, call_sid)
        if outgoing:
            await self._note(outgoing, status, answered_by)
        elif (now := await self._handover.placed(placed.id)) and now.owner != placed.owner:
            await self._pass_on(now.owner, placed.id, call_sid, status, answered_by)

    async def _adopted(self, plan: Plan, placed: Placed, call_sid: str) -> Outgoing | None:
        """None where the call went on elsewhere, or in its stream here, before this process had it."""
        self._adopting.add(placed.id)
        try:
            former = await self._handover.adopt(placed.id, placed.owner)
            if placed.id in self._own:
                return self._own[placed.id]
            is_overtaken = former is None or placed.id not in self._adopting
        finally:
            self._adopting.discard(placed.id)
        return None if former is None or is_overtaken else self._go_on_with(plan, former, call_sid)

    def _go_on_with(
        self, plan: Plan, placed: Placed, call_sid: str, record: CallRecord | None = None
    ) -> Outgoing:
        outgoing = Outgoing.adopted(plan, placed, call_sid)
        outgoing.record = record or outgoing.record
        self._own.remember(outgoing)
        self._switchboard.records.add(outgoing.record)
        logger.bind(call=call_sid, agent=placed.agent).info(
            "call {} goes on here: it was placed elsewhere", call_sid
        )
        return outgoing

    def _ended(self, record: CallRecord) -> None:
        """A call has ended here, whatever becomes of Twilio's last callback."""
        if record.direction == "outbound" and (outgoing := self.of(record)):
            self.finish(outgoing)

    async def _on_status(self, words: Mapping[str, str]) -> None:
        """Another process had word of a call of this one's, or of one that has gone on since."""
        placed = await self.find(words["dial"])
        if placed:
            await self.attach(placed.id, words["call"])
            await self.tell(placed, words["call"], words["status"], words["answered_by"])

    async def _on_moved(self, words: Mapping[str, str]) -> None:
        """Another process has the stream of a call that this one placed, or is about to stand in for."""
        self._adopting.discard(words["dial"])
        if outgoing := self._own.get(words["dial"]):
            await self.give(outgoing, words["to"])

    async def give(self, outgoing: Outgoing, to: str) -> None:
        """A call of this process has gone on in another one, whose record it is."""
        self._own.drop(outgoing.id)
        record = outgoing.record
        outgoing.named.set()
        self._switchboard.records.forget(record)
        self._switchboard.admission.forget(record.agent, record.id)
        if record.answered_by and to != self._handover.me:
            await self._pass_on(to, outgoing.id, record.id, "", record.answered_by)

    async def _pass_on(self, owner: str, dial: str, call_sid: str, status: str, answered_by: str) -> bool:
        """Tell ``owner`` what Twilio says of a call; false where it is gone. Raises DatabaseDownError."""
        words = {"dial": dial, "call": call_sid, "status": status, "answered_by": answered_by}
        return await self._handover.tell(owner, "status", **words)
