"""Recordings of the same call from before its connection was replaced."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from agentrun.records.audio.destination import RecordingDestination, safe_id
from agentrun.server.records.recent_records import MOST_RECORDS

MOST_CALLS = MOST_RECORDS
"""Calls whose recordings are known to this process, for as long as their records are in memory; older ones
are found by the names of their files."""
_STAMP = r"\d{8}T\d{12}Z"


class Deletable(Protocol):
    """The recording of one connection."""

    async def delete(self) -> bool:
        """Stop it where it goes on, and delete what there is of it; whether nothing is left."""


class EarlierRecordings:
    """The recordings of this process by their calls' ids, the newest calls alone."""

    def __init__(self) -> None:
        self._of: OrderedDict[str, list[Deletable]] = OrderedDict()

    def add(self, call_id: str, recording: Deletable) -> None:
        """One more of the call ``call_id``."""
        self._of.setdefault(call_id, []).append(recording)
        self._of.move_to_end(call_id)
        while len(self._of) > MOST_CALLS:
            self._of.popitem(last=False)

    async def delete(
        self, call_id: str, but: Deletable, own: Path, target: RecordingDestination
    ) -> list[str]:
        """Delete every recording of the call ``but`` the one at ``own``; the files that could not be."""
        others = [one for one in self._of.get(call_id, ()) if one is not but]
        await asyncio.gather(*(one.delete() for one in others))
        return await asyncio.to_thread(_delete_files, call_id, own, target)


def _delete_files(call_id: str, own: Path, target: RecordingDestination) -> list[str]:
    """Delete the call's files in the folder, also an earlier process's; what can't be is given back."""
    left = []
    for path in _files(call_id, target.folder):
        if path == own:
            continue
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            left.append(f"{path}: {error}")
    return left


def _files(call_id: str, folder: Path) -> Sequence[Path]:
    name = re.compile(rf".+-{_STAMP}-{re.escape(safe_id(call_id))}(\.part)?\.(wav|opus)")
    with contextlib.suppress(OSError):
        return [path for path in folder.iterdir() if name.fullmatch(path.name)]
    return []
