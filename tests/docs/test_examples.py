"""Every example of the documentation is what it claims to be: YAML that a spec may hold, Python that runs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from agentrun.providers import schema as services
from agentrun.spec.reference import json_schema

DOCS = Path(__file__).parents[2] / "docs"
GENERATED = {"reference/messages.md", "reference/spec.md", "reference/commands.md", "reference/metrics.md"}
BASE: dict[str, Any] = {"transport": "twilio", "prompts": "Be brief."}
BLOCK = re.compile(r"^( *)```(\w+)[^\n]*\n(.*?)^\1```", re.DOTALL | re.MULTILINE)


def blocks(kind: str) -> Iterator[Any]:
    """The examples of a kind, each with its page."""
    for path in sorted(DOCS.rglob("*.md")):
        page = path.relative_to(DOCS).as_posix()
        found = BLOCK.findall(path.read_text(encoding="utf-8")) if page not in GENERATED else []
        for number, (_, language, text) in enumerate(found):
            if language == kind:
                yield pytest.param(text, id=f"{page}-{number}")


@pytest.fixture(scope="module")
def validators() -> tuple[Draft202012Validator, Draft202012Validator]:
    return Draft202012Validator(services.of_spec()), Draft202012Validator(json_schema.of_tests())


@pytest.mark.parametrize("text", list(blocks("yaml")))
def test_what_is_yaml_may_stand_in_a_spec(
    text: str, validators: tuple[Draft202012Validator, Draft202012Validator]
) -> None:
    part = yaml.safe_load(text)
    spec, tests = validators
    whole = {**BASE, **part} if isinstance(part, dict) else part
    errors = tests.iter_errors(part) if "scenarios" in part else spec.iter_errors(whole)
    assert [error.message for error in errors] == []


@pytest.mark.parametrize("text", list(blocks("python")))
def test_what_is_python_runs(text: str) -> None:
    space: dict[str, Any] = {"__name__": "example"}
    exec(compile(text, "example", "exec"), space)  # noqa: S102
    for name, value in list(space.items()):
        if name.startswith("test_"):
            value()


@pytest.mark.parametrize("text", list(blocks("json")))
def test_what_is_json_is_json(text: str) -> None:
    assert json.loads(text)
