"""Recordings on their way: a store that is slow, and a caller who wants them deleted meanwhile."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from agentrun.records import CallRecord
from agentrun.records.audio.destination import RecordingDestination
from agentrun.server.records import audio_recordings, uploads
from agentrun.server.records.audio_recordings import Recording, Recordings


@dataclass
class Store:
    """Where files are sent; each waits there until it may ``go_on``, and fails ``failures`` times."""

    failures: int = 0
    at_once: int = 0
    most_at_once: int = 0
    begun: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)

    def files(self) -> list[str]:
        """What has arrived."""
        return [str(path) for path in MemoryFileSystem().find("/slow")]


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store under ``memory://slow``."""
    state = Store()
    put = MemoryFileSystem.put_file

    def slow(self: MemoryFileSystem, *arguments: Any, **more: Any) -> None:
        state.at_once += 1
        state.most_at_once = max(state.at_once, state.most_at_once)
        state.begun.set()
        assert state.go_on.wait(20)
        state.at_once -= 1
        if state.failures:
            state.failures -= 1
            raise OSError("the bucket is full")
        put(self, *arguments, **more)

    monkeypatch.setattr(MemoryFileSystem, "put_file", slow)
    yield state
    state.go_on.set()
    if fsspec.filesystem("memory").exists("/slow"):
        fsspec.filesystem("memory").rm("/slow", recursive=True)


class Recorder:
    """Has written its file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(b"RIFF")

    async def finish(self) -> Path:
        return self.path

    async def discard(self) -> bool:
        raise AssertionError("it was put away already")


def recording(folder: Path, recordings: Recordings) -> tuple[Recording, CallRecord]:
    """A recording whose call is over."""
    record = CallRecord("CA1", "desk", "twilio", None, None)
    target = RecordingDestination(folder, "wav", "memory://slow")
    recorder: Any = Recorder(folder / "one.part.wav")
    return Recording(recorder, record, target, recordings), record


def here(folder: Path) -> list[str]:
    """The files of the folder of recordings."""
    return [str(path) for path in folder.iterdir()]


async def begun(store: Store) -> None:
    """Returns when a thread is sending."""
    assert await asyncio.to_thread(store.begun.wait, 20)


async def test_a_recording_that_is_being_sent_is_deleted_once_its_thread_is_done(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio_recordings, "DELETE_SECONDS", 0.2)
    changed: list[CallRecord] = []
    recordings = Recordings(changed.append)
    one, record = recording(tmp_path, recordings)
    await one.finish()
    await begun(store)
    assert not await one.delete(), "nobody can say yet that nothing is left"
    assert record.recording_deleted is None
    store.go_on.set()
    assert one._deletion
    assert await one._deletion
    await recordings.close()
    assert (store.files(), here(tmp_path)) == ([], [])
    assert (record.recording, changed) == ("", [record])
    assert record.recording_deleted is not None
    assert record.errors == [
        "recording: it was to be deleted: it is still being sent, and deleted after that"
    ]


async def test_whoever_deletes_waits_for_the_thread_that_sends(tmp_path: Path, store: Store) -> None:
    recordings = Recordings(lambda _record: None)
    one, record = recording(tmp_path, recordings)
    await one.finish()
    await begun(store)
    deletion = asyncio.create_task(one.delete())
    await asyncio.sleep(0.05)
    store.go_on.set()
    assert await deletion
    assert (store.files(), record.errors) == ([], [])
    assert record.recording_deleted is not None


async def test_no_attempt_is_made_beside_one_that_still_runs(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "ATTEMPT_SECONDS", 0.1)
    store.failures = 1
    recordings = Recordings(lambda _record: None, waits=(0.0, 0.0))
    one, record = recording(tmp_path, recordings)
    await one.finish()
    [kept] = here(tmp_path)
    async with asyncio.timeout(20):
        while not record.errors:  # noqa: ASYNC110 - a record has no event
            await asyncio.sleep(0.02)
    assert record.recording == kept
    assert record.errors[0].endswith(f"longer than 0.1 s; until it has arrived it is at {kept}")
    store.go_on.set()
    assert one._upload
    await one._upload.task
    await recordings.close()
    assert store.most_at_once == 1
    assert len(store.files()) == 1
    assert record.recording.startswith("memory://slow/")
    assert here(tmp_path) == []


async def test_a_file_that_is_being_sent_when_the_server_stops_stays_where_the_record_says(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audio_recordings, "CLOSE_SECONDS", 0.1)
    recordings = Recordings(lambda _record: None)
    one, record = recording(tmp_path, recordings)
    await one.finish()
    await begun(store)
    await recordings.close()
    store.go_on.set()
    assert one._upload
    assert one._upload._job
    await asyncio.wait({one._upload._job})
    assert here(tmp_path) == [record.recording]
    assert record.errors[0].endswith(f"the server stopped first; it is kept at {record.recording}")


async def test_what_is_deleted_while_it_is_put_away_is_gone(tmp_path: Path) -> None:
    """A call's second connection deletes what the first one is just finishing."""
    recordings = Recordings(lambda _record: None)
    one, record = recording(tmp_path, recordings)
    one._target = RecordingDestination(tmp_path, "wav")
    part = one._recorder.path
    moving, go_on = threading.Event(), threading.Event()

    def replace(path: Path) -> None:
        moving.set()
        assert go_on.wait(20)
        part.replace(path)

    slow: Any = SimpleNamespace(replace=replace, with_name=part.with_name)
    one._recorder.finish = lambda: asyncio.sleep(0, slow)  # type: ignore[method-assign]
    finish = asyncio.create_task(one.finish())
    assert await asyncio.to_thread(moving.wait, 20)
    finish.cancel()
    deletion = asyncio.create_task(one.delete())
    await asyncio.sleep(0.05)
    go_on.set()
    assert await deletion
    assert here(tmp_path) == []
    assert record.recording == ""
    await asyncio.gather(finish, return_exceptions=True)
    await recordings.close()
