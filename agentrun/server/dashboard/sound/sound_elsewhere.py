"""Fetches a recording that is a file on another machine."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
from fastapi import HTTPException
from fastapi.responses import FileResponse, Response
from starlette.types import Receive, Scope, Send

from agentrun.server.dashboard.sound import relay
from agentrun.server.forwarding.forwarding import Body, Forwarding
from agentrun.server.records.recent_records import RecentRecords
from agentrun.server.shared_state.backend import Process

RECORDING = "recording"
Row = Mapping[str, Any]


class _RangedFile(FileResponse):
    """A file in ranges, which Starlette sends to a GET alone; one process asks another with a POST."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super().__call__({**scope, "method": "GET"}, receive, send)


def file_here(row: Row) -> Path | None:
    """The recording of a call where it is a file that this process can read."""
    recording = row.get("recording") or ""
    path = Path(recording) if recording and "://" not in recording else None
    return path if path and path.is_file() else None


def owner_of(forwarding: Forwarding | None, row: Row) -> Process | None:
    """A process of the machine that has the recording as a file; None for none that can be asked."""
    machine, recording = row.get("machine") or "", row.get("recording") or ""
    if forwarding is None or not machine or not recording or "://" in recording:
        return None
    if machine == forwarding.processes.process.machine:
        return None
    return next(filter(forwarding.is_reachable, forwarding.processes.at(machine)), None)


def answer_others(forwarding: Forwarding, records: RecentRecords) -> None:
    """Have ``forwarding`` send the recordings that are files here, or the ranges of them that are wanted."""

    async def recording(asked: Body) -> Response:
        row = await records.find(asked["agent"], asked["id"])
        path = file_here(row) if row else None
        if path is None:
            raise HTTPException(404, "the machine of this call does not have its recording any more")
        return _RangedFile(path)

    forwarding.on(RECORDING, recording)


async def answer(forwarding: Forwarding, owner: Process, row: Row, wanted: str | None) -> Response:
    """The sound, or the range of it that is ``wanted``; raises HTTPException where it can't be had."""
    return await relay.answer(_asking(forwarding, owner, row, wanted))


async def fetch(forwarding: Forwarding, owner: Process, row: Row, most: int) -> bytes | None:
    """The whole of it; None where it has more than ``most`` bytes. Raises HTTPException."""
    async with _asking(forwarding, owner, row, None) as there:
        if (there.content_length or 0) > most:
            return None
        return await there.content.read()


def _asking(
    forwarding: Forwarding, owner: Process, row: Row, wanted: str | None
) -> contextlib.AbstractAsyncContextManager[aiohttp.ClientResponse]:
    ranges = {"Range": wanted} if wanted else {}
    return forwarding.asking(owner, RECORDING, {"agent": row["agent"], "id": row["id"]}, None, ranges)
