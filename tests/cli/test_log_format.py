"""``agentrun serve --log-format json``: every line is one object, and says its call."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agentrun.simulate.caller import Caller
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.faults import Fault
from agentrun.simulate.openai import OpenAIServer
from tests.calls.desk import HELLO, OPEN, QUESTION, listen
from tests.cli.test_serve import SPEC, serving


@pytest.mark.parametrize("way", ["option", "variable", "file"])
async def test_every_line_of_a_call_is_an_object_with_its_id(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = tmp_path / "desk.yaml"
    spec.write_text(SPEC)
    given, options = {}, ["--records", "none", "--log-level", "DEBUG"]
    if way == "option":
        options += ["--log-format", "json"]
    elif way == "variable":
        given["AGENTRUN_LOG_FORMAT"] = "json"
    else:
        config = tmp_path / "server.toml"
        config.write_text('log-format = "json"\n')
        options += ["--config", str(config)]
    hearing = ScriptedHearing(["When are you open?"] * 2)
    async with OpenAIServer(hearing, ToneVoice(), ScriptedBrain([HELLO, OPEN, OPEN])) as openai:
        given |= {"OPENAI_API_KEY": "test", "OPENAI_BASE_URL": openai.base_url}
        async with serving(spec, given, *options) as (process, url):
            async with Caller().call(f"{url}/desk") as call:
                await call.hear_greeting(silence=0.5)
                openai.conditions.faults["chat"] = Fault("status", 500)
                await call.say(QUESTION)
                await listen(call)
            process.terminate()
            _, stderr = await process.communicate()
    found: list[dict[str, Any]] = [json.loads(line) for line in stderr.decode().splitlines()]
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
