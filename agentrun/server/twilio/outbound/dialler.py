"""Places outbound calls, from the request to Twilio to the record of the outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from agentrun.errors import AgentRunError, SetupError
from agentrun.plan.plan import Plan
from agentrun.records import CallRecord
from agentrun.server.admission.admission import NotAdmittedError
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.lifecycle.settings import ServerSettings
from agentrun.server.twilio.outbound.outgoing_call import (
    UNANSWERED,
    WORDS,
    Outgoing,
    Unanswered,
    dialling_of,
)
from agentrun.server.twilio.outbound.placed_calls import PlacedCalls
from agentrun.server.twilio.outbound.unheard_calls import UnheardCalls
from agentrun.server.twilio.stream_tokens import LIFETIME_SECONDS
from agentrun.spec.models.outbound import E164, Dialling
from agentrun.transports import twilio_rest
from agentrun.transports.twilio_rest import TwilioError

POLL_SECONDS = 5.0
"""How often Twilio is asked for a call's status, in case its callbacks get lost."""
NAME_SECONDS = 10.0
"""How long it is waited for Twilio's first callback of a call when its answer got lost."""
MACHINES = ("machine", "fax")
"""How Twilio's words begin for who answered and is no person."""
EVENTS = ("initiated", "ringing", "answered", "completed")


class NumberError(AgentRunError):
    """The number can't be called."""


class Diallers:
    """Places outbound calls for a server's agents, and keeps their records until they are over."""

    def __init__(self, switchboard: Switchboard, settings: ServerSettings) -> None:
        self._switchboard = switchboard
        self._settings = settings
        self.placed = PlacedCalls(switchboard, switchboard.handover, self.note)
        self.unheard = UnheardCalls(switchboard, self.placed, self.note, settings.environ)
        switchboard.on_begin(self._began)
        self.base_url = ""
        """Where Twilio reaches this server when the agent has no public address: on loopback only."""

    async def place(self, agent: str, to: str, parameters: Mapping[str, str] | None = None) -> Outgoing:
        """Place a call to ``to``.

        Raises NumberError for a number that may not be called, SetupError for what is not set up,
        NotAdmittedError when no line is free, and TwilioError when Twilio refuses; the refused call has its
        record as well. Where nobody can say whether Twilio has placed it, the call is not ``named`` yet.
        """
        plan = self._switchboard.plans[agent]
        settings = settings_of(plan)
        check(to, settings)
        caller = settings.from_number or ""
        if not caller or caller.startswith("${"):
            caller = self._settings.environ.get(twilio_rest.FROM) or ""
        if not caller:
            raise SetupError(
                "the number to call from is missing",
                f"export {twilio_rest.FROM}=+1…, or transport.dial.from",
            )
        account = twilio_rest.account(self._settings.environ)
        outgoing = Outgoing.new(plan, caller, to, parameters or {})
        longest, admission = settings.ring + LIFETIME_SECONDS, self._switchboard.admission
        if refusal := await admission.take(plan, outgoing.id, to, seconds=longest):
            raise NotAdmittedError(refusal)
        await self.placed.add(outgoing)
        try:
            sid = await account.place(self._form(agent, outgoing, settings))
        except asyncio.CancelledError:
            self._end(outgoing, "failed", "the call was given up")
            raise
        except TwilioError as error:
            if not error.unknown:
                self._end(outgoing, "failed", error.message)
                raise
            await self._hear_of(outgoing, error.message, longest)
            return outgoing
        await self.placed.attach(outgoing.id, sid)
        return outgoing

    async def _hear_of(self, outgoing: Outgoing, trouble: str, longest: float) -> None:
        """After Twilio's response was lost: wait up to ``longest`` seconds for a callback of the call."""
        outgoing.warn(f"{trouble}; it may be placed all the same, and its callbacks are waited for")
        self._switchboard.handover.later(self._give_up(outgoing, trouble, longest))
        with suppress(TimeoutError):
            await asyncio.wait_for(outgoing.named.wait(), NAME_SECONDS)

    async def _give_up(self, outgoing: Outgoing, trouble: str, longest: float) -> None:
        try:
            await asyncio.wait_for(outgoing.named.wait(), longest)
        except TimeoutError:
            if self.placed.has(outgoing) and outgoing.record.ended is None:
                self._end(outgoing, "failed", f"{trouble}; nothing was heard of the call since")

    async def note(self, outgoing: Outgoing, status: str, answered_by: str = "") -> None:
        """Handle a callback: the call's status, or who has answered it."""
        record = outgoing.record
        before = record.outcome, record.answered_by
        if answered_by and not record.answered_by:
            record.answered_by = answered_by
            if answered_by.startswith(MACHINES):
                record.outcome = "machine"
                await self._on_machine(outgoing, answered_by)
        if status in UNANSWERED and record.ended is None:
            self._end(outgoing, UNANSWERED[status], WORDS[status])
        elif status in ("in-progress", "answered", "completed"):
            record.outcome = record.outcome or "answered"
            if status == "completed":
                outgoing.over.set()
                self._complete(outgoing)
        if record.ended and (record.outcome, record.answered_by) != before:
            self._switchboard.records.changed(record)

    def _complete(self, outgoing: Outgoing) -> None:
        """A call was answered, and is over: one whose stream never came has nobody else to end its record."""
        record = outgoing.record
        is_left = self.placed.has(outgoing) and not self._switchboard.is_live(record.agent, record.id)
        if record.ended is None and is_left:
            record.ended_by, record.reason = "error", "the call was over before its stream came"
            record.close()
            self._switchboard.admission.release(record.agent, record.id)
            self._switchboard.records.add(record)
        self.placed.finish(outgoing)

    async def follow(self, outgoing: Outgoing) -> CallRecord:
        """Wait until the call is over, by callbacks or by asking Twilio; returns its record."""
        account = twilio_rest.account(self._settings.environ)
        while not outgoing.over.is_set():
            try:
                await asyncio.wait_for(outgoing.over.wait(), POLL_SECONDS)
            except TimeoutError:
                if not outgoing.named.is_set():
                    continue
                try:
                    await self.note(outgoing, await account.status(outgoing.record.id))
                except TwilioError as error:
                    outgoing.warn(error.message)
        await self._switchboard.wait_for(outgoing.record.agent, outgoing.record.id)
        return outgoing.record

    async def withdraw(self, outgoing: Outgoing) -> None:
        """End the call at Twilio, whether it has been answered or not."""
        try:
            if outgoing.named.is_set():
                await twilio_rest.account(self._settings.environ).end(outgoing.record.id)
        except TwilioError as error:
            outgoing.warn(error.message)
        if outgoing.record.ended is None and not outgoing.record.outcome:
            self._end(outgoing, "canceled", WORDS["canceled"])

    def _form(self, agent: str, outgoing: Outgoing, settings: Dialling) -> dict[str, str | list[str]]:
        base = (self._settings.public_urls.get(agent) or self.base_url).rstrip("/")
        here = f"{base}/{agent}/twilio"
        form: dict[str, str | list[str]] = {
            "To": outgoing.record.to_number or "",
            "From": outgoing.record.from_number or "",
            "Url": f"{here}/voice?dial={outgoing.id}",
            "StatusCallback": f"{here}/status?dial={outgoing.id}",
            "StatusCallbackEvent": list(EVENTS),
            "Timeout": str(round(settings.ring)),
        }
        if settings.machine != "ignore":
            form["MachineDetection"] = "DetectMessageEnd" if settings.machine == "message" else "Enable"
            form |= {"AsyncAmd": "true", "AsyncAmdStatusCallback": f"{here}/status?dial={outgoing.id}"}
        return form

    def _began(self, record: CallRecord) -> None:
        """A call is talked on here: what Twilio told of who answered before has nobody acted on yet."""
        if record.answered_by.startswith(MACHINES) and (outgoing := self.placed.of(record)):
            self._switchboard.handover.later(self._on_machine(outgoing, record.answered_by))

    async def _on_machine(self, outgoing: Outgoing, answered_by: str) -> None:
        settings = settings_of(outgoing.plan)
        session = self._switchboard.session(outgoing.record.agent, outgoing.record.id)
        if session is None or settings.machine == "ignore":
            return
        if settings.machine == "message" and settings.message:
            await session.leave_message(settings.message, f"left a message: {answered_by}")
        else:
            await session.end("agent", f"a machine answered: {answered_by}")

    def _end(self, outgoing: Outgoing, outcome: Unanswered, reason: str) -> None:
        record = outgoing.record
        record.outcome, record.ended_by, record.reason = outcome, "network", reason
        record.close()
        self._switchboard.admission.release(record.agent, record.id)
        self._switchboard.records.add(record)
        outgoing.over.set()
        self.placed.finish(outgoing)


def check(to: str, settings: Dialling) -> None:
    """Raise NumberError unless the spec allows calls to ``to``."""
    if not E164.fullmatch(to):
        raise NumberError(f"'{to[:20]}' is not a telephone number", "write it in E.164: +15551234567")
    if not to.startswith(settings.allow):
        allowed = ", ".join(settings.allow)
        raise NumberError(f"numbers that begin with {to[:3]} may not be called", f"allowed are: {allowed}")


def settings_of(plan: Plan) -> Dialling:
    """The agent's settings for outbound calls; raises SetupError if it has no Twilio transport."""
    settings = dialling_of(plan)
    if settings is None:
        raise SetupError(f"agent '{plan.spec.name}' has no telephone", "transport: twilio")
    return settings
