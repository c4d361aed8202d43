"""Stores embeddings in a file, or in memory if it can't be written."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

_WAIT_SECONDS = 5.0


class Vectors:
    """The vectors at ``path``, by the keys of what was embedded.

    What the file does not take, as on a read-only root or a full disk, is kept for as long as this object: it
    was paid for.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unwritten: dict[str, bytes] = {}

    def read(self) -> dict[str, bytes]:
        """All of them."""
        written: dict[str, bytes] = {}
        with contextlib.suppress(OSError, sqlite3.Error), self._file() as file:
            written = dict(file.execute("SELECT key, vector FROM vectors"))
        return written | self._unwritten

    def add(self, new: Mapping[str, bytes]) -> None:
        """Keep ``new`` as well."""
        try:
            with self._file() as file:
                file.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", new.items())
        except (OSError, sqlite3.Error):
            self._unwritten |= new

    def remove(self, gone: Collection[str]) -> None:
        """Keep those no longer."""
        for key in gone:
            self._unwritten.pop(key, None)
        with contextlib.suppress(OSError, sqlite3.Error), self._file() as file:
            file.executemany("DELETE FROM vectors WHERE key = ?", [(key,) for key in gone])

    @contextlib.contextmanager
    def _file(self) -> Iterator[sqlite3.Connection]:
        """The file for one transaction; raises OSError or sqlite3.Error where it is not to be had."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(sqlite3.connect(self._path, timeout=_WAIT_SECONDS)) as file, file:
            file.execute("CREATE TABLE IF NOT EXISTS vectors (key TEXT PRIMARY KEY, vector BLOB)")
            yield file
