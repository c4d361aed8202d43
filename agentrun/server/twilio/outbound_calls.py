"""Calls that the agent places: from the request to Twilio to the record of what came of it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from loguru import logger

from agentrun.errors import AgentRunError, SetupError
from agentrun.plan.plan import Plan
from agentrun.records import CallRecord
from agentrun.server.admission.admission import NotAdmittedError
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.lifecycle.settings import ServerSettings
from agentrun.server.twilio.stream_tokens import LIFETIME_SECONDS
from agentrun.spec.models.agent import TwilioTransport
from agentrun.spec.models.outbound import E164, Dialling
from agentrun.transports import twilio_rest
from agentrun.transports.twilio_rest import TwilioError

POLL_SECONDS = 5.0
"""How often Twilio is asked how a call stands, should its callbacks get lost."""
MOST_REMEMBERED = 10_000
"""Calls whose callbacks are still known; the oldest are forgotten."""
EVENTS = ("initiated", "ringing", "answered", "completed")
Unanswered = Literal["busy", "no-answer", "failed", "canceled"]
UNANSWERED: dict[str, Unanswered] = {
    "busy": "busy",
    "no-answer": "no-answer",
    "failed": "failed",
    "canceled": "canceled",
}
_WORDS = {
    "busy": "the line was busy",
    "no-answer": "nobody answered",
    "failed": "the call could not be put through",
    "canceled": "the call was withdrawn before it was answered",
}


class NumberError(AgentRunError):
    """A number that can't be called."""


@dataclass
class Outgoing:
    """One call on its way: ``id`` is ours, the record's id becomes Twilio's SID."""

    id: str
    plan: Plan
    record: CallRecord
    parameters: Mapping[str, str]
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def warn(self, words: str) -> None:
        """A line of the log that says its call."""
        log = logger.bind(call=self.record.id, agent=self.record.agent)
        log.warning("call {}: {}", self.record.id, words)


class Diallers:
    """Places the calls of a server's agents, and keeps their records until they are over."""

    def __init__(self, switchboard: Switchboard, settings: ServerSettings) -> None:
        self._switchboard = switchboard
        self._settings = settings
        self._outgoing: dict[str, Outgoing] = {}
        self.base_url = ""
        """Where Twilio reaches this server when the agent has no public address: on loopback only."""

    async def place(self, agent: str, to: str, parameters: Mapping[str, str] | None = None) -> Outgoing:
        """Have Twilio call ``to``.

        Raises NumberError for a number that may not be called, SetupError for what is not set up,
        NotAdmittedError when no line is free, and TwilioError when Twilio refuses; the refused call has its
        record as well.
        """
        plan = self._switchboard.plans[agent]
        settings = _settings_of(plan)
        check(to, settings)
        caller = settings.from_number or ""
        if not caller or caller.startswith("${"):
            caller = self._settings.environ.get(twilio_rest.FROM) or ""
        if not caller:
            raise SetupError(
                "the number that calls is not known", f"export {twilio_rest.FROM}=+1…, or transport.dial.from"
            )
        account = twilio_rest.account(self._settings.environ)
        record = CallRecord(f"dial-{secrets.token_hex(8)}", plan.spec.name, "twilio", caller, to)
        record.direction, record.redaction = "outbound", plan.redaction
        longest = settings.ring + LIFETIME_SECONDS
        if refusal := await self._switchboard.admission.take(plan, record.id, to, seconds=longest):
            raise NotAdmittedError(refusal)
        outgoing = Outgoing(record.id, plan, record, dict(parameters or {}))
        self._outgoing[outgoing.id] = outgoing
        if len(self._outgoing) > MOST_REMEMBERED:
            del self._outgoing[next(iter(self._outgoing))]
        try:
            sid = await account.place(self._form(agent, outgoing, settings))
        except (TwilioError, asyncio.CancelledError) as error:
            words = error.message if isinstance(error, TwilioError) else "the call was given up"
            self._end(outgoing, "failed", words)
            raise
        self.attach(outgoing.id, sid)
        return outgoing

    def find(self, dial: str) -> Outgoing | None:
        """The call that a webhook of Twilio's names as ours."""
        return self._outgoing.get(dial)

    def attach(self, dial: str, call_sid: str) -> None:
        """Twilio's name of a call; whichever comes first tells it, the answer to the request or a webhook."""
        outgoing = self._outgoing.get(dial)
        if outgoing and outgoing.record.id == dial:
            outgoing.record.id = call_sid
            self._switchboard.admission.rename(outgoing.record.agent, dial, call_sid)
            self._switchboard.records.add(outgoing.record)

    async def note(self, outgoing: Outgoing, status: str, answered_by: str = "") -> None:
        """What Twilio tells of a call: how it stands, or who has answered it."""
        record = outgoing.record
        if answered_by and not record.answered_by:
            record.answered_by = answered_by
            if answered_by.startswith(("machine", "fax")):
                record.outcome = "machine"
                await self._on_machine(outgoing, answered_by)
        if status in UNANSWERED and record.ended is None:
            self._end(outgoing, UNANSWERED[status], _WORDS[status])
        elif status in ("in-progress", "answered", "completed"):
            record.outcome = record.outcome or "answered"
            if status == "completed":
                outgoing.over.set()

    async def follow(self, outgoing: Outgoing) -> CallRecord:
        """The record once the call is over; callbacks tell of it, and so does asking."""
        account = twilio_rest.account(self._settings.environ)
        while not outgoing.over.is_set():
            try:
                await asyncio.wait_for(outgoing.over.wait(), POLL_SECONDS)
            except TimeoutError:
                try:
                    await self.note(outgoing, await account.status(outgoing.record.id))
                except TwilioError as error:
                    outgoing.warn(error.message)
        await self._switchboard.wait_for(outgoing.record.agent, outgoing.record.id)
        return outgoing.record

    async def withdraw(self, outgoing: Outgoing) -> None:
        """End the call at Twilio, answered or not."""
        try:
            await twilio_rest.account(self._settings.environ).end(outgoing.record.id)
        except TwilioError as error:
            outgoing.warn(error.message)
        if outgoing.record.ended is None and not outgoing.record.outcome:
            self._end(outgoing, "canceled", _WORDS["canceled"])

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

    async def _on_machine(self, outgoing: Outgoing, answered_by: str) -> None:
        settings = _settings_of(outgoing.plan)
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


def check(to: str, settings: Dialling) -> None:
    """Raise NumberError unless ``to`` is a number that may be called."""
    if not E164.fullmatch(to):
        raise NumberError(f"'{to[:20]}' is not a telephone number", "write it in E.164: +15551234567")
    if not to.startswith(settings.allow):
        allowed = ", ".join(settings.allow)
        raise NumberError(f"numbers that begin with {to[:3]} may not be called", f"allowed are: {allowed}")


def _settings_of(plan: Plan) -> Dialling:
    transports = (t for t in plan.transports if isinstance(t, TwilioTransport))
    transport = next(transports, None)
    if transport is None:
        raise SetupError(f"agent '{plan.spec.name}' has no telephone", "transport: twilio")
    return transport.dial
