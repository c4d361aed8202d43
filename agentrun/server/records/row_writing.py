"""Writes rows to a store in a way that one bad row fails alone."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from loguru import logger

from agentrun.records import CallRecord
from agentrun.records.store.local_copies import LocalCopies
from agentrun.records.store.store import Store

ANOTHER = "another record of this call is stored"
Row = Mapping[str, Any]


@dataclass
class Written:
    """What came of some records: ``newly_refused`` are those that no store takes, told for the first time."""

    stored: list[CallRecord] = field(default_factory=list)
    refused: list[CallRecord] = field(default_factory=list)
    newly_refused: list[CallRecord] = field(default_factory=list)


class RowWriter:
    """Writes records as ``owner``; all of it blocks. What the store refuses is kept in ``copies``."""

    def __init__(self, store: Store, copies: LocalCopies, owner: str) -> None:
        self._store = store
        self._copies = copies
        self._owner = owner
        self._refused: set[str] = set()

    def write(self, records: Sequence[CallRecord], webhooks: Collection[str]) -> Written:
        """Write all at once, or each by itself where one of them can't be.

        Raises sqlalchemy.exc.SQLAlchemyError when the store can't be written at all.
        """
        result = Written()
        rows = [(record, row) for record in records if (row := self._row(record, result)) is not None]
        if self._save(rows, webhooks, result):
            for each in rows:
                if error := self._save([each], webhooks, result):
                    self._refuse(*each, error, result)
        return result

    def take(self, row: Row, key: str, webhooks: Collection[str]) -> bool:
        """Write a row that was kept in a file; whether the store took it."""
        refused: list[Row] = []
        error = _attempt(lambda: refused.extend(self._store.save([row], self._owner, webhooks, [key])))
        return not (refused or error)

    def keep(self, records: Sequence[tuple[CallRecord, bool]]) -> None:
        """Keep records in files until a server takes them in; with each whether a webhook is to have it."""
        for record, webhook in records:
            try:
                path = self._copies.wait(record.as_stored(), record.key, webhook)
            except OSError as error:
                words = "call {}: the store did not take its record, and no file can have it ({}): it is lost"
                logger.error(words, record.id, error.strerror)
                continue
            logger.error("call {}: the store did not take its record; it waits at {}", record.id, path)

    def _row(self, record: CallRecord, written: Written) -> Row | None:
        rows: list[Row] = []
        if error := _attempt(lambda: rows.append(record.as_stored())):
            # what redaction would hide is not known of it: its names alone are kept
            self._refuse(record, {"agent": record.agent, "id": record.id}, error, written)
        return rows[0] if rows else None

    def _save(
        self, rows: Sequence[tuple[CallRecord, Row]], webhooks: Collection[str], written: Written
    ) -> str:
        """Write ``rows``, all or none; what is wrong with one of them, or nothing."""
        refused: list[Row] = []
        keys, values = [record.key for record, _ in rows], [row for _, row in rows]
        save, snapshots = self._store.save, [_snapshot(record) for record, _ in rows]
        if error := _attempt(lambda: refused.extend(save(values, self._owner, webhooks, keys, snapshots))):
            return error
        for record, row in rows:
            if any(row is each for each in refused):
                self._refuse(record, row, ANOTHER, written)
            else:
                written.stored.append(record)
        return ""

    def _refuse(self, record: CallRecord, row: Row, reason: str, written: Written) -> None:
        written.refused.append(record)
        try:
            kept = f"it is kept at {self._copies.refuse(row, record.key, reason)}"
        except OSError as error:
            # it costs itself alone: the others are for the store
            kept = f"no file can have it either: {error.strerror}"
        if record.key not in self._refused:
            self._refused.add(record.key)
            written.newly_refused.append(record)
            logger.error("call {}: its record can't be stored ({}); {}", record.id, reason, kept)


def _snapshot(record: CallRecord) -> Row | None:
    """What another server needs to go on with a call; ``elapsed`` is when that was, by no machine's clock."""
    return {**record.resume, "elapsed": record.copied_at} if record.resume is not None else None


def _attempt(work: Callable[[], None]) -> str:
    """Do ``work``; what is wrong with a row of it, or nothing. Raises the store's own trouble."""
    try:
        work()
    except Exception as error:  # each driver has kinds of its own for a value that it can't take
        if not _is_the_rows(error):
            raise
        return f"{type(error).__name__}: {error}"
    return ""


def _is_the_rows(error: Exception) -> bool:
    """Whether an error is of what a row holds, and not of the store."""
    if isinstance(error, sa.exc.DataError | sa.exc.IntegrityError):
        return True
    if isinstance(error, sa.exc.StatementError):
        return not isinstance(error, sa.exc.DBAPIError)
    return not isinstance(error, sa.exc.SQLAlchemyError | OSError)
