"""``--set`` and ``--style``."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.errors import SpecError
from agentrun.spec import load
from agentrun.spec.models.idle import Idle

SPEC = """\
transport: twilio
pipeline: {llm: openai/gpt-4o}
prompts: {system: Hi., greeting: Hello.}
tools: [a, b]
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "a.yaml"
    path.write_text(SPEC)
    return path


def said(path: Path, *overrides: tuple[str, str]) -> str:
    with pytest.raises(SpecError) as caught:
        load(path, overrides)
    return str(caught.value)


def test_a_value_is_replaced(path: Path) -> None:
    assert (
        load(path, [("pipeline.llm", "openai/gpt-4o-mini")]).spec.pipeline.llm.model == "openai/gpt-4o-mini"
    )


@pytest.mark.parametrize(
    ("written", "override"),
    [("patience", "attempt_timeout"), ("attempt_timeout", "patience"), ("patience", "patience")],
)
def test_a_key_is_replaced_under_its_former_name_and_its_present_one(
    path: Path, written: str, override: str
) -> None:
    path.write_text(SPEC.replace("openai/gpt-4o}", f"{{fallback: openai/gpt-4o-mini, {written}: 2s}}}}"))
    assert load(path).spec.pipeline.llm.attempt_timeout == 2.0
    file = load(path, [(f"pipeline.llm.{override}", "700ms")])
    assert file.spec.pipeline.llm.attempt_timeout == 0.7


def test_the_last_of_two_wins(path: Path) -> None:
    assert load(path, [("name", "one"), ("name", "two")]).spec.name == "two"


def test_a_key_below_a_short_word_keeps_the_word(path: Path) -> None:
    llm = load(path, [("pipeline.llm.temperature", "0.2")]).spec.pipeline.llm
    assert (llm.model, llm.settings) == ("openai/gpt-4o", {"temperature": 0.2})


def test_a_mapping_that_is_not_there_is_made(path: Path) -> None:
    idle = load(path, [("turns.idle.after", "5s")]).spec.turns.idle
    assert isinstance(idle, Idle)
    assert idle.after == 5


def test_an_entry_of_a_list_is_replaced(path: Path) -> None:
    assert [tool.use for tool in load(path, [("tools[1]", "c")]).spec.tools] == ["a", "c"]


def test_a_whole_list_is_replaced(path: Path) -> None:
    assert [tool.use for tool in load(path, [("tools", "[x, y, z]")]).spec.tools] == ["x", "y", "z"]


def test_an_address_keeps_both_its_slashes(path: Path) -> None:
    transport = load(path, [("transport.public_url", "https://a.example//b")]).spec.transport[0]
    assert transport.model_dump()["public_url"] == "https://a.example//b"


def test_a_telephone_number_stays_text(path: Path) -> None:
    assert load(path, [("vars.number", "+15551234567")]).spec.vars == {"number": "+15551234567"}


def test_the_style_is_replaced(path: Path) -> None:
    assert load(path, style="realtime").spec.pipeline.style == "realtime"


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("pipeline.sytle", "realtime"),
        ("pipelin.style", "realtime"),
        ("turns.idel.after", "5s"),
        ("pipeline.style", "fast"),
        ("limits.answer", "5"),
        ("turns.confidence", "7"),
        ("transport", "twillio"),
        ("tools", "[a"),
        ("tools[9]", "c"),
        ("tools.first", "c"),
        ("prompts.greeting", "{{ nobody }} is here"),
        ("prompts.system", "{file: none.md}"),
        ("prompts", ""),
        ("extends", "other.yaml"),
    ],
)
def test_a_problem_of_an_override_names_it(path: Path, option: str, text: str) -> None:
    found = said(path, (option, text))
    assert found.startswith(f"--set {option}")
    assert "a.yaml:" not in found


def test_every_override_that_is_wrong_is_named(path: Path) -> None:
    found = said(path, ("pipeline.style", "fast"), ("limits.answer", "5"))
    assert "--set pipeline.style" in found
    assert "--set limits.answer" in found


@pytest.mark.parametrize(
    "option", [".", "[]", "", "...", "tools[-1]", "name.x.y", "99999999999999999999999.a"]
)
def test_a_path_that_leads_nowhere_is_a_problem(path: Path, option: str) -> None:
    assert "--set" in said(path, (option, "x"))


def test_the_steps_of_a_flow_are_looked_for_beside_the_spec(tmp_path: Path) -> None:
    (tmp_path / "desk.yaml").write_text("transport: local\nprompts: Be brief.\n")
    (tmp_path / "steps.yaml").write_text("initial_node: a\nnodes: {a: {task_messages: Ask.}}\n")
    file = load(tmp_path / "desk.yaml", [("flow.file", "steps.yaml")])
    assert file.spec.flow is not None
    assert list(file.spec.flow.nodes) == ["a"]
