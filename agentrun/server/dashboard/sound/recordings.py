"""The recording of a call: a file of this machine, or one in the agent's store."""

from __future__ import annotations

import io
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from fastapi import HTTPException
from fastapi.responses import FileResponse, Response

from agentrun.plan.plan import Plan
from agentrun.server.dashboard.sound import stored_sound
from agentrun.server.dashboard.sound.waveform import Peaks, Waveforms

MOST_STORED_BYTES = 32 * 1024 * 1024
"""Of a recording in a store that is fetched for its picture; half an hour of 8 kHz in two channels."""
Row = Mapping[str, Any]


class Recordings:
    """Recordings as the dashboard plays and draws them; ``plans`` say which store an agent has."""

    def __init__(self, plans: Mapping[str, Plan]) -> None:
        self._plans = plans
        self._waveforms = Waveforms()

    def has(self, row: Row) -> bool:
        """Whether there is something to play, as far as that is known without asking a store."""
        return bool(_file(row) or self._address(row))

    async def answer(self, row: Row, byte_range: str | None) -> Response:
        """The sound; raises HTTPException where there is none."""
        if path := _file(row):
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            return FileResponse(path, media_type=kind)
        if address := self._address(row):
            return await stored_sound.answer(address, byte_range)
        raise HTTPException(404, "this call has no recording on this machine, and none in a store")

    async def peaks(self, row: Row) -> Peaks | None:
        """What its picture is drawn from; None where there is none."""
        if path := _file(row):
            state = path.stat()
            key = (str(path), state.st_size, state.st_mtime_ns)
            return await self._waveforms.of(key, lambda: path.open("rb"))
        if (address := self._address(row)) is None:
            return None
        store, there, size = await stored_sound.look(address)
        if size > MOST_STORED_BYTES:
            return None

        def fetch() -> BinaryIO:
            return io.BytesIO(store.cat_file(there, 0, size))

        return await self._waveforms.of((address, size, 0), fetch)

    def _address(self, row: Row) -> str | None:
        return stored_sound.address_of(self._plans.get(row["agent"]), row)


def _file(row: Row) -> Path | None:
    """The recording of a call where it is a file of this machine."""
    recording = row.get("recording") or ""
    path = Path(recording) if recording and "://" not in recording else None
    return path if path and path.is_file() else None
