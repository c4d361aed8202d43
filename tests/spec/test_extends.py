"""``extends:``: what a spec takes from another one, and where problems then stand."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from agentrun.spec import load
from tests.spec.check_spec import complaints

PARENT = """\
name: parent
transport: local
prompts:
  system: Hi.
  greeting: Hello.
tools: [a, b]
vars: {x: 1, y: 2}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "parent.yaml").write_text(PARENT)
    return tmp_path


def child(folder: Path, text: str = "", name: str = "child") -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(f"extends: parent.yaml\n{text}")
    return path


def test_mappings_are_merged_and_everything_else_is_replaced(folder: Path) -> None:
    spec = load(child(folder, "prompts: {greeting: Good day.}\ntools: [c]\nvars: {y: 3}\n")).spec
    assert (spec.prompts.system, spec.prompts.greeting) == ("Hi.", "Good day.")
    assert [tool.use for tool in spec.tools] == ["c"]
    assert spec.vars == {"x": 1, "y": 3}


@pytest.mark.parametrize(
    ("parents", "childs"), [("patience", "attempt_timeout"), ("attempt_timeout", "patience")]
)
def test_a_child_s_key_counts_under_its_former_name_and_its_present_one(
    folder: Path, parents: str, childs: str
) -> None:
    service = f"pipeline: {{tts: {{model: openai, fallback: openai/tts-1, {parents}: 2s}}}}\n"
    (folder / "parent.yaml").write_text(PARENT + service)
    assert load(child(folder)).spec.pipeline.tts.attempt_timeout == 2.0
    file = load(child(folder, f"pipeline: {{tts: {{{childs}: 700ms}}}}\n"))
    assert file.spec.pipeline.tts.attempt_timeout == 0.7
    assert ("pipeline", "tts", parents) not in file.places


@pytest.mark.parametrize(
    ("parents", "childs", "greeting"),
    [
        ("{say: Hello.}", "{file: hello.md}", "From a file."),
        ("{file: hello.md}", "{say: Good day.}", "Good day."),
        ("{file: hello.md}", "Good day.", "Good day."),
    ],
)
def test_a_text_in_a_file_stands_alone(folder: Path, parents: str, childs: str, greeting: str) -> None:
    (folder / "hello.md").write_text("From a file.")
    (folder / "parent.yaml").write_text(PARENT.replace("greeting: Hello.", f"greeting: {parents}"))
    prompts = load(child(folder, f"prompts: {{greeting: {childs}}}\n")).spec.prompts
    assert getattr(prompts.greeting, "say", prompts.greeting) == greeting


def test_another_provider_takes_no_settings_of_the_one_that_it_replaces(folder: Path) -> None:
    service = "{model: openai, voice: coral, instructions: Whisper., fallback: openai/tts-1, patience: 2s}"
    (folder / "parent.yaml").write_text(f"{PARENT}pipeline: {{tts: {service}}}\n")
    same = load(child(folder, "pipeline: {tts: {model: openai/gpt-4o-mini-tts}}\n")).spec.pipeline.tts
    assert same.settings == {"voice": "coral", "instructions": "Whisper."}
    file = load(child(folder, "pipeline: {tts: {model: cartesia/sonic-3}}\n"))
    other = file.spec.pipeline.tts
    assert (other.settings, other.attempt_timeout, len(other.fallback)) == ({}, 2.0, 1)
    assert ("pipeline", "tts", "voice") not in file.places


def test_another_transport_takes_nothing_of_the_one_that_it_replaces(folder: Path) -> None:
    transport = "transport: {type: daily, bot_name: Desk}"
    (folder / "parent.yaml").write_text(PARENT.replace("transport: local", transport))
    assert load(child(folder)).spec.transport[0].type == "daily"
    assert load(child(folder, "transport: {type: twilio}\n")).spec.transport[0].type == "twilio"


def test_the_name_is_the_child_s_own(folder: Path) -> None:
    assert load(child(folder)).spec.name == "child"


def test_a_grandchild_takes_from_both(folder: Path) -> None:
    child(folder, "vars: {y: 3}\n")
    (folder / "last.yaml").write_text("extends: child.yaml\nvars: {z: 4}\n")
    assert load(folder / "last.yaml").spec.vars == {"x": 1, "y": 3, "z": 4}


def test_a_problem_of_the_parent_names_the_parent_s_line(folder: Path) -> None:
    (folder / "parent.yaml").write_text(PARENT + "turns: {detection: silense}\n")
    assert "\nparent.yaml:8:20: turns.detection: 'silense'" in complaints(child(folder))


def test_a_problem_of_the_child_names_the_child_s_line(folder: Path) -> None:
    assert complaints(child(folder, "turns:\n  detection: silense\n")).startswith(
        "child.yaml:3:14: turns.detection"
    )


def test_syntax_of_the_parent_is_a_problem_of_the_parent(folder: Path) -> None:
    (folder / "parent.yaml").write_text("transport: local\nprompts: a: b\n")
    assert complaints(child(folder)).startswith("parent.yaml:2:")


def test_a_prompt_file_of_the_parent_is_looked_for_beside_the_parent(tmp_path: Path) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "agents" / "base").mkdir(parents=True)
    (tmp_path / "agents" / "base" / "kind.md").write_text("Be kind.\n")
    (tmp_path / "agents" / "base" / "parent.yaml").write_text(
        "transport: local\nprompts: {system: {file: kind.md}}\n"
    )
    path = tmp_path / "agents" / "a.yaml"
    path.write_text("extends: base/parent.yaml\n")
    assert load(path).spec.prompts.system == "Be kind."


def test_specs_that_extend_each_other_are_a_problem(folder: Path) -> None:
    (folder / "parent.yaml").write_text("extends: child.yaml\n")
    said = complaints(child(folder))
    assert "child.yaml → parent.yaml → child.yaml" in said
    assert said.startswith("parent.yaml:1:10: extends:")


def test_a_chain_that_is_too_long_is_a_problem(folder: Path) -> None:
    names = ["parent", *(f"s{number}" for number in range(15))]
    for under, name in pairwise(names):
        (folder / f"{name}.yaml").write_text(f"extends: {under}.yaml\n")
    assert "specs extend each other" in complaints(folder / "s14.yaml")


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../x.yaml", "'a\\0b'", "~/x.yaml", "x" * 300, "link.yaml", "''"]
)
def test_a_parent_that_can_not_be_read_is_a_problem_of_the_child(folder: Path, name: str) -> None:
    (folder / "link.yaml").symlink_to("/etc/hostname")
    (folder / "child.yaml").write_text(f"extends: {name}\n")
    assert complaints(folder / "child.yaml").startswith("child.yaml:1:10: extends: ")
