"""What the workers of one server share: who has a place, and which tokens are out.

One SQLite file in a folder of the supervisor's. Each decision reads, decides and writes in one transaction:
it is exact over all workers, and a worker that is killed in the middle leaves the state as it was.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agentrun.server.admission.admission import CallSlot, SlotBook
from agentrun.server.admission.load import Load
from agentrun.server.auth.start_tokens import StartTokens
from agentrun.server.twilio.stream_tokens import StreamGrant, StreamTokens

_WAIT_SECONDS = 5.0
_TELL_SECONDS = 1.0
_HEARD_OF_SECONDS = 6.0
"""A worker that has not told of itself for so long is no more."""


class Ledger:
    """The file, with one JSON object under each name."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None)
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("CREATE TABLE IF NOT EXISTS pages (name TEXT PRIMARY KEY, value TEXT)")

    @contextmanager
    def page(self, name: str) -> Iterator[dict[str, Any]]:
        """The object under ``name``, for the block alone; what the block makes of it is kept."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            row = self._db.execute("SELECT value FROM pages WHERE name = ?", (name,)).fetchone()
            value: dict[str, Any] = json.loads(row[0]) if row else {}
            yield value
            self._db.execute("INSERT OR REPLACE INTO pages VALUES (?, ?)", (name, json.dumps(value)))
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


class SharedFlag:
    """A flag that any worker raises for all of them."""

    def __init__(self, ledger: Ledger, name: str) -> None:
        self._ledger = ledger
        self._name = name
        self._raised = False

    def is_raised(self) -> bool:
        """Whether a worker has raised it."""
        if not self._raised:
            with self._ledger.page(self._name) as page:
                self._raised = bool(page)
        return self._raised

    def raise_(self) -> None:
        """Raise it."""
        self._raised = True
        with self._ledger.page(self._name) as page:
            page["raised"] = True


class SharedStore:
    """The book of all workers. Its times are monotonic: one clock for all processes of a machine."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    @contextmanager
    def open(self) -> Iterator[SlotBook]:
        """The book, for the block alone."""
        with self._ledger.page("calls") as page:
            book = SlotBook([CallSlot(*place) for place in page.get("places", ())], page.get("begun", {}))
            yield book
            page["places"] = [list(asdict(place).values()) for place in book.places]
            page["begun"] = book.begun

    def forget(self, worker: int) -> None:
        """Free the places of a worker that is no more."""
        with self.open() as book:
            book.places[:] = [place for place in book.places if place.worker != worker]


class SharedLoad:
    """How many calls all workers hold together, from what each says of itself."""

    def __init__(self, ledger: Ledger, own: Load) -> None:
        self._ledger = ledger
        self._own = own
        self._told_at = float("-inf")
        own.on_look(self._looked)

    def capacity(self) -> int:
        """Of all workers; those that are up, and no more, while one of them is late: it may get the next."""
        now = self._own.clock()
        with self._ledger.page("load") as page:
            told = [each for each in page.values() if each["at"] > now - _HEARD_OF_SECONDS]
        if not told:
            return self._own.capacity
        if any(each["late"] for each in told):
            return max(1, sum(int(each["calls"]) for each in told))
        return sum(int(each["most"]) for each in told)

    def _looked(self, _late: float) -> None:
        now = self._own.clock()
        if now - self._told_at < _TELL_SECONDS:
            return
        self._told_at = now
        own = {"at": now, "most": self._own.most, "calls": self._own.calls(), "late": self._own.is_late}
        with self._ledger.page("load") as page:
            page[str(os.getpid())] = own
            for worker in [each for each, told in page.items() if told["at"] <= now - _HEARD_OF_SECONDS]:
                del page[worker]


class SharedStreamTokens(StreamTokens):
    """Tokens that any worker makes and any worker takes, once."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self._ledger = ledger

    def mint(self, agent: str, call_sid: str, from_number: str, to_number: str) -> str:
        """As StreamTokens."""
        with self._tickets_of_all():
            return super().mint(agent, call_sid, from_number, to_number)

    def redeem(self, token: str, agent: str, call_sid: str) -> StreamGrant | None:
        """As StreamTokens."""
        with self._tickets_of_all():
            return super().redeem(token, agent, call_sid)

    def expects(self, address: str, agent: str) -> bool:
        """As StreamTokens."""
        with self._tickets_of_all():
            return super().expects(address, agent)

    @contextmanager
    def _tickets_of_all(self) -> Iterator[None]:
        with self._ledger.page("tickets") as page:
            self._tickets = {token: StreamGrant(*ticket) for token, ticket in page.items()}
            yield
            page.clear()
            page |= {token: list(asdict(ticket).values()) for token, ticket in self._tickets.items()}


class SharedStartTokens(StartTokens):
    """Start tokens that are used up for all workers."""

    def __init__(self, api_key: str, ledger: Ledger) -> None:
        super().__init__(api_key)
        self._ledger = ledger

    def _use(self, name: str, expires: float) -> bool:
        with self._ledger.page("used") as page:
            self._used = dict(page)
            good = super()._use(name, expires)
            page.clear()
            page |= self._used
            return good
