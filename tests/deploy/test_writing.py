"""Files are written once, anew, and never over what somebody edited."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest

from agentrun.deploy import writing
from agentrun.deploy.writing import MANIFEST, write
from agentrun.deploy.written.manifest import hash_of
from agentrun.errors import SetupError


def states(folder: Path, files: dict[str, bytes], *, overwrite: bool = False) -> dict[str, str]:
    return {one.name: one.state for one in write(folder, files, overwrite=overwrite)}


def test_what_was_not_edited_is_written_anew(tmp_path: Path) -> None:
    assert states(tmp_path, {"a.txt": b"1\n", "b/c.txt": b"2\n"}) == {"a.txt": "wrote", "b/c.txt": "wrote"}
    assert states(tmp_path, {"a.txt": b"1\n", "b/c.txt": b"3\n"}) == {
        "a.txt": "unchanged",
        "b/c.txt": "updated",
    }
    assert (tmp_path / "b" / "c.txt").read_text() == "3\n"


def test_an_edit_stays_and_the_difference_is_told(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": b"one\ntwo\n"})
    (tmp_path / "a.txt").write_text("one\nmine\n")
    for _ in range(2):
        [kept] = write(tmp_path, {"a.txt": b"one\nthree\n"})
        assert kept.state == "kept"
        assert "-mine\n+three" in kept.difference
    assert (tmp_path / "a.txt").read_text() == "one\nmine\n"


def test_an_edit_that_became_what_is_generated_is_no_edit_any_more(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": b"1\n"})
    (tmp_path / "a.txt").write_text("2\n")
    assert states(tmp_path, {"a.txt": b"2\n"}) == {"a.txt": "unchanged"}
    assert states(tmp_path, {"a.txt": b"3\n"}) == {"a.txt": "updated"}


def test_a_file_that_was_there_before_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("mine\n")
    assert states(tmp_path, {"a.txt": b"1\n"}) == {"a.txt": "kept"}
    assert states(tmp_path, {"a.txt": b"1\n"}, overwrite=True) == {"a.txt": "updated"}


def test_what_is_no_longer_generated_is_named_and_stays(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": b"1\n", "b.txt": b"2\n"})
    assert states(tmp_path, {"a.txt": b"1\n"}) == {"a.txt": "unchanged", "b.txt": "left"}
    (tmp_path / "b.txt").unlink()
    assert states(tmp_path, {"a.txt": b"1\n"}) == {"a.txt": "unchanged"}


@pytest.mark.parametrize(
    "manifest",
    [
        "",
        "no json",
        "[]",
        "[" * 100_000,
        '{"files": {"a.txt": 7}}',
        '{"files": 7, "place": "x"}',
        "x" * 2_000_000,
    ],
)
def test_a_manifest_that_cannot_be_understood_costs_no_edit(tmp_path: Path, manifest: str) -> None:
    write(tmp_path, {"a.txt": b"1\n"})
    (tmp_path / "a.txt").write_text("mine\n")
    (tmp_path / MANIFEST).write_text(manifest)
    assert states(tmp_path, {"a.txt": b"2\n"}) == {"a.txt": "kept"}
    assert (tmp_path / "a.txt").read_text() == "mine\n"


def test_the_manifest_holds_hashes_alone(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": b"secret"})
    data = json.loads((tmp_path / MANIFEST).read_text())
    [(name, value)] = data["files"].items()
    assert (name, len(value), set(data)) == ("a.txt", 64, {"files"})


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", MANIFEST])
def test_a_name_that_leads_out_is_refused_before_anything_is_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(SetupError):
        write(tmp_path / "out", {"a.txt": b"1", name: b"2"})
    assert not (tmp_path / "out").exists()


def test_a_link_or_a_folder_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link.txt").symlink_to(tmp_path / "elsewhere.txt")
    (tmp_path / "out" / "folder.txt").mkdir()
    for name in ("link.txt", "folder.txt"):
        with pytest.raises(SetupError, match="not a plain file"):
            write(tmp_path / "out", {name: b"1"})
    assert not (tmp_path / "elsewhere.txt").exists()


def test_where_nothing_can_be_written_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="not a folder that can be written to"):
        write(tmp_path / "file" / "out", {"a.txt": b"1"})


@pytest.mark.parametrize(
    ("stop", "error"), [(OSError(errno.ENOSPC, "No space left"), SetupError), (KeyboardInterrupt(), None)]
)
def test_what_was_written_before_it_was_stopped_is_no_edit_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: BaseException, error: type[Exception] | None
) -> None:
    real, turns = tempfile.mkstemp, iter([None, None, stop, None])

    def mkstemp(**options: Any) -> tuple[int, str]:
        if turn := next(turns):
            raise turn
        return real(**options)

    monkeypatch.setattr(tempfile, "mkstemp", mkstemp)
    with pytest.raises(error or KeyboardInterrupt) as failure:
        write(tmp_path, {"a.txt": b"1", "b.txt": b"1"})
    assert error is None or "b.txt' can't be written: No space left" in str(failure.value)
    monkeypatch.undo()
    assert states(tmp_path, {"a.txt": b"2", "b.txt": b"2"}) == {"a.txt": "updated", "b.txt": "wrote"}


def test_what_a_killed_run_had_written_is_no_edit_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is put down once it is killed, and it is killed twice."""
    (tmp_path / "mine.txt").write_text("mine")
    write(tmp_path, {"a.txt": b"1", "b.txt": b"1"})
    for content in (b"2", b"3"):
        left, real = 2, writing._put

        def put(path: Path, text: bytes, real: Any = real) -> None:
            nonlocal left
            if left == 0:
                raise KeyboardInterrupt
            left -= 1
            real(path, text)

        monkeypatch.setattr(writing, "_put", put)
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path, {"a.txt": content, "b.txt": content, "c.txt": content})
        monkeypatch.undo()
        assert (tmp_path / "a.txt").read_bytes() == content
    done = states(tmp_path, {"a.txt": b"4", "b.txt": b"4", "c.txt": b"4", "mine.txt": b"4"})
    assert done == {"a.txt": "updated", "b.txt": "updated", "c.txt": "wrote", "mine.txt": "kept"}


def test_an_edit_after_a_killed_run_stays(tmp_path: Path) -> None:
    write(tmp_path, {"a.txt": b"1"})
    data = json.loads((tmp_path / MANIFEST).read_text())
    (tmp_path / MANIFEST).write_text(json.dumps({**data, "pending": {"a.txt": hash_of(b"2"), "b.txt": 7}}))
    (tmp_path / "a.txt").write_text("edited")
    assert states(tmp_path, {"a.txt": b"3"}) == {"a.txt": "kept"}


def test_a_difference_of_a_whole_book_is_cut(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\n".join(map(str, range(5_000))))
    (tmp_path / "b.bin").write_bytes(os.urandom(64) + b"\xff")
    text, binary = write(tmp_path, {"a.txt": b"x\n", "b.bin": b"\xfe"})
    assert len(text.difference.splitlines()) == 61
    assert binary.difference == "(no text)"
