"""Placed calls over all processes: each is one's, and any of them may hear of it or get its stream."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from loguru import logger

from agentrun.plan.plan import Plan
from agentrun.records import CallRecord
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.shared_state.backend import Placed
from agentrun.server.shared_state.database import DECIDE_SECONDS
from agentrun.server.shared_state.database_errors import AwayError
from agentrun.server.shared_state.handover import Handover
from agentrun.server.shared_state.state import AWAY_SECONDS
from agentrun.server.twilio.outbound.outgoing_call import Outgoing
from agentrun.server.twilio.stream_tokens import StreamGrant

MOST_REMEMBERED = 10_000
"""Calls whose callbacks are still known; the oldest are forgotten."""
MOST_OVER = 200
"""Calls that are over and whole, for what Twilio may still tell of them; of older ones little is known."""
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
        self._own: dict[str, Outgoing] = {}
        self._over: dict[str, Outgoing] = {}
        self._past: dict[str, Placed] = {}
        self._standing_in = asyncio.Lock()
        handover.on_message("status", self._on_status)
        handover.on_message("moved", self._on_moved)
        switchboard.on_end(self._ended)

    async def add(self, outgoing: Outgoing) -> None:
        """This process is about to place a call: every process knows it from now on."""
        self._remember(outgoing)
        if not await self._keep(outgoing):
            self._handover.later(self._once_back(outgoing.id, lambda: self._keep(outgoing)))

    async def _keep(self, outgoing: Outgoing) -> bool:
        """Have the others know how a call stands; false while the database is away."""
        return await self._handover.keep(outgoing.shown(self._handover.me))

    async def _once_back(self, dial: str, work: Callable[[], Awaitable[bool]]) -> None:
        """Do ``work`` for a call of this process until it is done: when the database is there again."""
        while dial in self._own:
            await asyncio.sleep(AWAY_SECONDS)
            with suppress(AwayError):
                if await work():
                    return

    def of(self, record: CallRecord) -> Outgoing | None:
        """The call of this process that ``record`` belongs to."""
        return next((outgoing for outgoing in self._own.values() if outgoing.record is record), None)

    def has(self, outgoing: Outgoing) -> bool:
        """Whether the call is this process' own, and has not gone on elsewhere."""
        return self._own.get(outgoing.id) is outgoing

    def finish(self, outgoing: Outgoing) -> None:
        """A call is over: the others learn it a moment later."""
        self._let_go(outgoing)
        self._handover.later(self._keep(outgoing))

    async def find(self, dial: str) -> Placed | None:
        """The call that a webhook of Twilio's names as ours; raises AwayError where nobody can say."""
        if outgoing := self._own.get(dial):
            return outgoing.shown(self._handover.me)
        if past := self._past.get(dial):
            return past
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
        with suppress(AwayError):
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
        except AwayError:
            self._handover.later(self._once_back(ticket.dial, lambda: self._adopt(ticket.dial)))
            placed = None
        else:
            self._handover.later(self._tell_moved(ticket.dial, placed))
        known = placed or Placed(
            *(ticket.dial, ticket.agent, "", ticket.from_number, ticket.to_number, {}, "", ticket.call_sid)
        )
        outgoing = self._go_on_with(plan, known, ticket.call_sid, record)
        outgoing.record.outcome = outgoing.record.outcome or "answered"

    async def _adopt(self, dial: str) -> bool:
        """Have the others know that a call goes on here; raises AwayError."""
        await self._tell_moved(dial, await self._handover.adopt(dial))
        return True

    async def _tell_moved(self, dial: str, former: Placed | None) -> None:
        """Have whoever had the call let go of it."""
        body = {"dial": dial, "to": self._handover.me}
        with suppress(AwayError):
            if former is None or former.owner == self._handover.me:
                await self._handover.tell_all("moved", **body)
            else:
                await self._handover.tell(former.owner, "moved", **body)

    async def tell(self, placed: Placed, call_sid: str, status: str, answered_by: str) -> None:
        """What Twilio tells of a call, to the process that has it; one that is gone is stood in for.

        Raises AwayError.
        """
        if outgoing := self._own.get(placed.id):
            await self._note(outgoing, status, answered_by)
            return
        words = {"dial": placed.id, "call": call_sid, "status": status, "answered_by": answered_by}
        if placed.owner != self._handover.me and await self._handover.tell(placed.owner, "status", **words):
            return
        await self._stand_in(placed, call_sid, status, answered_by)

    async def _stand_in(self, placed: Placed, call_sid: str, status: str, answered_by: str) -> None:
        """Go on with a call whose process is gone, unless somebody talked there: that record is whole."""
        plan = self._switchboard.plans.get(placed.agent)
        if plan is None or placed.ended:
            return
        # what is told of one call may come several times at once
        async with self._standing_in:
            outgoing = self._own.get(placed.id) or await self._adopted(plan, placed, call_sid)
        if outgoing:
            await self._note(outgoing, status, answered_by)

    async def _adopted(self, plan: Plan, placed: Placed, call_sid: str) -> Outgoing | None:
        row = await self._switchboard.records.find(placed.agent, call_sid)
        if row and row.get("answered"):
            return None
        former = await self._handover.adopt(placed.id, placed.owner)
        return self._go_on_with(plan, former, call_sid) if former else None

    def _go_on_with(
        self, plan: Plan, placed: Placed, call_sid: str, record: CallRecord | None = None
    ) -> Outgoing:
        outgoing = Outgoing.adopted(plan, placed, call_sid)
        outgoing.record = record or outgoing.record
        self._remember(outgoing)
        self._switchboard.records.add(outgoing.record)
        logger.bind(call=call_sid, agent=placed.agent).info(
            "call {} goes on here: it was placed elsewhere", call_sid
        )
        return outgoing

    def _remember(self, outgoing: Outgoing) -> None:
        self._own[outgoing.id] = outgoing
        if len(self._own) > MOST_REMEMBERED:
            del self._own[next(iter(self._own))]

    def _ended(self, record: CallRecord) -> None:
        """A call has ended here, whatever becomes of Twilio's last callback."""
        if record.direction == "outbound" and (outgoing := self.of(record)):
            self._let_go(outgoing)

    def _let_go(self, outgoing: Outgoing) -> None:
        """What was said in a call that is over is its record's; here it would fill the memory."""
        if self._own.get(outgoing.id) is not outgoing:
            return
        self._over[outgoing.id] = outgoing
        while len(self._over) > MOST_OVER:
            oldest = self._over.pop(next(iter(self._over)))
            if self._own.get(oldest.id) is oldest:
                del self._own[oldest.id]
                self._past[oldest.id] = _past(oldest.shown(self._handover.me))
        while len(self._past) > MOST_REMEMBERED:
            del self._past[next(iter(self._past))]

    async def _on_status(self, words: Mapping[str, str]) -> None:
        """Another process had word of a call of this one's, or of one that has gone on since."""
        placed = await self.find(words["dial"])
        if placed:
            await self.attach(placed.id, words["call"])
            await self.tell(placed, words["call"], words["status"], words["answered_by"])

    async def _on_moved(self, words: Mapping[str, str]) -> None:
        """Another process has the stream of a call that this one placed."""
        outgoing = self._own.pop(words["dial"], None)
        self._over.pop(words["dial"], None)
        if outgoing is None:
            return
        record = outgoing.record
        outgoing.named.set()
        self._switchboard.records.forget(record)
        self._switchboard.admission.forget(record.agent, record.id)
        if record.answered_by and words["to"] != self._handover.me:
            more = {"dial": outgoing.id, "call": record.id, "status": "", "answered_by": record.answered_by}
            await self._handover.tell(words["to"], "status", **more)


def _past(placed: Placed) -> Placed:
    """What is known of a call that is over, as others know it too: no number, and no parameter."""
    return replace(placed, caller="", called="", parameters={}, ended=True)
