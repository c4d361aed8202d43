"""An edit holds from the next call on; a broken one changes nothing and says why."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from agentrun.errors import Problem, SetupError
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from agentrun.server.lifecycle.specs import reload
from agentrun.server.lifecycle.startup import Options, RunningServer, load, running_server
from agentrun.simulate.caller import Caller
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from tests.calls.desk import HELLO, LOOK_UP, OPEN, PLUGIN, QUESTION, listen, until
from tests.log_lines import log_lines

SPEC = """name: desk
transport: twilio
prompts: {system: {file: prompts/desk.md}, greeting: Say hello., apology: Sorry.}
tools: [hours]
"""


@pytest.fixture
def logs() -> Iterator[list[str]]:
    """What the operator reads."""
    with log_lines("WARNING") as lines:
        yield lines


@contextlib.asynccontextmanager
async def watched(folder: Path, answers: list[Answer]) -> AsyncIterator[tuple[RunningServer, OpenAIServer]]:
    """A server that watches the files of ``folder``."""
    for name, text in (
        ("desk.yaml", SPEC),
        ("prompts/desk.md", "The old prompt."),
        ("plugins/hours.py", PLUGIN),
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    hearing = ScriptedHearing(["When are you open?"] * 4)
    async with OpenAIServer(hearing, ToneVoice(), ScriptedBrain(answers)) as openai:
        environ = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url}
        options = Options(port=0, insecure=True, watch=True)
        async with running_server([folder], environ, options) as server:
            yield server, openai


def told(openai: OpenAIServer) -> list[Any]:
    """What the model was told in each request: the first message."""
    return [r.body["messages"][0]["content"] for r in openai.requests if r.route == "chat"]


async def test_an_edit_in_mid_call_holds_for_the_next_call_and_not_for_this_one(tmp_path: Path) -> None:
    async with watched(tmp_path, [HELLO, OPEN, HELLO]) as (server, openai):
        old = server.switchboard.plans["desk"]
        async with Caller().call(f"{server.url}/desk") as call:
            await call.hear_greeting()
            (tmp_path / "prompts" / "desk.md").write_text("The new prompt.")
            await until(lambda: server.switchboard.plans["desk"] is not old, 15)
            await call.say(QUESTION)
            assert await listen(call)
        async with Caller().call(f"{server.url}/desk") as call:
            await call.hear_greeting()
        assert told(openai) == ["The old prompt.", "The old prompt.", "The new prompt."]


async def test_an_edited_plugin_works_in_the_next_call(tmp_path: Path) -> None:
    async with watched(tmp_path, [HELLO, LOOK_UP, OPEN]) as (server, _):
        old = server.switchboard.plans["desk"]
        (tmp_path / "plugins" / "hours.py").write_text(PLUGIN.replace("six to eleven", "noon to one"))
        await until(lambda: server.switchboard.plans["desk"] is not old, 15)
        async with Caller().call(f"{server.url}/desk") as call:
            await call.hear_greeting()
            await call.say(QUESTION)
            assert await listen(call)
        (record,) = server.switchboard.records.newest()
        assert [entry.text for entry in record.transcript if entry.who == "tool"] == ["from noon to one"]


BROKEN = {
    "desk.yaml": (
        SPEC.replace("twilio", "twillio"),
        "desk.yaml:2:12: transport.type: 'twillio' is not one of",
    ),
    "plugins/hours.py": ("import nothing_of_that_name\n", "nothing_of_that_name"),
    "prompts/desk.md": ("Hello {{ call.nothing }}.", "prompts/desk.md:1:"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_edit_is_refused_with_its_place_until_it_is_mended(
    tmp_path: Path, logs: list[str], name: str
) -> None:
    broken, words = BROKEN[name]
    async with watched(tmp_path, []) as (server, _):
        old = server.switchboard.plans["desk"]
        good = (tmp_path / name).read_text()
        (tmp_path / name).write_text(broken)
        await until(lambda: any(words in line for line in logs), 15)
        assert server.switchboard.plans["desk"] is old
        async with httpx.AsyncClient(base_url=server.url) as client:
            (agent,) = (await client.get("/agents")).json()
            (told,) = agent["refused"]
            assert words in str(Problem(**told)).replace(f"{tmp_path}/", "")
            (tmp_path / name).write_text(f"{good}\n")
            await until(lambda: server.switchboard.plans["desk"] is not old, 15)
            (agent,) = (await client.get("/agents")).json()
            assert agent["refused"] == []


@pytest.mark.parametrize("change", [("name: desk", "name: other"), ("transport: twilio", "transport: local")])
async def test_what_a_running_server_can_not_change_is_refused(
    tmp_path: Path, logs: list[str], change: tuple[str, str]
) -> None:
    async with watched(tmp_path, []) as (server, _):
        old = dict(server.switchboard.plans)
        (tmp_path / "desk.yaml").write_text(SPEC.replace(*change))
        await until(lambda: any("start the server again" in line for line in logs), 15)
        assert dict(server.switchboard.plans) == old


def test_a_folder_serves_its_specs_without_their_tests_and_what_is_hidden(tmp_path: Path) -> None:
    scenarios = (
        "scenarios:\n- name: hi\n  turns: [{user: Hi, expect: [{event: response, text_contains: Hi}]}]\n"
    )
    for name in ("one.yaml", "deep/two.yml", "one.tests.yaml", ".git/three.yaml", "node_modules/x/four.yaml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        text = scenarios if ".tests." in name else "transport: local\nprompts: Be brief.\n"
        (tmp_path / name).write_text(text)
    assert [file.spec.name for file in load([tmp_path])] == ["two", "one"]


def test_a_folder_without_a_spec_says_what_belongs_into_it(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="there is no spec in"):
        load([tmp_path])


@pytest.mark.parametrize("error", [SetupError("the voice refuses a setting", "mend it"), RuntimeError("odd")])
async def test_an_edit_that_can_t_be_taken_into_use_is_said_once_and_tried_again(
    tmp_path: Path, logs: list[str], error: Exception
) -> None:
    (tmp_path / "desk.yaml").write_text("transport: local\nprompts: Be brief.\n")
    [file] = load([tmp_path])
    taken: list[Plan] = []
    troubles: list[Exception] = [error, error]

    async def put(plan: Plan) -> None:
        if troubles:
            raise troubles.pop()
        taken.append(plan)

    plan = planning.make(file, [], {"OPENAI_API_KEY": "k"})
    stamps = {file.path: reload.stamp_of(file)}
    refused: dict[str, Sequence[Problem]] = {}
    reloader = reload.Reloader([file], stamps, lambda path: load([path])[0], lambda _file: plan, put, refused)
    (tmp_path / "desk.yaml").write_text("transport: local\nprompts: Be very brief.\n")
    for _ in range(2):
        await reloader.look()
        assert taken == []
        assert "odd" in str(refused["desk"][0]) or refused["desk"][0].hint == "mend it"
    assert sum("its new version is refused" in line for line in logs) == 1
    await reloader.look()
    assert (taken, refused) == ([plan], {})
