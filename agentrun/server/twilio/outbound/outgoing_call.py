"""One outbound call, and the names of its outcomes."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from loguru import logger

from agentrun.plan.plan import Plan
from agentrun.records import CallRecord
from agentrun.server.shared_state.backend import Placed
from agentrun.spec.models.agent import TwilioTransport
from agentrun.spec.models.outbound import Dialling

Unanswered = Literal["busy", "no-answer", "failed", "canceled"]
UNANSWERED: dict[str, Unanswered] = {
    "busy": "busy",
    "no-answer": "no-answer",
    "failed": "failed",
    "canceled": "canceled",
}
OVER = (*UNANSWERED, "completed")
"""Twilio's statuses of calls that are over."""
WORDS = {
    "busy": "the line was busy",
    "no-answer": "nobody answered",
    "failed": "the call could not be put through",
    "canceled": "the call was withdrawn before it was answered",
}
_PREFIX = "dial-"


def dialling_of(plan: Plan) -> Dialling | None:
    """The agent's settings for outbound calls; None if it has no Twilio transport."""
    return next((t.dial for t in plan.transports if isinstance(t, TwilioTransport)), None)


@dataclass
class Outgoing:
    """One call on its way: ``id`` is ours, the record's id becomes Twilio's SID, and then it is ``named``."""

    id: str
    plan: Plan
    record: CallRecord
    parameters: Mapping[str, str]
    over: asyncio.Event = field(default_factory=asyncio.Event)
    named: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def new(cls, plan: Plan, caller: str, called: str, parameters: Mapping[str, str]) -> Outgoing:
        """Create a call that is to be placed."""
        name = f"{_PREFIX}{secrets.token_hex(8)}"
        return cls(name, plan, _record(name, name, plan, caller, called), dict(parameters))

    @classmethod
    def adopted(cls, plan: Plan, placed: Placed, call_sid: str) -> Outgoing:
        """A call that another process placed, whose record is written on here."""
        record = _record(placed.id, call_sid, plan, placed.caller, placed.called)
        if placed.started:
            record.begun_at(datetime.fromisoformat(placed.started))
        outgoing = cls(placed.id, plan, record, placed.parameters)
        outgoing.named.set()
        return outgoing

    def shown(self, owner: str) -> Placed:
        """The call as other processes know it."""
        record = self.record
        return Placed(
            id=self.id,
            agent=record.agent,
            owner=owner,
            caller=record.from_number or "",
            called=record.to_number or "",
            parameters=self.parameters,
            started=record.started.isoformat(),
            call_id="" if record.id == self.id else record.id,
            ended=record.ended is not None or self.over.is_set(),
        )

    def warn(self, words: str) -> None:
        """Log a line with the call's id."""
        log = logger.bind(call=self.record.id, agent=self.record.agent)
        log.warning("call {}: {}", self.record.id, words)


def _record(dial: str, call_id: str, plan: Plan, caller: str, called: str) -> CallRecord:
    record = CallRecord(call_id, plan.spec.name, "twilio", caller or None, called or None)
    record.direction, record.redaction = "outbound", plan.redaction.for_call()
    # whoever goes on with the call writes the same record
    record.key = dial.removeprefix(_PREFIX)
    return record
