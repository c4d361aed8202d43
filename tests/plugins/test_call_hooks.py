"""Plugins hear of calls: their beginning, and their end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agentrun import plugins, spec
from agentrun.errors import PluginError
from agentrun.simulate.caller import Caller
from tests.calls.desk import HELLO, LOOK_UP, OPEN, QUESTION, listen, open_desk
from tests.plugins.conftest import Project

PLUGIN = """
import json, time
from pathlib import Path
from agentrun import Call, hookimpl

FILE = Path(__file__).with_suffix(".log")

def _note(**what):
    with FILE.open("a") as file:
        file.write(json.dumps(what) + "\\n")

@hookimpl
async def agentrun_call_started(call: Call):
    call.state["customer"] = "Ada"
    _note(started=call.id, caller=call.caller, line=call.line is not None)
    {oops}

@hookimpl
def agentrun_call_ended(record):
    time.sleep(0.2)
    _note(ended=record["id"], by=record["ended_by"], said=len(record["transcript"]))
"""


def notes(folder: Path) -> list[dict[str, object]]:
    """What the plugin has heard."""
    log = folder / "plugins" / "crm.log"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


@pytest.mark.parametrize("oops", ["pass", "raise RuntimeError('broken')"])
async def test_a_plugin_hears_of_a_call_and_a_broken_one_breaks_nothing(tmp_path: Path, oops: str) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "crm.py").write_text(PLUGIN.replace("{oops}", oops))
    script, tools = [HELLO, LOOK_UP, OPEN], {"tools": "[hours, crm]"}
    async with open_desk(tmp_path, script, overrides=tools) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting()
            await call.say(QUESTION)
            assert await listen(call)
        record = await desk.finished(call)
    # the server has stopped: it waited for the plugin
    started, ended = notes(tmp_path)
    assert started == {"started": call.call_sid, "caller": record.from_number, "line": True}
    assert ended == {"ended": call.call_sid, "by": "caller", "said": len(record.transcript)}


async def test_a_plugin_that_no_spec_names_hears_nothing(tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "crm.py").write_text(PLUGIN.replace("{oops}", "pass"))
    async with open_desk(tmp_path, [HELLO]) as desk, Caller().call(desk.url) as call:
        await call.hear_greeting()
    assert notes(tmp_path) == []


def test_a_plugin_may_have_hooks_for_calls_alone(project: Project) -> None:
    project.write("crm.py", PLUGIN.replace("{oops}", "pass"))
    assert project.load("crm") == ()
    [hooks] = plugins.load_all(spec.load(project.folder / "desk.yaml")).hooks
    assert (hooks.plugin, len(hooks.started), len(hooks.ended)) == ("crm", 1, 1)


def test_an_argument_that_a_hook_does_not_have_is_an_error(project: Project) -> None:
    text = "from agentrun import hookimpl\n@hookimpl\ndef agentrun_call_ended(recrod):\n    pass\n"
    project.write("crm.py", text)
    with pytest.raises(PluginError, match="recrod"):
        project.load("crm")
