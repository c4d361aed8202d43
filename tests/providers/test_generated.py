"""The catalogue is what the installed Pipecat says, and holds all of its registry."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agentrun.distribution import install
from agentrun.pipeline.catalogue import registry
from agentrun.pipeline.catalogue.__main__ import text
from agentrun.pipeline.catalogue.docs import first_sentence
from agentrun.providers import catalogue, installed
from agentrun.providers.service import Kind, Setting

ROOT = Path(__file__).parents[2]


def setting(kind: Kind, provider: str, *path: str) -> Setting:
    service = catalogue.find(kind, provider)
    assert service is not None
    found = service.settings[path[0]]
    for key in path[1:]:
        found = found.fields[key]
    return found


def test_the_catalogue_is_that_of_the_installed_pipecat() -> None:
    written = catalogue.FILE.read_text(encoding="utf-8")
    assert written == text(), "run `python -m agentrun.pipeline.catalogue`"


def test_every_service_of_pipecats_registry_is_found_by_its_name() -> None:
    listed = [(entry.kind, entry.provider) for entry in registry.services()]
    assert len(listed) == len(set(listed)) > 95
    assert [s for s in listed if catalogue.find(*s) is None] == []


def test_nearly_every_setting_has_a_meaning() -> None:
    settings = [(s.provider, name, known) for s in catalogue.services() for name, known in s.settings.items()]
    mute = [(provider, name) for provider, name, known in settings if not known.help]
    assert len(mute) < len(settings) / 20, mute


def test_types_defaults_and_choices_come_from_the_class() -> None:
    punctuate = setting("stt", "deepgram", "punctuate")
    assert (punctuate.type, punctuate.default, punctuate.argument) == ("boolean", True, False)
    assert setting("stt", "deepgram", "channels").argument
    cache = setting("llm", "anthropic", "system_prompt_cache_ttl")
    assert (cache.type, cache.choices) == ("string", ("5m", "1h"))
    assert setting("tts", "cartesia", "generation_config", "speed").type == "number"
    assert setting("realtime", "xai", "session_properties", "audio", "output", "speed").type == "number"
    assert setting("tts", "deepgram-flux", "expressivity").choices == (-2, -1, 0, 1, 2)


def test_what_agentrun_fills_itself_is_no_setting() -> None:
    for service in catalogue.services():
        assert not {"settings", "params", "model", "system_instruction", "aiohttp_session"} & set(
            service.settings
        )


def test_an_underscore_and_a_shorter_name_find_the_same_service() -> None:
    assert catalogue.find("stt", "deepgram_flux") is catalogue.find("stt", "deepgram-flux") is not None
    assert catalogue.find("llm", "google") is catalogue.find("llm", "google-gemini") is not None


def test_what_installs_a_service_names_its_extras_and_the_pinned_version() -> None:
    service = catalogue.find("stt", "deepgram-sagemaker")
    assert service is not None
    assert not installed.is_installed(service)
    assert installed.command(service) == install(f"pipecat-ai[deepgram,sagemaker]=={catalogue.pinned()}")
    ollama = catalogue.find("llm", "ollama")
    assert ollama is not None
    assert installed.is_installed(ollama)
    assert installed.command(ollama) == ""


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Speed, e.g. 1.5. Defaults to 1.", "Speed, e.g. 1.5."),
        ("Words\n    over ``two`` lines", "Words over `two` lines"),
        ("Old.\n\n.. deprecated:: 1.0\n   Use new.", "deprecated"),
    ],
)
def test_a_meaning_is_the_first_sentence(text: str, sentence: str) -> None:
    assert first_sentence(text) == sentence


def test_checking_a_spec_of_another_provider_does_not_import_pipecat(tmp_path: Path) -> None:
    spec = tmp_path / "desk.yaml"
    spec.write_text(
        "transport: local\nprompts: Be brief.\npipeline: {stt: deepgram/nova-3, llm: anthropic}\n"
    )
    code = "import sys; from agentrun.cli.main import main; main.main(sys.argv[1:], standalone_mode=False); "
    command = [sys.executable, "-c", code + "print('pipecat' in sys.modules)", "check", str(spec)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.splitlines()[-1] == "False", done.stdout + done.stderr
