"""``agentrun calls replay``: a call that was recorded is run again with today's spec."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest
import yaml

from agentrun.simulate.engines.engines import Answer, ToolCall
from tests import programs
from tests.calls.desk import HELLO, PLUGIN, QUESTION, SPEC, STYLES, open_desk

BOOKING = PLUGIN.replace(
    "return [get_hours, get_slow_hours]",
    '''return [get_hours, get_slow_hours, book_table]

async def book_table(guests: int, name: str = "nobody") -> dict[str, str]:
    """Book a table for this evening."""
    if guests > 12:
        raise ToolError("We seat at most 12.")
    return {"booked": f"{guests} for {name}"}
''',
)
LOOK_UP = Answer(calls=(ToolCall("get_hours"),))
BOOK = Answer(calls=(ToolCall("book_table", {"guests": 2}),))
TOO_MANY = Answer(calls=(ToolCall("book_table", {"guests": 20}),))
DONE = Answer("Your table for two is booked.")
SORRY = Answer("We seat at most twelve.")


def replay(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return programs.run("calls", "replay", *arguments, cwd=folder, timeout=80)


async def record_call(folder: Path, style: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Two questions over the telephone, in a store; the id of the call."""
    monkeypatch.setattr("tests.calls.desk.PLUGIN", BOOKING)
    answers = [HELLO, LOOK_UP, BOOK, DONE, TOO_MANY, SORRY]
    words = ["A table for two, please.", "And one for twenty?"]
    records = f"sqlite:///{folder / 'agentrun-calls.sqlite3'}"
    async with open_desk(folder, answers, heard=words, style=style, records=records) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting(silence=0.5)
            for _ in range(2):
                await call.say(QUESTION)
                await call.hear_answer(silence=1.0)
        record = await desk.finished(call)
    assert [entry.who for entry in record.transcript].count("tool") == 3
    return call.call_sid


@pytest.fixture
def recorded(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A cascaded call."""
    return asyncio.run(record_call(tmp_path, "cascaded", monkeypatch))


def edit(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after), encoding="utf-8")


@pytest.mark.parametrize("style", STYLES)
async def test_the_same_spec_goes_the_same_way(
    tmp_path: Path, style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = await record_call(tmp_path, style, monkeypatch)
    done = await asyncio.to_thread(replay, tmp_path, call, "--style", style)
    assert (done.returncode, done.stdout) == (0, "3 turns: nothing has changed\n"), done.stderr


def test_each_edit_is_named(tmp_path: Path, recorded: str) -> None:
    spec, plugin = tmp_path / "desk.yaml", tmp_path / "plugins" / "hours.py"

    edit(spec, "the telephone of a restaurant", "the telephone of a butcher")
    done = replay(tmp_path, recorded)
    assert (done.returncode, done.stdout) == (1, "prompts.system changed\n")

    spec.write_text(SPEC.replace("Say hello.", "Say good evening."), encoding="utf-8")
    assert replay(tmp_path, recorded).stdout == "prompts.greeting changed\n"

    spec.write_text(SPEC + "pipeline: {llm: openai/gpt-4o-mini}\n", encoding="utf-8")
    done = replay(tmp_path, recorded)
    assert done.returncode == 1
    assert "pipeline.llm: the model was openai/" in done.stdout
    assert "and is openai/gpt-4o-mini" in done.stdout

    spec.write_text(SPEC, encoding="utf-8")
    edit(plugin, "guests: int, name", "guests: int, hour: int, name")
    done = replay(tmp_path, recorded)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0] == "the tool book_table: parameter hour is new"
    assert lines[1].startswith("turn 1: book_table({\"guests\": 2}) was ok, and is refused: Argument 'hour'")

    edit(plugin, "get_slow_hours, book_table]", "get_slow_hours]")
    done = replay(tmp_path, recorded)
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == "the tool book_table is gone"
    assert 'turn 1: book_table({"guests": 2}) was called, and is not' in done.stdout


def test_a_call_is_added_to_a_file_of_tests(tmp_path: Path, recorded: str) -> None:
    tests = tmp_path / "desk.tests.yaml"
    tests.write_text(
        "# what must go well\nscenarios:\n- name: hello\n  turns:\n  - user: Hi\n", encoding="utf-8"
    )
    done = replay(tmp_path, recorded, "--write", str(tests))
    assert done.returncode == 0, done.stdout + done.stderr
    written = tests.read_text(encoding="utf-8")
    assert written.startswith("# what must go well\nscenarios:\n- name: hello\n")
    added = yaml.safe_load(written)["scenarios"][1]
    assert [turn.get("user") for turn in added["turns"]] == [
        None,
        "A table for two, please.",
        "And one for twenty?",
    ]
    assert added["turns"][1]["tools"]["book_table"]["results"][0] == {
        "args": {"guests": 2},
        "result": {"booked": "2 for nobody"},
    }
    assert added["turns"][2]["tools"]["book_table"]["results"][0]["error"] == "We seat at most 12."
    passed = programs.run("test", "desk.yaml", "-k", added["name"], cwd=tmp_path, timeout=80)
    assert passed.returncode == 0, passed.stdout + passed.stderr
    again = replay(tmp_path, recorded, "--write", str(tests))
    assert again.returncode == 1
    assert "already" in again.stderr
    assert tests.read_text(encoding="utf-8") == written


def test_a_call_that_is_not_there_is_told(tmp_path: Path, recorded: str) -> None:
    assert "there is no call 'nobody'" in replay(tmp_path, "nobody").stderr
    (tmp_path / "desk.yaml").rename(tmp_path / "moved.yaml")
    assert "add --spec agents/desk.yaml" in replay(tmp_path, recorded).stderr
    assert replay(tmp_path, recorded, "--spec", "moved.yaml").returncode == 0
