"""The dashboard of one machine plays what lies in a folder of another one."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated

import httpx
import numpy as np
import pytest
import soundfile
from fastapi import FastAPI, Header, HTTPException
from fastapi.responses import Response

from agentrun.records import CallRecord
from agentrun.server.dashboard.sound.recordings import Recordings, where
from agentrun.server.dashboard.sound.sound_elsewhere import answer_others
from agentrun.server.forwarding import forwarding
from agentrun.server.records.recent_records import RecentRecords
from tests.server.forwarding.sides import Side, side


@pytest.fixture
async def machines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Side, Side]]:
    # in this test loopback is the network between the two
    monkeypatch.setattr(forwarding, "is_loopback", lambda _host: False)
    async with (
        side("1-a", tmp_path, machine="far") as far,
        side("2-b", tmp_path, machine="near") as near,
    ):
        await near.state.beat()
        yield far, near


def recorded(folder: Path) -> tuple[CallRecord, bytes]:
    """A call whose sound, half a second of it, is a file in ``folder``; and the bytes of that."""
    path = folder / "desk-CA1.wav"
    sound = np.linspace(-0.5, 0.5, 4_000, dtype="float32")
    soundfile.write(path, np.stack([sound, sound], axis=1), 8_000)
    record = CallRecord("CA1", "desk", "twilio")
    record.recording, record.machine = str(path), "far"
    return record, path.read_bytes()


@contextlib.asynccontextmanager
async def dashboard(near: Side, row: dict[str, object]) -> AsyncIterator[httpx.AsyncClient]:
    """The route that plays a call, at a machine that can't read the file itself."""
    app, recordings = FastAPI(), Recordings({}, near.forwarding)

    @app.get("/audio")
    async def audio(wanted: Annotated[str | None, Header(alias="range")] = None) -> Response:
        return await recordings.answer(row, wanted)

    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://near") as client:
        yield client


async def test_a_recording_is_played_from_the_machine_that_has_it(
    machines: tuple[Side, Side], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far, near = machines
    (record, sound), records = recorded(tmp_path), RecentRecords()
    records.add(record)
    answer_others(far.forwarding, records)
    row = record.as_json()
    monkeypatch.setattr("agentrun.server.dashboard.sound.recordings.file_here", lambda _row: None)
    assert Recordings({}, near.forwarding).has(row)
    async with dashboard(near, row) as client:
        whole = await client.get("/audio")
        assert (whole.status_code, whole.content) == (200, sound)
        assert whole.headers["content-type"] == "audio/x-wav"
        part = await client.get("/audio", headers={"Range": "bytes=44-143"})
        assert (part.status_code, part.content) == (206, sound[44:144])
        assert part.headers["content-range"] == f"bytes 44-143/{len(sound)}"
        beyond = await client.get("/audio", headers={"Range": f"bytes={len(sound)}-"})
        assert beyond.status_code == 416
    peaks = await Recordings({}, near.forwarding).peaks(row)
    assert peaks is not None
    assert (peaks.seconds, max(peaks.caller)) == (0.5, 50)


async def test_a_file_that_is_gone_there_and_a_machine_that_is_away_are_said(
    machines: tuple[Side, Side], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    far, near = machines
    (record, _), records = recorded(tmp_path), RecentRecords()
    records.add(record)
    answer_others(far.forwarding, records)
    row = record.as_json()
    (tmp_path / "desk-CA1.wav").unlink()
    monkeypatch.setattr("agentrun.server.dashboard.sound.recordings.file_here", lambda _row: None)
    async with dashboard(near, row) as client:
        gone = await client.get("/audio")
        assert (gone.status_code, "does not have its recording any more" in gone.text) == (404, True)
        assert far.state.shared
        far.state.shared.leave("1-a")
        await near.state.beat()
        away = await client.get("/audio")
        assert (away.status_code, "a file of the machine 'far'" in away.text) == (404, True)
    assert not Recordings({}, near.forwarding).has(row)


async def test_nothing_else_than_recordings_of_calls_is_read(
    machines: tuple[Side, Side], tmp_path: Path
) -> None:
    far, near = machines
    records = RecentRecords()
    answer_others(far.forwarding, records)
    row = {"agent": "desk", "id": "CA1", "machine": "far", "recording": str(tmp_path / "secret.txt")}
    (tmp_path / "secret.txt").write_text("x")
    owner = near.forwarding.processes.at("far")[0]
    with pytest.raises(HTTPException) as refused:
        async with near.forwarding.asking(owner, "recording", row):
            pass
    assert refused.value.status_code == 404


def test_where_a_recording_is_that_cannot_be_played_is_said() -> None:
    assert where({"recording": "/calls/1.wav", "machine": "a"}).startswith("the recording is a file of the")
    assert where({"recording": "", "machine": "a"}) == "this call has no recording"
    assert "none in a store" in where({"recording": "/calls/1.wav"})
