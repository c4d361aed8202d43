"""The record for a call that begins: new, or continued from a placed or resumed call."""

from __future__ import annotations

from agentrun.plan.plan import Plan
from agentrun.records import CallRecord
from agentrun.server.records.recent_records import RecentRecords
from agentrun.transports.connection import Connection


def begin(records: RecentRecords, plan: Plan, connection: Connection, machine: str) -> CallRecord:
    """The record of the call on ``connection`` at ``machine``, which is among ``records`` from now on."""
    call = connection.call
    placed = records.get(call.agent, call.id)
    record = placed if placed and placed.direction == "outbound" else None
    if earlier := connection.earlier:
        record = earlier.record
    elif record is None:
        record = CallRecord(call.id, call.agent, call.transport, call.from_number, call.to_number)
    record.redaction, record.machine = plan.redaction.for_call(), machine
    if record is not placed:
        records.add(record)
    return record


def other_number(record: CallRecord) -> str | None:
    """The number of whoever is on the telephone, empty where it is hidden; None where there is none.

    The webhook of such a call may have come to another process.
    """
    if record.transport != "twilio":
        return None
    return (record.to_number if record.direction == "outbound" else record.from_number) or ""
