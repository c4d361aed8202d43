"""``agentrun calls``: what a store holds, and what a killed server leaves in it."""

from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from agentrun.records import CallRecord, Entry, Turn
from agentrun.records.store.store import CUT_OFF, CallQuery, Store
from agentrun.simulate.caller import Caller
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from tests import programs
from tests.calls.desk import HELLO, until
from tests.cli.serve_process import SPEC, serving
from tests.records.store.stored_calls import lapse

ROOT = Path(__file__).parents[2]
ENVIRON = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "COLUMNS": "200"}


def calls(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return programs.run("calls", *arguments, cwd=folder, timeout=30)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder in which a server has kept two calls."""
    one = CallRecord("CA1", "desk", "twilio", "+15551234567")
    one.transcript = [
        Entry(0.4, "agent", "Hello."),
        Entry(2.0, "caller", "A table for [two], please."),
        Entry(2.6, "tool", "Booked.", "book_table", {"guests": 2}, "ok", 0.25),
        Entry(3.0, "agent", "Your table is", interrupted=True),
    ]
    one.recording = "/var/calls/desk-CA1.wav"
    one.errors = ["unknown: Error code: 500"]
    one.seconds = 12.0
    one.ended, one.ended_by, one.reason = one.started + timedelta(seconds=12), "caller", "the caller hung up"
    two = CallRecord("CA2", "other", "browser")
    two.started += timedelta(seconds=1)
    with Store(f"sqlite:///{tmp_path / 'agentrun-calls.sqlite3'}") as store:
        store.save([one.as_json(), two.as_json()], "a server")
    return tmp_path


def test_the_budget_of_a_spec_stands_beside_what_was_waited(folder: Path) -> None:
    slow = CallRecord("CA3", "slow", "twilio", spec={"budget": {"first_audio": 900.0, "turn_p95": 1500.0}})
    slow.first_audio_ms = 850.0
    slow.turns = [Turn(2.0, 1730.4, {"llm": 1730.4})]
    with Store(f"sqlite:///{folder / 'agentrun-calls.sqlite3'}") as store:
        store.save([slow.as_json()], "a server")
    within, exceeded = "first_audio 850 of 900 ms, 1 call", "turn_p95 1730 of 1500 ms, 1 turn: too slow"
    listed, shown = calls(folder, "list").stdout, calls(folder, "show", "CA3").stdout
    assert listed.splitlines()[-2:] == [f"budget of slow: {within}", f"budget of slow: {exceeded}"]
    assert f"budget: {within}\nbudget: {exceeded}\n" in shown
    assert "budget" not in calls(folder, "show", "CA1").stdout


def test_the_list_says_who_when_and_why(folder: Path) -> None:
    done = calls(folder, "list")
    assert done.returncode == 0, done.stderr
    _, newest, oldest = done.stdout.splitlines()
    assert "CA2" in newest
    assert "still up" in newest
    for words in ("CA1", "desk", "+15551234567", "12 s", "caller", "the caller hung up"):
        assert words in oldest
    assert "CA2" not in calls(folder, "list", "--agent", "desk").stdout


def test_one_call_is_shown_with_its_times(folder: Path) -> None:
    shown = calls(folder, "show", "CA1").stdout
    assert "0.40 agent  Hello." in " ".join(shown.split("  ")).replace("   ", " ") or "Hello." in shown
    assert "A table for [two], please." in shown
    assert 'book_table({"guests": 2}) ok in 0.25 s: Booked.' in shown
    assert "Your table is — cut by the caller" in shown
    assert "recording: /var/calls/desk-CA1.wav" in shown
    assert "error: unknown: Error code: 500" in shown
    assert shown.endswith("ended by caller: the caller hung up\n")


def test_what_is_exported_is_the_record(folder: Path) -> None:
    lines = [json.loads(line) for line in calls(folder, "export").stdout.splitlines()]
    assert [line["id"] for line in lines] == ["CA2", "CA1"]
    assert lines[1]["transcript"][2]["arguments"] == {"guests": 2}
    assert json.loads(calls(folder, "show", "CA1", "--json").stdout) == lines[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "CA9"), "there is no call 'CA9'"),
        (("list", "--records", "sqlite:///none.sqlite3"), "there are no records at none.sqlite3"),
        (("list", "--records", "none"), "--records none keeps no records"),
        (("list", "--records", "what"), "'what' is not an address of a store"),
    ],
)
def test_what_is_not_there_is_told(folder: Path, arguments: tuple[str, ...], message: str) -> None:
    done = calls(folder, *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert not (folder / "none.sqlite3").exists()


@pytest.mark.slow
async def test_a_killed_server_leaves_the_words_of_its_calls(tmp_path: Path) -> None:
    url, spec = f"sqlite:///{tmp_path / 'calls.sqlite3'}", tmp_path / "desk.yaml"
    spec.write_text(SPEC)
    async with OpenAIServer(ScriptedHearing(()), ToneVoice(), ScriptedBrain([HELLO])) as openai:
        given = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url}
        async with (
            serving(spec, given, "--records", url) as (process, address),
            Caller().call(f"{address}/desk") as call,
        ):
            await call.hear_greeting(timeout=30)
            with Store(url) as store:
                await until(lambda: any(row["transcript"] for row in store.find(CallQuery())), 10)
            process.kill()
            await process.wait()
    with Store(url) as store:
        [before] = store.find(CallQuery())
        assert before["ended"] is None
        assert before["transcript"][0]["text"] == HELLO.text
        lapse(store)
        assert len(store.close_abandoned(store.lapsed())) == 1
        [after] = store.find(CallQuery())
    assert (after["ended_by"], after["reason"]) == ("error", CUT_OFF)
    assert after["transcript"] == before["transcript"]


def analysed(folder: Path) -> None:
    found: dict[str, dict[str, Any]] = {
        "CA5": {
            "state": "done",
            "summary": "A [table] was booked.",
            "success": True,
            "fields": {"reason": "price"},
        },
        "CA6": {
            "state": "done",
            "summary": "No.",
            "success": False,
            "fields": {"reason": None, "dishes": ["soup"]},
        },
        "CA7": {"state": "failed", "reason": "the model did not answer"},
    }
    found["CA5"]["fields"] = {"reason": "price"}
    found["CA6"]["fields"] = {"reason": None, "dishes": ["soup"]}
    made = []
    for number, (call_id, analysis) in enumerate(found.items()):
        record = CallRecord(call_id, "desk", "twilio", analysis=analysis)
        record.started += timedelta(seconds=number)
        record.ended, record.ended_by, record.seconds = record.started, "caller", 30.0 * number
        made.append(record.as_json())
    with Store(f"sqlite:///{folder / 'agentrun-calls.sqlite3'}") as store:
        store.save(made, "a server")


@pytest.mark.parametrize(
    ("conditions", "ids"),
    [
        (["success=true"], ["CA5"]),
        (["success!=true"], ["CA6"]),
        (["reason=price"], ["CA5"]),
        (["reason=null"], ["CA6"]),
        (["dishes=soup"], ["CA6"]),
        (["state=failed"], ["CA7"]),
        (["summary~TABLE"], ["CA5"]),
        (["seconds>=30", "analysis.state=done"], ["CA6"]),
        (["seconds>59"], ["CA7"]),
        (["nothing=there"], []),
        (["nothing!=there"], []),
    ],
)
def test_calls_are_found_by_what_stands_in_their_records(
    folder: Path, conditions: list[str], ids: list[str]
) -> None:
    analysed(folder)
    where = [part for one in conditions for part in ("--where", one)]
    listed = calls(folder, "list", "--json", "--agent", "desk", *where).stdout.splitlines()
    assert [json.loads(line)["id"] for line in listed] == ids


@pytest.mark.parametrize("bad", ["success", "=true", "seconds>long", "se conds=1"])
def test_what_is_no_condition_is_refused_with_an_example(folder: Path, bad: str) -> None:
    done = calls(folder, "list", "--where", bad)
    assert done.returncode == 2
    assert "Invalid value for '--where'" in done.stderr


def test_the_newest_of_those_that_are_meant_are_listed(folder: Path) -> None:
    analysed(folder)
    listed = calls(folder, "list", "--json", "--last", "1", "--where", "state=done").stdout
    assert json.loads(listed)["id"] == "CA6"


def test_the_analysis_of_a_call_is_shown_and_exported(folder: Path) -> None:
    analysed(folder)
    shown = calls(folder, "show", "CA6").stdout
    assert "summary: No." in shown
    assert "success: no" in shown
    assert "reason: not told" in shown
    assert "dishes: soup" in shown
    assert "summary: A [table] was booked." in calls(folder, "show", "CA5").stdout
    assert "analysis: failed: the model did not answer" in calls(folder, "show", "CA7").stdout
    exported = calls(folder, "export", "--csv", "--where", "success=true").stdout
    assert "A [table] was booked." in exported
