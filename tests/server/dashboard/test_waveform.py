"""The picture of a recording is drawn from its sound: both sides, and where nobody speaks."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO, cast

import numpy as np
import pytest
import soundfile
from fsspec.implementations.memory import MemoryFileSystem

from agentrun.plan.plan import Plan
from agentrun.records.audio.destination import RecordingDestination
from agentrun.server.dashboard.sound import recordings, waveform
from agentrun.server.dashboard.sound.recordings import Recordings
from agentrun.server.dashboard.sound.waveform import Waveforms, peaks

RATE = 8000


def recording(path: Path, kind: str = "WAV", subtype: str = "PCM_16") -> Path:
    """The caller is heard half as loud as can be in the first second, the agent in the sixth."""
    sound = np.zeros((10 * RATE, 2), np.float32)
    tone = np.sin(np.arange(RATE) * 440 * 2 * np.pi / RATE).astype(np.float32)
    sound[:RATE, 0], sound[5 * RATE : 6 * RATE, 1] = tone * 0.5, tone * 0.25
    soundfile.write(str(path), sound, RATE, format=kind, subtype=subtype)
    return path


@pytest.mark.parametrize(("kind", "subtype"), [("WAV", "PCM_16"), ("OGG", "OPUS")])
def test_both_sides_are_where_they_are_heard(tmp_path: Path, kind: str, subtype: str) -> None:
    with recording(tmp_path / "call", kind, subtype).open("rb") as file:
        found = peaks(file)
    assert found is not None
    assert (found.seconds, len(found.caller)) == (10.0, 500)
    assert found.caller[25] == pytest.approx(50, abs=25)
    assert found.agent[275] == pytest.approx(25, abs=15)
    assert max(found.caller[100:]) <= 2
    assert max(found.agent[:200]) <= 2
    first, second = found.silences()
    assert first == pytest.approx((1.0, 5.0), abs=0.1)
    assert second == pytest.approx((6.0, 10.0), abs=0.1)


def test_a_block_is_no_border(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = recording(tmp_path / "call.wav")
    with path.open("rb") as file:
        whole = peaks(file)
    monkeypatch.setattr(waveform, "_BLOCK_FRAMES", 777)
    with path.open("rb") as file:
        assert peaks(file) == whole


def test_one_channel_and_no_frames(tmp_path: Path) -> None:
    soundfile.write(str(tmp_path / "one.wav"), np.full(RATE, 0.5, np.float32), RATE)
    soundfile.write(str(tmp_path / "none.wav"), np.zeros((0, 2), np.float32), RATE)
    with (tmp_path / "one.wav").open("rb") as file:
        found = peaks(file)
    assert found is not None
    assert not found.agent
    with (tmp_path / "none.wav").open("rb") as file:
        assert peaks(file) is None


async def test_a_file_is_read_once_for_many_that_look_and_anew_when_it_changes(tmp_path: Path) -> None:
    path, waveforms, reads = recording(tmp_path / "call.wav"), Waveforms(), []

    def open_file() -> BinaryIO:
        reads.append(1)
        return path.open("rb")

    looks = [waveforms.of(("call", 1, 1), open_file) for _ in range(5)]
    assert len({one.seconds for one in await asyncio.gather(*looks) if one}) == 1
    assert len(reads) == 1
    await waveforms.of(("call", 1, 2), open_file)
    assert len(reads) == 2


async def test_what_is_no_sound_has_no_picture(tmp_path: Path) -> None:
    (tmp_path / "call.wav").write_bytes(b"RIFF" + bytes(100))
    assert await Waveforms().of(("call", 1, 1), lambda: (tmp_path / "call.wav").open("rb")) is None


@pytest.mark.parametrize(
    ("name", "kind", "subtype"), [("call.wav", "WAV", "PCM_16"), ("call.opus", "OGG", "OPUS")]
)
async def test_a_recording_in_a_bucket_is_drawn_up_to_a_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kind: str, subtype: str
) -> None:
    sound = recording(tmp_path / name, kind, subtype).read_bytes()
    store = MemoryFileSystem()
    store.pipe_file(f"/drawn/{name}", sound)
    address = "memory://drawn"
    target = RecordingDestination(tmp_path, "wav", address)
    plan = cast(Plan, SimpleNamespace(recording=target))
    row = {"agent": "desk", "recording": f"{address}/{name}"}
    monkeypatch.setattr(recordings, "MOST_STORED_BYTES", len(sound))
    found = await Recordings({"desk": plan}).peaks(row)
    assert found is not None
    assert (found.seconds, len(found.caller)) == (10.0, 500)
    assert found.caller[25] == pytest.approx(50, abs=25)
    monkeypatch.setattr(recordings, "MOST_STORED_BYTES", len(sound) - 1)
    assert await Recordings({"desk": plan}).peaks(row) is None
    store.rm("/drawn", recursive=True)


async def test_a_file_that_could_not_be_read_once_is_read_again(tmp_path: Path) -> None:
    path, waveforms = recording(tmp_path / "call.wav"), Waveforms()
    key = (str(path), 1, 1)

    def away() -> BinaryIO:
        # as the libraries of stores do, which have errors of their own
        raise LookupError("the store is away")

    assert await waveforms.of(key, away) is None
    assert await waveforms.of(key, lambda: path.open("rb")) is not None
    other = (str(path), 2, 2)
    assert await waveforms.of(other, lambda: (tmp_path / "none.wav").open("rb")) is None
    assert await waveforms.of(other, lambda: path.open("rb")) is not None


async def test_what_is_no_sound_is_not_read_again(tmp_path: Path) -> None:
    path, waveforms = tmp_path / "call.wav", Waveforms()
    path.write_bytes(b"no sound")
    assert await waveforms.of((str(path), 1, 1), lambda: path.open("rb")) is None
    assert await waveforms.of((str(path), 1, 1), lambda: recording(path).open("rb")) is None
