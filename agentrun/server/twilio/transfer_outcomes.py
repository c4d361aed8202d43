"""Writes a transfer's outcome into the call's record, in whichever process that is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

from agentrun.server.records.recent_records import RecentRecords
from agentrun.server.shared_state.database_errors import DatabaseDownError
from agentrun.server.shared_state.handover import Handover

LOOKS = (0.0, 2.0, 10.0, 30.0, 120.0)
"""Seconds before each look for the record.

Twilio may ask before it has ended, and a session at Pipecat Cloud, which nobody can tell, may write it anew
once its sound has been sent or its analysis is there.
"""
_KIND = "transfer outcome"


class TransferOutcomes:
    """Finds the record in ``records``, in the processes that ``handover`` reaches, or in the store."""

    def __init__(self, records: RecentRecords, handover: Handover) -> None:
        self._records = records
        self._handover = handover
        handover.on_message(_KIND, self._told)

    def note(self, agent: str, call_id: str, words: str) -> None:
        """Have the record of a call say ``words``; what can't be written at once is written later."""
        if not self._add_here(agent, call_id, words):
            self._handover.later(self._look(agent, call_id, words))

    def _add_here(self, agent: str, call_id: str, words: str) -> bool:
        """Whether this process has the record, with its end."""
        record = self._records.get(agent, call_id)
        if record is None or record.ended is None:
            return False
        if record.add_to_reason(words):
            self._records.changed(record)
        return True

    async def _look(self, agent: str, call_id: str, words: str) -> None:
        if self._records.get(agent, call_id) is None:
            with suppress(DatabaseDownError):
                await self._handover.tell_all(_KIND, agent=agent, call=call_id, words=words)
        for pause in LOOKS:
            await asyncio.sleep(pause)
            if self._add_here(agent, call_id, words):
                return
            if self._records.get(agent, call_id) is None:
                await self._records.amend(agent, call_id, words)

    async def _told(self, body: Mapping[str, str]) -> None:
        """Another process was asked about a call that this one may have had."""
        if self._records.get(body["agent"], body["call"]):
            self.note(body["agent"], body["call"], body["words"])
