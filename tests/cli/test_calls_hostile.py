"""``agentrun calls`` with calls that would break it, at a narrow terminal, and for other programs."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from itertools import chain, repeat
from pathlib import Path

import pytest

from agentrun.records import CallRecord, Entry, KeyPress
from agentrun.records.store.store import Store
from tests import programs

ENVIRON = {"PATH": "/usr/bin:/bin"}
IDS = [f"CA{number}{'0123456789abcdef' * 2}"[:34] for number in (1, 12)]
HOSTILE = "client:[/x] \x1b[2J\x1b]0;owned\x07 \u202egnorw \x9b31m"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store with a hostile call and an ordinary one, whose ids begin alike."""
    made = []
    for number, (call_id, words) in enumerate(zip(IDS, (HOSTILE, "+15551234567"), strict=True)):
        moments = chain((0.0, 0.0), repeat(12.0))
        record = CallRecord(call_id, "desk", "twilio", words, clock=partial(next, moments))
        record.started += timedelta(seconds=number)
        record.answer()
        record.transcript = [
            Entry(0.4, "agent", f"Hello {words}", cut_by="hang-up", interrupted=True),
            Entry(0.6, "tool", words, words, {words: words}, "ok", 0.25),
        ]
        record.keypad = [KeyPress(0.5, "42#")]
        record.errors = [words]
        record.ended_by, record.reason = "caller", f"the caller hung up {words}"
        record.close()
        made.append(record.as_json())
    with Store(f"sqlite:///{tmp_path / 'agentrun-calls.sqlite3'}") as store:
        store.save(made, "a server")
    return tmp_path


def calls(folder: Path, *arguments: str) -> str:
    done = programs.run("calls", *arguments, cwd=folder, env=ENVIRON)
    assert done.returncode == 0, done.stderr
    return done.stdout


def on_a_terminal(folder: Path, columns: int, *arguments: str) -> str:
    """What a terminal of so many columns is sent."""
    ours, theirs = pty.openpty()
    environ = {**ENVIRON, "COLUMNS": str(columns), "TERM": "xterm"}
    terminal = Path(os.ttyname(theirs))
    with ThreadPoolExecutor(1) as pool:
        program = pool.submit(programs.run, "calls", *arguments, cwd=folder, env=environ, stdout=terminal)
        program.add_done_callback(lambda _: os.close(theirs))
        shown = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:
                break
            if not piece:
                break
            shown += piece
    os.close(ours)
    assert program.result().returncode == 0
    return shown.decode()


@pytest.mark.parametrize(
    "arguments",
    [
        ("list",),
        ("list", "--json"),
        ("list", "--csv"),
        ("show", IDS[0]),
        ("show", IDS[0], "--json"),
        ("show", IDS[0], "--csv"),
        ("export",),
    ],
    ids=" ".join,
)
def test_a_hostile_call_is_shown_and_not_obeyed(folder: Path, arguments: tuple[str, ...]) -> None:
    shown = calls(folder, *arguments)
    assert "client:[/x]" in shown
    for command in ("\x1b", "\x07", "\x9b", "\u202e"):
        assert command not in shown


def test_a_terminal_is_sent_no_sequence_of_a_calls(folder: Path) -> None:
    for arguments in (("list",), ("show", IDS[0])):
        shown = on_a_terminal(folder, 200, *arguments)
        assert "client:[/x]" in shown
        assert "\x1b[2J" not in shown
        assert "\x1b]0" not in shown
        assert "\\x1b[2J" in shown


def test_ids_are_whole_at_80_columns_and_in_a_pipe(folder: Path) -> None:
    for shown in (on_a_terminal(folder, 80, "list"), calls(folder, "list")):
        for words in (*IDS, "desk", "caller", "the caller"):
            assert words in shown
    lines = calls(folder, "list").splitlines()
    assert len(lines) == 3
    assert "the caller hung up +15551234567" in lines[1]


def test_the_beginning_of_an_id_is_enough_where_one_call_has_it(folder: Path) -> None:
    assert "ended by caller" in calls(folder, "show", "CA12")
    assert json.loads(calls(folder, "show", "CA10", "--json"))["id"] == IDS[0]
    done = programs.run("calls", "show", "CA1", cwd=folder, env=ENVIRON)
    assert done.returncode == 1
    assert "several calls begin with 'CA1'" in done.stderr
    assert IDS[1] in done.stderr


def test_csv_has_a_line_a_call_and_no_formula(folder: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(calls(folder, "list", "--csv"))))
    assert [row["id"] for row in rows] == [IDS[1], IDS[0]]
    assert (rows[0]["from_number"], rows[0]["seconds"], rows[0]["ended_by"]) == (
        "+15551234567",
        "12.0",
        "caller",
    )
    entries = list(csv.DictReader(io.StringIO(calls(folder, "show", IDS[1], "--csv"))))
    assert [entry["who"] for entry in entries] == ["agent", "tool"]


def test_keys_that_nobody_collected_are_shown(folder: Path) -> None:
    assert "pressed 42#, which nobody had asked for" in calls(folder, "show", IDS[1])
    assert "cut by the hang-up" in calls(folder, "show", IDS[1])
