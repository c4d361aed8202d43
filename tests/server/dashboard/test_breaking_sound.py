"""A recording whose store breaks off while it is played: the browser is not told that it was whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from agentrun.records.store.store import Store
from agentrun.server.dashboard.sound.stored_sound import PART_BYTES
from tests.calls.desk import HELLO, open_desk
from tests.log_lines import log_lines
from tests.server.dashboard.test_pages import get, record

READ = MemoryFileSystem.cat_file


def break_off(store: MemoryFileSystem, path: str, start: int, end: int, **more: Any) -> object:
    """The first part is read; then the store is away."""
    if start:
        raise OSError("the store is away")
    return READ(store, path, start, end, **more)


async def test_a_store_that_fails_in_mid_sound_leaves_one_line_and_a_short_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, sound = f"sqlite:///{tmp_path / 'calls.sqlite3'}", bytes(PART_BYTES * 3)
    store = MemoryFileSystem()
    store.pipe_file("/broken/desk-1.wav", sound)
    with Store(address) as records:
        row = record(0, id="there", recording="memory://broken/desk-1.wav")
        records.save([row.as_json()], "another server")
    overrides = {"record.audio": "memory://broken"}
    async with open_desk(tmp_path, [HELLO], records=address, overrides=overrides) as desk:
        monkeypatch.setattr(MemoryFileSystem, "cat_file", break_off)
        with log_lines("WARNING") as lines, pytest.raises(httpx.RemoteProtocolError):
            await get(desk, "/calls/desk/there/audio")
        monkeypatch.undo()
        assert (await get(desk, "/calls/desk/there/audio")).content == sound
    store.rm("/broken", recursive=True)
    assert "memory://broken/desk-1.wav broke off in mid sound: OSError" in lines
    assert not any("Traceback" in line for line in lines), lines
