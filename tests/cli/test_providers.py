"""The services that a spec may name, as the command line lists them."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import Any

import pytest

from agentrun.pipeline.catalogue import registry
from agentrun.providers import catalogue
from tests import programs


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run ``agentrun providers`` with no variables but ``environ``."""
    return programs.run("providers", *arguments, env={"PATH": os.environ["PATH"], **environ})


def listed(*arguments: str, **environ: str) -> list[dict[str, Any]]:
    """What ``--json`` says."""
    done = run("--json", *arguments, **environ)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_every_service_of_pipecats_registry_is_listed() -> None:
    assert {(one["kind"], one["name"]) for one in listed()} == {
        (entry.kind, entry.provider) for entry in registry.services()
    }


def test_the_table_has_a_line_for_each_service_and_what_it_needs() -> None:
    lines = run().stdout.splitlines()
    [deepgram] = [line.split() for line in lines if line.split()[:2] == ["stt", "deepgram"]]
    assert deepgram == ["stt", "deepgram", "deepgram", "DEEPGRAM_API_KEY", "yes", "no"]
    assert sum(line.split()[:1] == ["realtime"] for line in lines) == len(catalogue.providers("realtime"))


@pytest.mark.parametrize("kind", catalogue.KINDS)
def test_one_kind_may_be_listed_alone(kind: str) -> None:
    assert {one["kind"] for one in listed("--kind", kind)} == {kind}


def test_a_service_is_keyed_when_its_variables_are_set() -> None:
    [without] = listed("--kind", "stt", "deepgram")
    [with_key] = listed("--kind", "stt", "deepgram", DEEPGRAM_API_KEY="k")
    assert (without["keyed"], with_key["keyed"]) == (False, True)
    assert with_key["variables"] == [{"name": "DEEPGRAM_API_KEY", "required": True}]


def test_a_key_is_never_printed() -> None:
    for arguments in ((), ("deepgram",), ("--json", "deepgram")):
        assert "k-33-secret" not in run(*arguments, DEEPGRAM_API_KEY="k-33-secret").stdout


def test_what_is_not_installed_comes_with_its_command() -> None:
    service = catalogue.find("stt", "deepgram-sagemaker")
    assert service is not None
    done = run("deepgram-sagemaker", "--kind", "stt")
    pinned = catalogue.pinned()
    command = rf"pip install .*'pipecat-ai\[deepgram,sagemaker\]=={re.escape(pinned)}'"
    assert re.search(f"not installed: .*{command}", done.stdout)


def test_the_settings_of_a_provider_have_type_default_and_meaning() -> None:
    [found] = listed("deepgram", "--kind", "stt")
    assert found["settings"]["punctuate"] == {
        "types": ["boolean"],
        "meaning": "Add punctuation to transcripts.",
        "default": True,
    }
    [line] = [s for s in run("deepgram").stdout.splitlines() if s.startswith("punctuate ")]
    assert line.rstrip().split(maxsplit=3) == [
        "punctuate",
        "boolean",
        "true",
        "Add punctuation to transcripts.",
    ]


def test_the_fields_of_a_setting_are_listed_below_it() -> None:
    lines = run("cartesia", "--kind", "tts").stdout.splitlines()
    assert any(line.startswith("generation_config.speed ") for line in lines)


def test_a_misspelt_provider_is_told_with_a_close_match() -> None:
    done = run("depgram")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "agentrun: there is no provider 'depgram'\n  hint: did you mean 'deepgram'?\n"


def test_a_kind_that_a_provider_does_not_offer_is_told_with_those_it_does() -> None:
    done = run("deepgram", "--kind", "llm")
    assert done.returncode == 1
    assert done.stderr == "agentrun: deepgram offers no llm\n  hint: it offers stt, tts\n"
