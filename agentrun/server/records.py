"""The records of the latest calls of this process."""

from __future__ import annotations

from collections import OrderedDict

from agentrun.record import CallRecord

MOST_RECORDS = 500


class Records:
    """Keeps the newest records in memory, live calls among them."""

    def __init__(self, most: int = MOST_RECORDS) -> None:
        self._most = most
        self._records: OrderedDict[tuple[str, str], CallRecord] = OrderedDict()

    def add(self, record: CallRecord) -> None:
        """Keep ``record``; the oldest one goes when there are too many."""
        self._records[record.agent, record.id] = record
        while len(self._records) > self._most:
            self._records.popitem(last=False)

    def get(self, agent: str, call_id: str) -> CallRecord | None:
        """The record of a call, live or past, or None."""
        return self._records.get((agent, call_id))

    def newest(self) -> list[CallRecord]:
        """Every record that is kept, the newest first."""
        return list(reversed(self._records.values()))
