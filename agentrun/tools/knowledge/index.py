"""Passages in SQLite's full-text index, ranked by BM25; no server, and a file beside the spec."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sqlite3
import tempfile
from pathlib import Path

from agentrun.tools.knowledge.documents import Passage, files, passages

FORMAT = 1
"""Another number rebuilds every cache."""
_HEADING_WEIGHT = 3.0
_COMMON = frozenset(
    re.findall(
        r"\w+",
        "a about an and any are as at be but by can could do does for from get has have how i if in is it "
        "its me my of on or our please so tell that the their there they this to up was we what when where "
        "which who will with would you your",
    )
)


def search(folder: Path, cache: Path, query: str, most: int) -> list[Passage]:
    """The ``most`` best passages for ``query``, best first.

    The index at ``cache`` is built anew when a file was added, removed or changed. A folder that can't be
    written to costs an index in memory for each search. Blocks; raises OSError when a document can't be read.
    """
    words = [word for word in re.findall(r"\w+", query.lower()) if word not in _COMMON]
    match = " OR ".join(f'"{word}"' for word in words)
    if not match:
        return []
    with contextlib.closing(_open(folder, cache)) as index:
        rows = index.execute(
            "SELECT source, heading, text FROM passages WHERE passages MATCH ? "
            "ORDER BY bm25(passages, 1.0, ?, 1.0) LIMIT ?",
            (match, _HEADING_WEIGHT, most),
        )
        return [Passage(*row) for row in rows]


def everything(folder: Path, cache: Path) -> list[Passage]:
    """Every passage, in the order of the documents."""
    with contextlib.closing(_open(folder, cache)) as index:
        return [Passage(*row) for row in index.execute("SELECT source, heading, text FROM passages")]


def _open(folder: Path, cache: Path) -> sqlite3.Connection:
    state = _state(folder)
    if _is_fresh(cache, state):
        return sqlite3.connect(cache)
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=".sqlite", dir=cache.parent)
        os.close(handle)
    except OSError:
        return _build(sqlite3.connect(":memory:"), folder, state)
    _build(sqlite3.connect(name), folder, state).close()
    Path(name).replace(cache)  # at once, so that another call never reads half of it
    return sqlite3.connect(cache)


def _build(index: sqlite3.Connection, folder: Path, state: str) -> sqlite3.Connection:
    index.execute("CREATE TABLE state (value TEXT)")
    index.execute(
        "CREATE VIRTUAL TABLE passages USING fts5(source, heading, text, tokenize='porter unicode61')"
    )
    chunks = (passage for path in files(folder) for passage in passages(path, folder))
    rows = ((passage.source, passage.heading, passage.text) for passage in chunks)
    index.executemany("INSERT INTO passages VALUES (?, ?, ?)", rows)
    index.execute("INSERT INTO state VALUES (?)", (state,))
    index.commit()
    return index


def _is_fresh(cache: Path, state: str) -> bool:
    if not cache.is_file():
        return False
    try:
        with contextlib.closing(sqlite3.connect(cache)) as index:
            return bool(index.execute("SELECT value FROM state").fetchone() == (state,))
    except sqlite3.DatabaseError:
        return False


def _state(folder: Path) -> str:
    """Changes whenever a document does."""
    digest = hashlib.sha256(str(FORMAT).encode())
    for path in files(folder):
        stat = path.stat()
        digest.update(f"{path.relative_to(folder)}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()
