"""Addresses in variables are checked with the spec that uses them."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun import spec
from agentrun.errors import SpecError
from agentrun.plan import plan
from agentrun.spec.values.addresses import problem_with

SPEC = "name: a\ntransport: {transport}\nprompts: Hi.\npipeline: {{llm: {llm}}}\n"


@pytest.mark.parametrize(
    ("transport", "name", "value", "missing"),
    [
        ("local", "OPENAI_BASE_URL", "127.0.0.1:99", "http://"),
        ("local", "OPENAI_BASE_URL", "localhost:99/v1", "http://"),
        ("local", "OPENAI_BASE_URL", "proxy.example.com/v1", "https://"),
        ("twilio", "TWILIO_API_BASE_URL", "10.0.0.1", "http://"),
        ("daily", "DAILY_API_URL", "api.daily.co", "https://"),
    ],
)
def test_an_address_without_its_scheme_is_named_with_its_variable(
    tmp_path: Path, transport: str, name: str, value: str, missing: str
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(SPEC.format(transport=transport, llm="openai/gpt-4o"))
    with pytest.raises(SpecError) as raised:
        plan.make(spec.load(path), (), {"OPENAI_API_KEY": "x", "DAILY_API_KEY": "x", name: value})
    (problem,) = raised.value.problems
    assert problem.message == f"{name}: '{value}' is not an address: {missing} is missing"
    assert problem.hint == f"export {name}=… with the whole address of the API"


def test_an_address_that_no_part_of_the_spec_uses_is_nobodys_problem(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(SPEC.format(transport="local", llm="openai/gpt-4o"))
    assert plan.make(spec.load(path), (), {"OPENAI_API_KEY": "x", "DAILY_API_URL": "nowhere"})


def test_a_password_is_not_in_the_words() -> None:
    assert "secret" not in problem_with("me:secret@127.0.0.1:99")
