"""A recording that can't go on: whatever its encoder raises, the file is closed and the record says why."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from agentrun.records import CallRecord
from agentrun.records.audio.destination import RecordingDestination
from agentrun.records.audio.side_mix import SideMix
from agentrun.records.audio.stereo_file import SoundFile
from agentrun.session.tracking.audio_recorder import Recorder


def recorder(folder: Path) -> tuple[Recorder, CallRecord]:
    """One that listens at a transport without a sound."""
    end = SimpleNamespace(add_event_handler=lambda _name, _handler: None)
    transport = SimpleNamespace(input=lambda: end, output=lambda: end)
    rates = {"sample_rate_in": 8000, "sample_rate_out": 8000}
    connection: Any = SimpleNamespace(**rates, caller_audio=None, transport=transport)
    record = CallRecord("CA1", "desk", "local")
    return Recorder(RecordingDestination(folder, "wav"), connection, record), record


@pytest.mark.parametrize(
    ("error", "words"),
    [(ValueError("odd sound"), "ValueError: odd sound"), (OSError("disk full"), "disk full")],
)
async def test_what_goes_wrong_in_the_middle_is_told_and_the_file_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    closed: list[SoundFile] = []
    close = SoundFile.close

    def note(file: SoundFile) -> None:
        closed.append(file)
        close(file)

    monkeypatch.setattr(SoundFile, "close", note)
    one, record = recorder(tmp_path)
    await asyncio.sleep(5)

    def broken(*_: object, **__: object) -> bytes:
        raise error

    monkeypatch.setattr(SideMix, "take", broken)
    await asyncio.sleep(5)
    assert record.errors == [f"recording: {words}"]
    assert len(closed) == 1
    assert await one.finish() == one.path
    assert record.errors == [f"recording: {words}"]


async def test_an_encoder_that_cannot_close_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_file: SoundFile) -> None:
        raise ValueError("no end")

    one, record = recorder(tmp_path)
    await asyncio.sleep(2)
    monkeypatch.setattr(SoundFile, "close", broken)
    await one.finish()
    assert record.errors == ["recording: ValueError: no end"]
    assert one._file
    one._file._writer.close()
