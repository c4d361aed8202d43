"""Records that the store did not take wait in files, and each is taken in once."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

from agentrun.records.store.local_copies import LocalCopies, folder
from tests.log_lines import log_lines

ROW = {"id": "CA1", "agent": "desk", "reason": "half of a pair: \ud83d"}


def test_what_waits_is_taken_in_with_its_key_and_its_webhook_and_then_gone(tmp_path: Path) -> None:
    copies, taken = LocalCopies(tmp_path / "unstored"), list[tuple[Any, str, Collection[str]]]()

    def save(row: Mapping[str, Any], key: str, webhooks: Collection[str]) -> bool:
        taken.append((row, key, webhooks))
        return True

    path = copies.wait(ROW, "k1", webhook=True)
    copies.wait({**ROW, "id": "CA2"}, "k2", webhook=False)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert copies.take_in(save) == 2
    assert taken == [(ROW, "k1", {"desk"}), ({**ROW, "id": "CA2"}, "k2", ())]
    assert list((tmp_path / "unstored").iterdir()) == []
    assert copies.take_in(save) == 0


def test_what_the_store_refuses_or_nobody_can_read_is_kept_for_people(tmp_path: Path) -> None:
    copies = LocalCopies(tmp_path)
    copies.wait(ROW, "k1", webhook=False)
    (tmp_path / "waiting-k2.json").write_text("{ this is no JSON")
    assert copies.take_in(lambda *_: False) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["refused-k1.json", "refused-k2.json"]


def test_what_a_store_that_is_away_did_not_take_waits_on(tmp_path: Path) -> None:
    copies = LocalCopies(tmp_path)
    copies.wait(ROW, "k1", webhook=False)

    def away(*_: Any) -> bool:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        copies.take_in(away)
    assert [path.name for path in tmp_path.iterdir()] == ["waiting-k1.json"]


def test_a_file_that_can_not_be_read_keeps_no_other_out_of_the_store(tmp_path: Path) -> None:
    copies = LocalCopies(tmp_path)
    (tmp_path / "waiting-a.json").mkdir()
    copies.wait(ROW, "b", webhook=False)
    with log_lines("ERROR") as lines:
        assert copies.take_in(lambda *_: True) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["waiting-a.json"]
    assert "a record waits at" in lines[0]


def test_many_servers_that_start_at_once_take_each_record_in_once(tmp_path: Path) -> None:
    copies, taken = LocalCopies(tmp_path), list[str]()
    for number in range(40):
        copies.wait(ROW, f"k{number:02}", webhook=False)

    def save(_row: Mapping[str, Any], key: str, _webhooks: Collection[str]) -> bool:
        taken.append(key)
        return True

    threads = [threading.Thread(target=copies.take_in, args=(save,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(taken) == [f"k{number:02}" for number in range(40)]


@pytest.mark.parametrize("left", ["waiting-k1.json", "taken-1-k1.json"])
def test_what_a_server_that_was_killed_had_in_hand_is_taken_in_by_the_next(tmp_path: Path, left: str) -> None:
    copies, taken = LocalCopies(tmp_path), list[str]()
    copies.wait(ROW, "k1", webhook=False).rename(tmp_path / left)

    def take(_row: Mapping[str, Any], key: str, _webhooks: Collection[str]) -> bool:
        taken.append(key)
        return True

    def killed(*_: Any) -> bool:
        assert copies.take_in(take) == 0, "it is in somebody's hand"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copies.take_in(killed)
    assert (copies.take_in(take), taken, list(tmp_path.iterdir())) == (1, ["k1"], [])


def test_a_refused_record_is_kept_with_the_reason(tmp_path: Path) -> None:
    path = LocalCopies(tmp_path).refuse(ROW, "k1", "another record of this call is stored")
    kept = json.loads(path.read_text())
    assert (kept["record"], kept["reason"]) == (ROW, "another record of this call is stored")


def test_the_files_lie_beside_the_store() -> None:
    assert folder("sqlite:///calls.sqlite3") == Path("calls.sqlite3-unstored")
    assert folder("postgresql+psycopg://db/calls").name == "agentrun-calls.sqlite3-unstored"
