"""A plugin brings a service: its author needs Pipecat's own class and one hook."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from agentrun import spec
from agentrun.errors import Problem, SpecError
from agentrun.plan import plan as planning
from agentrun.plan.plan import Plan
from agentrun.server.lifecycle.startup import Options, running_server
from agentrun.simulate.caller import Caller
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.engines.scripted import ScriptedBrain, ScriptedHearing, ToneVoice
from agentrun.simulate.openai import OpenAIServer
from tests.calls.desk import QUESTION

EXAMPLES = Path(__file__).parent / "examples"
KEYS = {"OPENAI_API_KEY": "test", "PARROT_API_KEY": "seed"}


def plan(folder: Path, tts: str, environ: Mapping[str, str] = KEYS, plugin: str = "") -> Plan:
    """The plan of the example with another ``tts``, and with other text for its plugin."""
    shutil.copytree(EXAMPLES, folder, dirs_exist_ok=True)
    path = folder / "parrot.yaml"
    path.write_text(path.read_text().replace("{model: parrot/grey, pitch: 330.0, voice: Polly}", tts))
    if plugin:
        (folder / "plugins" / "parrot.py").write_text(plugin)
    return planning.make(spec.load(path), (), environ)


def problem(folder: Path, tts: str, plugin: str = "") -> Problem:
    """The only problem of that plan."""
    with pytest.raises(SpecError) as caught:
        plan(folder, tts, plugin=plugin)
    [found] = caught.value.problems
    return found


@pytest.mark.slow
async def test_a_plugins_voice_speaks_on_a_call() -> None:
    hearing, voice = ScriptedHearing(["Do you sell seed?"]), ToneVoice()
    async with OpenAIServer(hearing, voice, ScriptedBrain([Answer("We do.")])) as openai:
        given = {**KEYS, "OPENAI_BASE_URL": openai.base_url}
        async with running_server(
            [EXAMPLES / "parrot.yaml"], given, Options(port=0, insecure=True)
        ) as server:
            async with Caller.from_environ(given).call(f"{server.url}/parrot") as call:
                await call.hear_greeting()
                await call.say(QUESTION)
                await call.hear_answer(silence=0.8)
            record = server.switchboard.records.get("parrot", call.call_sid)
    assert record is not None
    assert [entry.text for entry in record.transcript] == [
        "Hello, this is the pet shop.",
        "Do you sell seed?",
        "We do.",
    ]
    assert voice.spoken == []


def test_its_key_is_asked_for_by_the_providers_name(tmp_path: Path) -> None:
    found = plan(tmp_path, "parrot/grey", {"OPENAI_API_KEY": "test"})
    assert found.missing == ("PARROT_API_KEY",)
    [warning] = [w for w in found.warnings if w.message == "PARROT_API_KEY is not set"]
    assert (warning.line, warning.hint) == (
        4,
        "export PARROT_API_KEY=… before serving, or serve --offline",
    )


def test_a_misspelt_setting_points_at_its_line(tmp_path: Path) -> None:
    found = problem(tmp_path, "{model: parrot/grey, ptich: 330.0}")
    assert (found.line, found.message) == (4, "parrot tts has no setting 'ptich'")
    assert found.hint == "did you mean 'pitch'?"


def test_a_setting_of_a_wrong_type_points_at_its_line(tmp_path: Path) -> None:
    found = problem(tmp_path, "{model: parrot/grey, pitch: high}")
    assert (found.line, found.where) == (4, "pipeline.tts.pitch")


def test_a_provider_that_no_plugin_brings_for_the_kind_is_unknown(tmp_path: Path) -> None:
    found = problem(tmp_path, "parott/grey")
    assert found.message == "there is no provider 'parott' for tts"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return []", "agentrun_providers gives list, not a mapping"),
        ("return {'tss': {}}", "'tss' is not a kind of service"),
        ("return {'tts': {'parrot': 7}}", "'parrot' is 7, which is not a class"),
        ("return {'tts': {'parrot': int}}", "int is not a TTSService"),
        ("raise OSError('gone')", "agentrun_providers raised"),
    ],
)
def test_a_hook_that_gives_no_services_is_told_at_the_provider(
    tmp_path: Path, body: str, message: str
) -> None:
    plugin = f"from agentrun import hookimpl\n@hookimpl\ndef agentrun_providers():\n    {body}\n"
    found = problem(tmp_path, "parrot/grey", plugin)
    assert found.line == 4
    assert message in found.message


def test_unless_plugins_are_imported_nothing_is_said_of_its_settings(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES, tmp_path, dirs_exist_ok=True)
    (tmp_path / "plugins" / "parrot.py").write_text("raise SystemExit\n")
    found = planning.make(spec.load(tmp_path / "parrot.yaml"), (), KEYS, import_plugins=False)
    assert found.tts is not None
    assert found.tts.settings == {"pitch": 330.0, "voice": "Polly"}
