"""Which recordings are known to be deleted with the one of a call's last connection."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.records.audio.destination import RecordingDestination
from agentrun.server.records import earlier_recordings
from agentrun.server.records.earlier_recordings import EarlierRecordings


class OneConnection:
    """A recording that can be deleted."""

    def __init__(self) -> None:
        self.deleted = False

    async def delete(self) -> bool:
        self.deleted = True
        return True


async def test_a_call_that_comes_anew_is_known_as_the_newest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(earlier_recordings, "MOST_CALLS", 2)
    first, other, again, newest = (OneConnection() for _ in range(4))
    earlier = EarlierRecordings()
    for call_id, recording in (("a", first), ("b", other), ("a", again), ("c", newest)):
        earlier.add(call_id, recording)
    target, own = RecordingDestination(tmp_path, "wav"), tmp_path / "own.wav"
    assert await earlier.delete("a", again, own, target) == []
    assert await earlier.delete("b", newest, own, target) == []
    assert (first.deleted, again.deleted, other.deleted) == (True, False, False)
