"""A plain bot: what it holds, what it leaves behind, and that it answers without this package."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from agentrun import plugins, spec
from agentrun.deploy.bot import files
from agentrun.plan import plan as planning
from agentrun.simulate.caller import Caller
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from tests.calls.desk import HELLO, LOOK_UP, OPEN, QUESTION, STYLES
from tests.deploy.places import PLUGIN, deployment, plan_of
from tests.host.bot_process import only, pipecat_runner
from tests.host.gateway import Gateway
from tests.host.test_hosted import BIN

STRINGS = r"""prompts:
  system: |
    Say "yes", 'no' and \n; {{ call.from_number }}.
    %s {x} ''' \"\"\"
"""


def bot(folder: Path, more: str = "", transport: str = "twilio") -> str:
    return files.files(deployment(folder, plan_of(folder, "desk", transport, more)))["bot.py"].decode()


@pytest.mark.parametrize("style", STYLES)
def test_it_is_python_that_imports_pipecat_and_nothing_of_ours(tmp_path: Path, style: str) -> None:
    text = bot(tmp_path, f"pipeline: {{style: {style}}}\n")
    modules = {node.module for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)}
    assert {name for name in modules if name and name.startswith("agentrun")} == {"agentrun"}
    made = files.files(deployment(tmp_path))
    tree = ast.walk(ast.parse(made["agentrun.py"]))
    shim = {node.module for node in tree if isinstance(node, ast.ImportFrom)}
    assert not any(name and name.startswith(("agentrun", "pipecat")) for name in shim)
    assert b"agentrun" not in made["requirements.txt"]
    assert made["plugins/hours.py"] == (tmp_path / "plugins" / "hours.py").read_bytes()


def test_prompts_are_the_same_to_the_letter(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    path = tmp_path / "agents" / "desk.yaml"
    path.write_text("transport: twilio\n" + STRINGS)
    plan = planning.make(spec.load(path), (), {})
    text = files.files(deployment(tmp_path, plan))["bot.py"].decode()
    [value] = [
        ast.literal_eval(node.value)
        for node in ast.parse(text).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "SYSTEM"
    ]
    assert value == plan.spec.prompts.system


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ("flow: {initial_node: a, nodes: {a: {task_messages: [{role: developer, content: Hi.}]}}}", "flow"),
        ("pipeline: {llm: openai/gpt-4o, stt: google/long}", None),
        ("before_call: {http: {url: 'https://crm.example.com/callers'}, save: {name: name}}", "before_call"),
    ],
)
def test_what_a_plain_bot_has_no_counterpart_for_is_refused(
    tmp_path: Path, more: str, where: str | None
) -> None:
    found = [
        one.where
        for one in files.problems(plan_of(tmp_path, more=f"{more}\n"), {})
        if one.severity == "error"
    ]
    assert found == ([where] if where else [])


def test_a_tool_that_a_refused_section_brings_is_no_mistake_of_its_own(tmp_path: Path) -> None:
    plan_of(tmp_path, "night", more="description: Answers at night.\n")
    (tmp_path / "agents" / "docs").mkdir()
    (tmp_path / "agents" / "docs" / "menu.md").write_text("# Menu\nSoup.\n")
    plan = plan_of(tmp_path, more="knowledge: docs\nhandoff: [night]\n")
    assert {"search_knowledge", "handoff"} <= {tool.name for tool in plan.tools}
    assert [one.where for one in files.problems(plan, {})] == ["knowledge", "handoff"]


def test_a_built_in_tool_that_it_does_not_have_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "agents" / "desk.yaml"
    plan_of(tmp_path)
    path.write_text(path.read_text().replace("[hours]", "[hours, hang_up, wait]"))
    file = spec.load(path)
    plan = planning.make(file, plugins.load(file), {})
    assert [one.where for one in files.problems(plan, {})] == ["tools[2]"]


def test_tools_of_an_mcp_server_are_refused_though_no_server_was_asked(tmp_path: Path) -> None:
    path = tmp_path / "agents" / "desk.yaml"
    plan_of(tmp_path)
    path.write_text(
        path.read_text().replace("[hours]", "[hours, {mcp: {url: 'https://mcp.example.com/mcp'}}]")
    )
    file = spec.load(path)
    plan = planning.make(file, plugins.load(file), {})
    found = [one.where for one in files.problems(plan, {}) if one.severity == "error"]
    assert found == ["tools[1].mcp"]


def test_what_is_left_behind_is_said_and_stands_in_the_file(tmp_path: Path) -> None:
    more = "turns: {idle: 10s}\nlimits: {max_duration: 5m, answer: 3s}\n"
    plan = plan_of(tmp_path, more=more)
    said = [one.where for one in files.problems(plan, {}) if one.severity == "warning"]
    assert said == ["turns.idle", "limits.answer"]
    text = bot(tmp_path, more)
    assert "Left behind: turns.idle\nLeft behind: limits.answer\n" in text
    assert "LONGEST_CALL = 300" in text


SPEAKING = PLUGIN.replace("import hookimpl", "import Call, hookimpl").replace(
    """get_hours() -> str:
    \"""Say when it is open.\"""
""",
    """get_hours(call: Call) -> str:
    \"""Say when it is open.\"""
    call.run(call.say("One moment."))
""",
)


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("style", STYLES)
async def test_pipecats_runner_answers_it_with_a_tool(tmp_path: Path, style: str) -> None:
    out, voice = tmp_path / "out", ToneVoice()
    plan = plan_of(tmp_path, more=f"pipeline: {{style: {style}}}\n")
    if style == "cascaded":
        (tmp_path / "plugins" / "hours.py").write_text(SPEAKING)
        plan = planning.make(plan.file, plugins.load(plan.file), {})
    assert list(files.problems(plan, {})) == []
    for name, content in files.files(deployment(tmp_path, plan)).items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(content)
    # a fixed greeting is spoken by itself in a cascade; a realtime model is asked for it
    answers = [HELLO, LOOK_UP, OPEN] if style == "realtime" else [LOOK_UP, OPEN]
    brain = ScriptedBrain(answers)
    async with OpenAIServer(ScriptedHearing(("When are you open?",)), voice, brain) as openai:
        given = only(
            OPENAI_API_KEY="test",
            OPENAI_BASE_URL=openai.base_url,
            TWILIO_ACCOUNT_SID="ACtest",
            TWILIO_AUTH_TOKEN="t",
        )
        del given["PYTHONPATH"]
        async with pipecat_runner(out, given) as (process, address):
            gateway = Gateway(BIN, address)
            async with gateway.up() as url, Caller().call(f"{url}/desk") as call:
                await call.hear_greeting(timeout=60)
                await call.say(QUESTION)
                heard = await call.hear_answer(timeout=60)
                # Pipecat's serializer would hang up at Twilio's own address
                process.kill()
                await process.wait()
    assert heard.seconds > 0
    assert ("One moment." in voice.spoken) == (style == "cascaded")
    brain.assert_complete()


PACKAGE = {
    "crm/__init__.py": "from agentrun import hookimpl\nfrom .search import find_customer\n\n"
    "@hookimpl\ndef agentrun_tools():\n    return [find_customer]\n",
    "crm/search.py": "from __future__ import annotations\nfrom dataclasses import dataclass\n\n"
    "@dataclass\nclass Customer:\n    name: str\n\ndef find_customer(name: str) -> str:\n"
    '    """Find a customer."""\n'
    "    return Customer(name).name\n",
}


@pytest.mark.slow
def test_a_plugin_that_is_a_package_is_loaded_without_this_package(tmp_path: Path) -> None:
    """And one whose dataclasses look for their module, as they do where annotations are strings."""
    plan_of(tmp_path)
    (tmp_path / "plugins" / "crm").mkdir()
    for name, text in PACKAGE.items():
        (tmp_path / "plugins" / name).write_text(text)
    path = tmp_path / "agents" / "desk.yaml"
    path.write_text(path.read_text().replace("[hours]", "[hours, crm]"))
    file = spec.load(path)
    plan = planning.make(file, plugins.load(file), {})
    assert list(files.problems(plan, {})) == []
    for name, content in files.files(deployment(tmp_path, plan)).items():
        (tmp_path / "out" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "out" / name).write_bytes(content)
    code = "import bot; print(bot.CRM_TOOLS['find_customer']('Anna'), bot.HOURS_TOOLS['get_hours']())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "out", capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1:] == ["Anna from six"], done.stderr
