"""Reads a recording from the agent's store, such as a bucket."""

from __future__ import annotations

import asyncio
import mimetypes
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

from fastapi import HTTPException
from fastapi.responses import Response
from loguru import logger

from agentrun.plan.plan import Plan
from agentrun.records.audio.destination import shown
from agentrun.records.store.threads import StoreThreads
from agentrun.server.dashboard.sound.breaking_answer import BreakingAnswer

PART_BYTES = 256 * 1024
"""Read at once: half a minute of a telephone call."""
READ_SECONDS = 10.0
_NAME = re.compile(r"[A-Za-z0-9_-]+\.(wav|opus)")
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_THREADS = StoreThreads("sound", most=4)


def address_of(plan: Plan | None, row: Mapping[str, Any]) -> str | None:
    """Where a recording is that was sent to the agent's store, or None: nothing else is read."""
    store = plan.recording.address if plan and plan.recording else None
    folder, _, name = str(row.get("recording") or "").rpartition("/")
    is_there = store is not None and folder == shown(store) and _NAME.fullmatch(name)
    return f"{store}/{name}" if is_there else None


async def look(address: str) -> tuple[Any, str, int]:
    """The store, the place in it, and the size in bytes; raises HTTPException where it can't be read."""
    looking = asyncio.ensure_future(_THREADS.run(_look, address, seconds=READ_SECONDS))
    await asyncio.wait({looking})
    # each store has errors of its own
    if error := looking.exception():
        if isinstance(error, FileNotFoundError):
            raise HTTPException(404, "the store does not have this recording, or not yet")
        logger.warning("{} can't be read: {}", shown(address), type(error).__name__)
        raise HTTPException(502, f"the recording can't be read: {type(error).__name__}")
    return looking.result()


async def answer(address: str, wanted: str | None) -> Response:
    """The sound, or the range of it that is ``wanted``; raises HTTPException where it can't be read."""
    store, there, size = await look(address)
    first, end = _range(wanted, size)
    if first >= end:
        raise HTTPException(416, "there is no such range", {"Content-Range": f"bytes */{size}"})
    headers = {"Accept-Ranges": "bytes", "Content-Length": str(end - first)}
    is_part = (first, end) != (0, size)
    if is_part:
        headers["Content-Range"] = f"bytes {first}-{end - 1}/{size}"
    kind = mimetypes.guess_type(there)[0] or "application/octet-stream"
    parts, status = _parts(store, there, first, end), 206 if is_part else 200
    return BreakingAnswer(parts, status, headers, kind, source=shown(address))


def _look(address: str) -> tuple[Any, str, int]:
    from fsspec.core import url_to_fs

    store, there = url_to_fs(address)
    return store, there, int(store.size(there))


def _range(wanted: str | None, size: int) -> tuple[int, int]:
    """The first byte and the one after the last; all of them for what is no single range.

    >>> _range("bytes=0-3", 10), _range("bytes=-4", 10), _range("bytes=8-", 10), _range(None, 10)
    ((0, 4), (6, 10), (8, 10), (0, 10))
    """
    match = _RANGE.fullmatch(wanted or "")
    if match is None or match.groups() == ("", ""):
        return 0, size
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size


async def _parts(store: Any, there: str, first: int, end: int) -> AsyncIterator[bytes]:
    for start in range(first, end, PART_BYTES):
        yield await _THREADS.run(store.cat_file, there, start, min(start + PART_BYTES, end))
