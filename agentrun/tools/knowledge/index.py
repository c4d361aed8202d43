"""Keyword search over passages with SQLite's FTS5 and BM25, in a file next to the spec."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sqlite3
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from agentrun.tools.knowledge import search_terms
from agentrun.tools.knowledge.documents import Passage, files, passages

FORMAT = 3
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


@dataclass(frozen=True)
class _State:
    """``exact`` changes whenever a document does; ``seconds`` is the same with times in whole seconds.

    Layers of an image, and some archives, keep no more of a time: then all are ``whole``.
    """

    exact: str
    seconds: str
    whole: bool


class Unwritten:
    """The index of a folder that can't be written to: in memory, while the documents stay the same."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._built: tuple[str, bytes] = ("", b"")

    def open(self, folder: Path, state: _State) -> sqlite3.Connection:
        """A copy of it; of several searches at once the first builds it."""
        with self._lock:
            if self._built[0] != state.exact:
                with contextlib.closing(_build(sqlite3.connect(":memory:"), folder, state)) as index:
                    self._built = (state.exact, index.serialize())
            content = self._built[1]
        index = sqlite3.connect(":memory:")
        index.deserialize(content)
        return index


def search(
    folder: Path, cache: Path, query: str, most: int, unwritten: Unwritten | None = None
) -> list[Passage]:
    """The ``most`` best passages for ``query``, best first.

    The index at ``cache`` is built anew when a file was added, removed or changed. Where it can't be written,
    ``unwritten`` keeps it. A document that can't be read is left out, with a line in the log. Blocks; raises
    OSError when the folder can't be read.
    """
    match = search_terms.query(query, _COMMON)
    if not match:
        return []
    with contextlib.closing(_open(folder, cache, unwritten or Unwritten())) as index:
        rows = index.execute(
            "SELECT source, heading, text FROM passages WHERE passages MATCH ? "
            "ORDER BY bm25(passages, 1.0, ?, 1.0, 1.0) LIMIT ?",
            (match, _HEADING_WEIGHT, most),
        )
        return [Passage(*row) for row in rows]


def everything(folder: Path, cache: Path, unwritten: Unwritten | None = None) -> list[Passage]:
    """Every passage, in the order of the documents."""
    with contextlib.closing(_open(folder, cache, unwritten or Unwritten())) as index:
        return [Passage(*row) for row in index.execute("SELECT source, heading, text FROM passages")]


def _open(folder: Path, cache: Path, unwritten: Unwritten) -> sqlite3.Connection:
    state = _state(folder)
    if _is_fresh(cache, state):
        return sqlite3.connect(cache)
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=".sqlite", dir=cache.parent)
        os.close(handle)
    except OSError:
        return unwritten.open(folder, state)
    try:
        with contextlib.closing(sqlite3.connect(name)) as index:
            _build(index, folder, state)
        Path(name).replace(cache)  # at once, so that another call never reads half of it
    except BaseException:
        for part in (name, f"{name}-journal"):
            Path(part).unlink(missing_ok=True)
        raise
    return sqlite3.connect(cache)


def _build(index: sqlite3.Connection, folder: Path, state: _State) -> sqlite3.Connection:
    index.execute("CREATE TABLE state (exact TEXT, seconds TEXT)")
    index.execute(
        "CREATE VIRTUAL TABLE passages "
        f'USING fts5(source, heading, text, pieces, tokenize="{search_terms.TOKENIZER}")'
    )
    for path in files(folder):
        index.executemany("INSERT INTO passages VALUES (?, ?, ?, ?)", map(_row, _passages(path, folder)))
    index.execute("INSERT INTO state VALUES (?, ?)", (state.exact, state.seconds))
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


def _is_fresh(cache: Path, state: _State) -> bool:
    if not cache.is_file():
        return False
    try:
        with contextlib.closing(sqlite3.connect(cache)) as index:
            row = index.execute("SELECT exact, seconds FROM state").fetchone()
    except sqlite3.DatabaseError:
        return False
    return row is not None and (row[0] == state.exact or (state.whole and row[1] == state.seconds))


def _state(folder: Path) -> _State:
    exact, seconds = (hashlib.sha256(str(FORMAT).encode()) for _ in range(2))
    whole = True
    for path in files(folder):
        with contextlib.suppress(FileNotFoundError):  # it was removed a moment ago
            stat = path.stat()
            time, rest = divmod(stat.st_mtime_ns, 1_000_000_000)
            whole = whole and rest == 0
            seen = (path.relative_to(folder), stat.st_size, os.access(path, os.R_OK), time)
            exact.update("\0".join(map(str, (*seen, rest))).encode() + b"\n")
            seconds.update("\0".join(map(str, seen)).encode() + b"\n")
    return _State(exact.hexdigest(), seconds.hexdigest(), whole)
