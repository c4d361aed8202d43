"""Passages in SQLite's full-text index, ranked by BM25; no server, and a file beside the spec."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sqlite3
import tempfile
from pathlib import Path

from agentrun.tools.knowledge import search_terms
from agentrun.tools.knowledge.documents import Passage, files, passages

FORMAT = 2
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
    written to costs an index in memory for each search. A document that can't be read is left out, with a
    line in the log. Blocks; raises OSError when the folder can't be read.
    """
    match = search_terms.query(query, _COMMON)
    if not match:
        return []
    with contextlib.closing(_open(folder, cache)) as index:
        rows = index.execute(
            "SELECT source, heading, text FROM passages WHERE passages MATCH ? "
            "ORDER BY bm25(passages, 1.0, ?, 1.0, 1.0) LIMIT ?",
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
    try:
        with contextlib.closing(sqlite3.connect(name)) as index:
            _build(index, folder, state)
        Path(name).replace(cache)  # at once, so that another call never reads half of it
    except BaseException:
        for part in (name, f"{name}-journal"):
            Path(part).unlink(missing_ok=True)
        raise
    return sqlite3.connect(cache)


def _build(index: sqlite3.Connection, folder: Path, state: str) -> sqlite3.Connection:
    index.execute("CREATE TABLE state (value TEXT)")
    index.execute(
        "CREATE VIRTUAL TABLE passages "
        f'USING fts5(source, heading, text, pieces, tokenize="{search_terms.TOKENIZER}")'
    )
    for path in files(folder):
        index.executemany("INSERT INTO passages VALUES (?, ?, ?, ?)", map(_row, _passages(path, folder)))
    index.execute("INSERT INTO state VALUES (?)", (state,))
    index.commit()
    return index


def _row(passage: Passage) -> tuple[str, str, str, str]:
    pieces = search_terms.pieces(f"{passage.heading}\n{passage.text}")
    return passage.source, passage.heading, passage.text, " ".join(pieces)


def _passages(path: Path, folder: Path) -> list[Passage]:
    """Those of one document; of one that can't be read, or breaks who reads it, none."""
    try:
        return list(passages(path, folder))
    except Exception as error:  # noqa: BLE001 - a strange page or PDF must not take the others away
        from loguru import logger

        name = path.relative_to(folder).as_posix()
        logger.warning("{} is left out of what is searched: {}: {}", name, type(error).__name__, error)
        return []


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
        with contextlib.suppress(FileNotFoundError):  # it was removed a moment ago
            stat = path.stat()
            seen = (path.relative_to(folder), stat.st_size, stat.st_mtime_ns, os.access(path, os.R_OK))
            digest.update("\0".join(map(str, seen)).encode() + b"\n")
    return digest.hexdigest()
