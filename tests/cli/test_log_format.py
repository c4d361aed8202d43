"""``agentrun serve --log-format json``: every line is one object, and says its call."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agentrun.simulate.caller import Caller
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.faults import Fault
from agentrun.simulate.openai import OpenAIServer
from tests.calls.desk import HELLO, OPEN, QUESTION, listen
from tests.cli.serve_process import SPEC, Serving, serving

OPTIONS = ("--records", "none", "--log-level", "DEBUG")


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "desk.yaml"
    path.write_text(SPEC)
    return path


@pytest.fixture
async def openai() -> AsyncIterator[OpenAIServer]:
    hearing = ScriptedHearing(["When are you open?"] * 2)
    async with OpenAIServer(hearing, ToneVoice(), ScriptedBrain([HELLO, OPEN, OPEN])) as server:
        yield server


async def logged(process: Serving) -> list[dict[str, Any]]:
    """The objects that a server has logged, once it is told to end."""
    process.terminate()
    _, stderr = await process.communicate()
    return [json.loads(line) for line in stderr.decode().splitlines()]


async def test_every_line_of_a_call_is_an_object_with_its_id(spec: Path, openai: OpenAIServer) -> None:
    given = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url}
    # what Pipecat logs while it is imported is an object as well
    async with serving(spec, given, *OPTIONS, "--log-format", "json", whole_start=True) as (process, url):
        async with Caller().call(f"{url}/desk") as call:
            await call.hear_greeting(silence=0.5)
            openai.conditions.faults["chat"] = Fault("status", 500)
            await call.say(QUESTION)
            await listen(call)
        found = await logged(process)
    mine = [line for line in found if line.get("call") == call.call_sid]
    assert {line["agent"] for line in mine} == {"desk"}
    modules = {line["logger"].partition(".")[0] for line in mine}
    assert {"pipecat", "agentrun"} <= modules
    assert any(line["level"] == "WARNING" and "500" in line["message"] for line in mine)
    ended = [line for line in found if line["message"].startswith(f"call {call.call_sid} of desk ended")]
    assert [line["call"] for line in ended] == [call.call_sid]
    begun, over = found.index(mine[0]), found.index(mine[-1])
    within = [line for line in found[begun:over] if line["logger"].startswith("pipecat")]
    strays = [line for line in within if "call" not in line]
    assert strays == []


@pytest.mark.parametrize("way", ["variable", "file"])
async def test_a_variable_or_a_file_asks_for_objects(spec: Path, openai: OpenAIServer, way: str) -> None:
    given, options = {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url}, list(OPTIONS)
    if way == "variable":
        given["AGENTRUN_LOG_FORMAT"] = "json"
    else:
        config = spec.with_name("server.toml")
        config.write_text('log-format = "json"\n')
        options += ["--config", str(config)]
    async with serving(spec, given, *options, whole_start=True) as (process, _):
        found = await logged(process)
    assert {"agentrun"} <= {line["logger"].partition(".")[0] for line in found}
