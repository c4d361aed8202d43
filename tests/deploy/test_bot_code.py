"""What stands in a plain bot's code, or is told: nothing of a spec is dropped in silence."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agentrun import plugins, spec
from agentrun.deploy.bot import files, left_behind
from agentrun.deploy.deployment import Deployment
from agentrun.deploy.project import collect
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from agentrun.providers import catalogue
from agentrun.providers.service import KINDS, Kind, Setting
from agentrun.spec.models.agent import AgentSpec
from tests.deploy.places import PLUGIN, deployment, plan_of

ROOT = Path(__file__).parents[2]
RUFF = Path(sys.executable).with_name("ruff")
MODELS = {
    "stt": "gpt-4o-transcribe",
    "llm": "gpt-4o",
    "tts": "gpt-4o-mini-tts",
    "realtime": "gpt-realtime-2.1",
}


def plan_from(folder: Path, text: str) -> Plan:
    """The plan of an agent with the plugin ``hours`` beside it, made without variables."""
    (folder / "plugins").mkdir(exist_ok=True)
    (folder / "plugins" / "hours.py").write_text(PLUGIN)
    path = folder / "desk.yaml"
    path.write_text(f"transport: twilio\nprompts: Be brief.\n{text}")
    file = spec.load(path)
    return planning.make(file, plugins.load(file), {})


def code_of(plan: Plan) -> str:
    return files.files(Deployment((plan,), collect([plan])))["bot.py"].decode()


def told(plan: Plan) -> dict[str, str]:
    """What is said of each place, by severity."""
    return {one.where: one.severity for one in files.problems(plan, {})}


def test_every_key_of_a_spec_stands_in_the_bot_or_is_told() -> None:
    groups = (left_behind.REFUSED, left_behind.BY_KEY, left_behind.WHOLE, left_behind.PORTED)
    assert sorted(name for group in groups for name in group) == sorted(AgentSpec.model_fields)


def value_for(key: str, setting: Setting) -> str:
    """A value of that setting, as YAML has it, which is not the usual one."""
    if key == "turn_detection":
        return "{type: server, threshold: 0.7, prefix_padding: 200ms, silence: 900ms}"
    if setting.choices:
        return str(setting.choices[0])
    samples = {"number": "0.3", "integer": "7", "boolean": "true", "array": "[a]", "duration": "200ms"}
    return samples.get(setting.type, "{language: de}" if setting.type == "object" else "'${A_VALUE}'")


def settings() -> Iterator[tuple[Kind, str]]:
    for kind in KINDS:
        service = catalogue.find(kind, "openai")
        assert service is not None
        yield from ((kind, key) for key in service.settings)


@pytest.mark.parametrize(("kind", "key"), [pytest.param(*one, id="-".join(one)) for one in settings()])
def test_every_setting_of_a_service_stands_in_the_bot_or_is_told(
    tmp_path: Path, kind: Kind, key: str
) -> None:
    service = catalogue.find(kind, "openai")
    assert service is not None
    model = "gpt-transcribe" if key == "keywords" else MODELS[kind]
    given = f"{key}: {value_for(key, service.settings[key])}"
    given += ", streaming: true" if (kind, key) == ("stt", "noise_reduction") else ""
    style = "realtime" if kind == "realtime" else "cascaded"
    plan = plan_from(tmp_path, f"pipeline: {{style: {style}, {kind}: {{model: openai/{model}, {given}}}}}\n")
    without = plan_from(tmp_path, f"pipeline: {{style: {style}, {kind}: {{model: openai/{model}}}}}\n")
    differs = code_of(plan).partition("SYSTEM =")[2] != code_of(without).partition("SYSTEM =")[2]
    assert differs != (f"pipeline.{kind}.{key}" in told(plan))


def calls_in(code: str) -> dict[str, dict[str, str]]:
    """What each class is made with, by its name."""
    made = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    return {
        ast.unparse(node.func): {one.arg or "**": ast.unparse(one.value) for one in node.keywords}
        for node in made
    }


def test_a_server_of_ones_own_and_its_key_are_those_of_the_bot(tmp_path: Path) -> None:
    own = "base_url: 'http://vllm:8000/v1', api_key: '${VLLM_KEY}', temperature: '${HEAT:-0.4}'"
    plan = plan_from(tmp_path, f"pipeline: {{llm: {{model: openai/llama-3, {own}}}}}\n")
    made = calls_in(code_of(plan))
    assert made["OpenAILLMService"]["base_url"] == "'http://vllm:8000/v1'"
    assert made["OpenAILLMService"]["api_key"] == "os.environ['VLLM_KEY']"
    assert made["OpenAILLMService.Settings"]["temperature"] == "float(os.getenv('HEAT') or '0.4')"
    assert made["OpenAITTSService"]["api_key"] == "os.environ['OPENAI_API_KEY']"


def test_a_realtime_model_of_ones_own_and_how_it_finds_turns(tmp_path: Path) -> None:
    turns = "turn_detection: {type: server, threshold: 0.6, prefix_padding: 250ms, silence: 0.8s}"
    own = "base_url: '${HOST}/v1', voice: '${VOICE:-ash}'"
    text = f"pipeline: {{style: realtime, realtime: {{model: openai/gpt-realtime-2.1, {turns}, {own}}}}}\n"
    made = calls_in(code_of(plan_from(tmp_path, text)))
    assert made["OpenAIRealtimeLLMService"]["**"] == "realtime_address(os.environ['HOST'] + '/v1')"
    assert made["events.AudioOutput"] == {"voice": "os.getenv('VOICE') or 'ash'"}
    assert made["events.TurnDetection"] == {
        "threshold": "0.6", "prefix_padding_ms": "250", "silence_duration_ms": "800",
    }  # fmt: skip


def test_turns_that_this_machine_finds_are_found_by_the_bot(tmp_path: Path) -> None:
    text = "pipeline: {style: realtime, realtime: {model: openai/gpt-realtime-2.1, turn_detection: local}}\n"
    made = calls_in(code_of(plan_from(tmp_path, text)))
    assert made["events.AudioInput"]["turn_detection"] == "False"
    assert "SileroVADAnalyzer" in made


def test_what_a_provider_calls_a_voice_is_its_voice(tmp_path: Path) -> None:
    made = calls_in(code_of(plan_from(tmp_path, "pipeline: {tts: azure/en-US-JennyNeural}\n")))
    assert made["AzureTTSService.Settings"]["voice"] == "'en-US-JennyNeural'"


def test_a_file_of_credentials_is_read_as_one(tmp_path: Path) -> None:
    made = calls_in(code_of(plan_from(tmp_path, "pipeline: {stt: google/long}\n")))
    assert made["GoogleSTTService"]["credentials_path"].startswith("os.")
    assert "credentials" not in made["GoogleSTTService"]


@pytest.mark.parametrize(
    ("text", "where", "severity"),
    [
        ("transport: {type: twilio, dial: {allow: ['+1'], machine: hang_up}}\n", "transport.dial", "warning"),
        ("transport: {type: twilio, public_url: 'https://voice.example.com'}\n", None, None),
        ("transport: [twilio, {type: local, device: microphone}]\n", "transport[1].device", "warning"),
        ("transport: {type: daily, bot_name: Ada}\n", "transport.bot_name", "warning"),
        ("tools: [{use: hang_up, say: One moment.}]\n", "tools[0].say", "warning"),
        ("pipeline: {tts: {model: openai/gpt-4o-mini-tts, text: spoken}}\n", "pipeline.tts.text", "warning"),
        ("pipeline: {style: realtime}\nlimits: {goodbye: Bye.}\n", "limits.goodbye", "warning"),
        ("limits: {goodbye: Bye.}\n", None, None),
        ("pipeline: {llm: openai/gpt-4o-audio-preview}\n", "pipeline.llm", "error"),
        (
            "pipeline: {stt: {model: openai/gpt-transcribe, keywords: ['${WORD}']}}\n",
            "pipeline.stt.keywords", "error",
        ),
        ("extraction: {wait: 1s}\n", "extraction.wait", "warning"),
    ],
)  # fmt: skip
def test_what_is_not_in_the_bot_is_told_at_its_place(
    tmp_path: Path, text: str, where: str | None, severity: str | None
) -> None:
    text = text if text.startswith("transport") else f"transport: twilio\n{text}"
    path = tmp_path / "desk.yaml"
    path.write_text(f"prompts: Be brief.\n{text}")
    file = spec.load(path)
    plan = planning.make(file, plugins.load(file), {})
    assert told(plan) == ({where: severity} if where else {})


def every_spec() -> list[Any]:
    """Agents of the repository that a plain bot can hold."""
    paths = sorted([*(ROOT / "agents").glob("*.yaml"), *(ROOT / "tests/specs/good").glob("*.yaml")])
    return [pytest.param(path, id=path.name) for path in paths if ".tests." not in path.name]


@pytest.mark.needs(RUFF.exists(), "ruff")
@pytest.mark.parametrize("path", every_spec())
def test_every_agent_here_becomes_a_bot_that_linters_pass_or_is_refused_at_its_line(
    tmp_path: Path, path: Path
) -> None:
    file = spec.load(path)
    plan = planning.make(file, plugins.load(file), {})
    errors = [one for one in files.problems(plan, {}) if one.severity == "error"]
    if errors:
        assert all(one.line and one.hint for one in errors)
        return
    made = files.files(Deployment((plan,), collect([plan])))
    for name in ("bot.py", "agentrun.py"):
        (tmp_path / name).write_bytes(made[name])
    for what in (["check", "--select", "E4,E7,E9,F,I,UP,B"], ["format", "--diff"]):
        command = [str(RUFF), *what, "--isolated", "--line-length", "100", "bot.py", "agentrun.py"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + made["bot.py"].decode()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_types_fit(tmp_path: Path) -> None:
    """Those of a cascade and of a realtime agent, in one run of mypy."""
    names = []
    for style, more in (("cascaded", ""), ("realtime", "prompts: {system: Hi., greeting: null}\n")):
        (tmp_path / style).mkdir()
        text = f"{more}pipeline: {{style: {style}}}\ntools: [hours, hang_up]\n"
        path = tmp_path / style / "desk.yaml"
        plan_from(tmp_path / style, "")
        path.write_text(f"transport: twilio\n{text}" if more else f"transport: twilio\nprompts: Hi.\n{text}")
        file = spec.load(path)
        plan = planning.make(file, plugins.load(file), {})
        made = files.files(Deployment((plan,), collect([plan])))
        names.append(f"{style}.py")
        (tmp_path / names[-1]).write_bytes(made["bot.py"])
        if style == "cascaded":
            (tmp_path / "agentrun.py").write_bytes(made["agentrun.py"])
    (tmp_path / "mypy.ini").write_text("[mypy]\ndisallow_untyped_defs = True\nwarn_unused_ignores = True\n")
    command = [sys.executable, "-m", "mypy", *names, "agentrun.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", ["system", "greeting", "goodbye", "variables", "transports", "longest_call"])
def test_a_plugin_takes_the_name_of_nothing_else_there(tmp_path: Path, name: str) -> None:
    plan_from(tmp_path, "")
    (tmp_path / "plugins" / f"{name}.py").write_text(PLUGIN.replace("get_hours", "get_more"))
    tree = ast.parse(code_of(plan_from(tmp_path, f"vars: {{a: b}}\ntools: [hours, {name}]\n")))
    assigned = [node for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    names = [
        ast.unparse(one.target if isinstance(one, ast.AnnAssign) else one.targets[0]) for one in assigned
    ]
    assert len({*names}) == len(names)


def test_a_bot_without_tools_has_nothing_for_tools(tmp_path: Path) -> None:
    text = code_of(plan_from(tmp_path, "description: 'Says \"hello\".'\n"))
    for word in ("plugin", "ToolError", "Line", "hang_up", "importlib", "validate_call", "FunctionSchema"):
        assert word not in text
    assert str(ast.get_docstring(ast.parse(text), clean=False)).splitlines()[2] == 'Says "hello".'


def test_no_secret_is_asked_for_that_the_bot_does_not_read(tmp_path: Path) -> None:
    more = "record: {webhook: '${CRM_WEBHOOK}'}\npipeline: {llm: {model: openai/gpt-4o, fallback: [groq]}}\n"
    made = files.files(deployment(tmp_path, plan_of(tmp_path, more=more)))
    asked = re.findall(r"^([A-Z_]+)=", made["secrets.env.example"].decode(), re.MULTILINE)
    assert asked == ["OPENAI_API_KEY", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"]
