"""Counts refused streams by reason, and records their calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from loguru import logger

from agentrun.plan.plan import Plan
from agentrun.records import CallRecord
from agentrun.server.calls.switchboard import Switchboard
from agentrun.transports.twilio_start import Stream

Reason = Literal["stopping", "unknown", "closed", "crowded", "handshake", "token", "answered"]
_WORDS: dict[Reason, str] = {
    "stopping": "the server was stopping",
    "token": "it showed no token that is good for this call",
}
"""What a record says; for the other reasons no call is known, or it has a record."""


class RefusedStreams:
    """Tells ``count`` of each, with the agent, empty for one that is not served here, and the reason."""

    def __init__(self, switchboard: Switchboard, count: Callable[[str, str], None] | None = None) -> None:
        self._switchboard = switchboard
        self._count = count or _nobody

    def note(self, agent: str, reason: Reason) -> None:
        """A stream was not taken, of which no call is known."""
        self._count(agent if agent in self._switchboard.plans else "", reason)

    async def end(
        self,
        plan: Plan,
        stream: Stream,
        reason: Reason,
        numbers: tuple[str | None, str | None] = (None, None),
    ) -> None:
        """A stream that a webhook was told of was not taken: its call is over, and its place is free.

        A call that was answered, here or elsewhere, has a place and a record of its own, which stay.
        """
        agent, call_sid = plan.spec.name, stream.call_sid
        self.note(agent, reason)
        board = self._switchboard
        if board.is_live(agent, call_sid) or await board.answered.has(agent, call_sid):
            return
        board.admission.release(agent, call_sid)
        logger.bind(call=call_sid, agent=agent).error("{}: lost call {}: {}", agent, call_sid, _WORDS[reason])
        if board.records.get(agent, call_sid) is not None:
            return
        record = CallRecord(call_sid, agent, "twilio", *numbers)
        record.redaction = plan.redaction.for_call()
        record.ended_by, record.reason = "error", f"its stream was refused: {_WORDS[reason]}"
        record.close()
        board.records.add(record)


def _nobody(_agent: str, _reason: str) -> None:
    """Nobody counts."""
