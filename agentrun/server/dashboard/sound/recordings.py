"""Finds the recording of a call: a local file, another machine's file, or one in a bucket."""

from __future__ import annotations

import io
import mimetypes
from collections.abc import Mapping
from typing import Any, BinaryIO

from fastapi import HTTPException
from fastapi.responses import FileResponse, Response

from agentrun.plan.plan import Plan
from agentrun.server.dashboard.sound import sound_elsewhere, stored_sound
from agentrun.server.dashboard.sound.sound_elsewhere import file_here
from agentrun.server.dashboard.sound.waveform import Peaks, Waveforms
from agentrun.server.forwarding.forwarding import Forwarding

MOST_STORED_BYTES = 32 * 1024 * 1024
"""Of a recording that is fetched for its picture: 17 minutes of a telephone call as WAV."""
Row = Mapping[str, Any]


class Recordings:
    """Recordings as the dashboard plays and draws them; ``plans`` say which store an agent has.

    ``forwarding`` reaches the other machines, where there are some.
    """

    def __init__(self, plans: Mapping[str, Plan], forwarding: Forwarding | None = None) -> None:
        self._plans = plans
        self._forwarding = forwarding
        self._waveforms = Waveforms()

    def has(self, row: Row) -> bool:
        """Whether there is something to play, as far as that is known without asking a store."""
        return bool(file_here(row) or self._address(row) or sound_elsewhere.owner_of(self._forwarding, row))

    async def answer(self, row: Row, byte_range: str | None) -> Response:
        """The sound; raises HTTPException where there is none."""
        if path := file_here(row):
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            return FileResponse(path, media_type=kind)
        if address := self._address(row):
            return await stored_sound.answer(address, byte_range)
        if self._forwarding and (owner := sound_elsewhere.owner_of(self._forwarding, row)):
            return await sound_elsewhere.answer(self._forwarding, owner, row, byte_range)
        raise HTTPException(404, where(row))

    async def peaks(self, row: Row) -> Peaks | None:
        """What its picture is drawn from; None where there is none."""
        if path := file_here(row):
            state = path.stat()
            key = (str(path), state.st_size, state.st_mtime_ns)
            return await self._waveforms.of(key, lambda: path.open("rb"))
        if (address := self._address(row)) is None:
            return await self._peaks_elsewhere(row)
        store, there, size = await stored_sound.look(address)
        if size > MOST_STORED_BYTES:
            return None

        def fetch() -> BinaryIO:
            return io.BytesIO(store.cat_file(there, 0, size))

        return await self._waveforms.of((address, size, 0), fetch)

    async def _peaks_elsewhere(self, row: Row) -> Peaks | None:
        owner = sound_elsewhere.owner_of(self._forwarding, row)
        if self._forwarding is None or owner is None:
            return None
        sound = await sound_elsewhere.fetch(self._forwarding, owner, row, MOST_STORED_BYTES)
        if sound is None:
            return None
        key = (f"{row['machine']}:{row['recording']}", len(sound), 0)
        return await self._waveforms.of(key, lambda: io.BytesIO(sound))

    def _address(self, row: Row) -> str | None:
        return stored_sound.address_of(self._plans.get(row["agent"]), row)


def where(row: Row) -> str:
    """Where the recording of a call is that can't be played from here, in words."""
    if not row.get("recording"):
        return "this call has no recording"
    if machine := row.get("machine"):
        return f"the recording is a file of the machine '{machine}', which can't be asked for it now"
    return "this call has no recording on this machine, and none in a store"
