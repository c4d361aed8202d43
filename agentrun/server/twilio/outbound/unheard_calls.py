"""Asks Twilio about outbound calls whose callbacks may have been lost."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

from loguru import logger

from agentrun.errors import SetupError
from agentrun.plan.plan import Plan
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.shared_state.database_errors import TROUBLE
from agentrun.server.twilio.outbound.outgoing_call import Outgoing, dialling_of
from agentrun.server.twilio.outbound.placed_calls import Note, PlacedCalls
from agentrun.transports import twilio_rest
from agentrun.transports.twilio_rest import TwilioAccount, TwilioError

LOOK_SECONDS = 30.0
"""Between two looks at the calls that are open."""
GRACE_SECONDS = 60.0
"""So long after it has stopped ringing a call has its stream, or its end."""


class UnheardCalls:
    """Asks for those of this process that nobody talks in, and for those of processes that are gone."""

    def __init__(
        self, switchboard: Switchboard, placed: PlacedCalls, note: Note, environ: Mapping[str, str]
    ) -> None:
        self._switchboard, self._handover = switchboard, switchboard.handover
        self._placed = placed
        self._note = note
        self._environ = environ

    async def run(self) -> None:
        """Look again and again, until it is cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await self.look()
            except TROUBLE:
                logger.debug("nobody can say whose the placed calls are; they are looked at later")
            except TwilioError as error:
                logger.warning("how placed calls stand can't be asked: {}", error.message)
            except SetupError as error:
                logger.debug("how placed calls stand can't be asked: {}", error.message)

    async def look(self) -> None:
        """Ask once for each; raises DatabaseDownError, SetupError and TwilioError."""
        for outgoing in self._placed.open:
            if outgoing.named.is_set() and _is_due(outgoing.plan, outgoing.record.started):
                await self._look_at(outgoing)
        for placed in await self._handover.orphans():
            plan = self._switchboard.plans.get(placed.agent)
            is_due = plan and _is_due(plan, datetime.fromisoformat(placed.started))
            if is_due and (status := await self._status(placed.call_id)):
                await self._placed.tell(placed, placed.call_id, status, "")

    async def _look_at(self, outgoing: Outgoing) -> None:
        placed = await self._handover.placed(outgoing.id)
        if placed and placed.owner != self._handover.me:
            # it went on elsewhere, and this process was not told
            await self._placed.give(outgoing, placed.owner)
        elif (status := await self._status(outgoing.record.id)) and outgoing in self._placed.open:
            await self._note(outgoing, status, "")

    async def _status(self, call_sid: str) -> str:
        """Twilio's word for how a call stands; nothing where it refuses to say. Raises TwilioError."""
        try:
            return await self._account.status(call_sid)
        except TwilioError as error:
            if not error.code:
                raise
            logger.bind(call=call_sid).debug("call {}: {}", call_sid, error.message)
            return ""

    @property
    def _account(self) -> TwilioAccount:
        return twilio_rest.account(self._environ)


def _is_due(plan: Plan, started: datetime) -> bool:
    """Whether a call that was placed then should have its stream, or its end."""
    settings = dialling_of(plan)
    ring = settings.ring if settings else 0.0
    return (datetime.now(UTC) - started).total_seconds() > ring + GRACE_SECONDS
