"""State that only the workers of one server share: small named objects in a SQLite file."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from loguru import logger

from agentrun.server.admission.load import Load
from agentrun.tools.running.threads import Threads

_WAIT_SECONDS = 5.0
_GLANCE_SECONDS = 0.02
"""How long the event loop waits for a file that another worker is just writing."""
_TELL_SECONDS = 1.0
_HEARD_OF_SECONDS = 6.0
"""A worker that has not told of itself for so long is no more."""


class Ledger:
    """The file, with one JSON object under each name; threads take turns.

    A ``page`` is waited for while another worker has it, so the event loop takes a ``glance`` alone, and has
    pages written ``later``.
    """

    def __init__(self, path: Path) -> None:
        self._lock, self._glancing = threading.Lock(), threading.Lock()
        self._threads = Threads("ledger", most=1)
        self._seen: dict[str, dict[str, Any]] = {}
        self._db = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False)
        self._reader = sqlite3.connect(
            path, timeout=_GLANCE_SECONDS, isolation_level=None, check_same_thread=False
        )
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("CREATE TABLE IF NOT EXISTS pages (name TEXT PRIMARY KEY, value TEXT)")

    @contextmanager
    def page(self, name: str) -> Iterator[dict[str, Any]]:
        """The object under ``name``, for the block alone; what the block makes of it is kept."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                row = self._db.execute("SELECT value FROM pages WHERE name = ?", (name,)).fetchone()
                text: str = row[0] if row else "{}"
                value: dict[str, Any] = json.loads(text)
                yield value
                if (changed := json.dumps(value)) != text:
                    self._db.execute("INSERT OR REPLACE INTO pages VALUES (?, ?)", (name, changed))
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def glance(self, name: str) -> dict[str, Any]:
        """The object under ``name``; as it was at the last glance while somebody is just writing the file."""
        with self._glancing:
            try:
                # whoever has begun to change a page keeps no reader out until it writes it
                rows = self._reader.execute("SELECT value FROM pages WHERE name = ?", (name,)).fetchall()
            except sqlite3.OperationalError:
                return self._seen.get(name, {})
            self._seen[name] = json.loads(rows[0][0]) if rows else {}
            return self._seen[name]

    def later(self, work: Callable[[], None]) -> Future[None]:
        """Do what takes a ``page`` in a thread; one that is not to be had is a line in the log."""
        return self._threads.submit(_noting, work)

    def close(self) -> None:
        """Let go of the file."""
        with self._glancing:
            self._reader.close()
        self._db.close()


def _noting(work: Callable[[], None]) -> None:
    try:
        work()
    except sqlite3.Error as error:
        logger.warning("what the workers share can't be written: {}", error)


class SharedFlag:
    """A flag that any worker raises for all of them."""

    def __init__(self, ledger: Ledger, name: str) -> None:
        self._ledger = ledger
        self._name = name
        self._raised = False
        self.raising: Future[None] | None = None

    def is_raised(self) -> bool:
        """Whether a worker has raised it."""
        if not self._raised:
            self._raised = bool(self._ledger.glance(self._name))
        return self._raised

    def raise_(self) -> None:
        """Raise it: here at once, and for the others when ``raising`` is done."""
        self._raised = True
        self.raising = self._ledger.later(self._write)

    def _write(self) -> None:
        with self._ledger.page(self._name) as page:
            page["raised"] = True


class SharedLoad:
    """How many calls all workers hold together, from what each says of itself."""

    def __init__(self, ledger: Ledger, own: Load) -> None:
        self._ledger = ledger
        self._own = own
        self._told_at = float("-inf")
        self._telling: Future[None] | None = None
        own.on_look(self._looked)

    def capacity(self) -> int:
        """Of all workers; those that are up, and no more, while one of them is late: it may get the next."""
        now = self._own.clock()
        page = self._ledger.glance("load")
        told = [each for each in page.values() if each["at"] > now - _HEARD_OF_SECONDS]
        if not told:
            return self._own.capacity
        if any(each["late"] for each in told):
            return max(1, sum(int(each["calls"]) for each in told))
        return sum(int(each["most"]) for each in told)

    def _looked(self, _late: float) -> None:
        now = self._own.clock()
        if now - self._told_at < _TELL_SECONDS or (self._telling and not self._telling.done()):
            return
        self._told_at = now
        own = {"at": now, "most": self._own.most, "calls": self._own.calls(), "late": self._own.is_late}
        self._telling = self._ledger.later(lambda: self._tell(own, now))

    def _tell(self, own: dict[str, Any], now: float) -> None:
        with self._ledger.page("load") as page:
            page[str(os.getpid())] = own
            for worker in [each for each, told in page.items() if told["at"] <= now - _HEARD_OF_SECONDS]:
                del page[worker]
