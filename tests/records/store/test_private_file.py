"""Records hold what callers said: their file is for its user."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agentrun.records import CallRecord
from agentrun.records.store.store import Store


@pytest.fixture(autouse=True)
def usual_mask() -> object:
    """Most machines let everybody read new files."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def modes(folder: Path) -> set[str]:
    return {oct(path.stat().st_mode & 0o777) for path in folder.iterdir()}


def test_a_new_store_and_its_files_are_for_its_user_alone(tmp_path: Path) -> None:
    with Store(f"sqlite:///{tmp_path / 'calls.sqlite3'}") as store:
        store.save([CallRecord("CA1", "desk", "twilio").as_json()], "me")
        assert len(list(tmp_path.iterdir())) == 3
        assert modes(tmp_path) == {"0o600"}


def test_one_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "calls.sqlite3"
    path.touch()
    path.chmod(0o644)
    with Store(f"sqlite:///{path}"):
        assert modes(tmp_path) == {"0o640"}


def test_a_store_in_memory_has_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with Store("sqlite://"):
        assert list(tmp_path.iterdir()) == []
