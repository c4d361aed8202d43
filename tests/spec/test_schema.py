"""The JSON Schema and the reference say what `agentrun check` does."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from agentrun.cli.commands.schema import command
from agentrun.providers import schema as services
from agentrun.spec.models.agent import AgentSpec
from agentrun.spec.reference import json_schema, markdown
from agentrun.tools.builtin import BUILTINS
from tests.spec import messages
from tests.spec.check_spec import SPECS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GOOD = sorted(
    p for f in (SPECS / "good", ROOT / "agents") for p in f.glob("*.yaml") if ".tests." not in p.name
)
BAD = sorted((SPECS / "bad").glob("*.yaml"))
BEYOND = (
    "is a secret",
    "there is no folder",
    "leads out of",
    "hears the caller itself",
    "'room' has no effect with",
    "before the longest call is over",
    "belongs to `room_url`",
    "must be above",
    "extends: ",
    "takes no keywords",
    "noise reduction works",
    ".file: ",
    "warning: ",
    "is given a second time",
    "is listed twice here",
    "template",
    "is not known here",
    "is asked before it",
    "has either `turns:`",
    "there is no provider",
    "is not provider/model",
    "no fallback to wait for",
    "record.audio.to: ",
)
"""What one file and its shape can't tell: other files, templates, services, and what doesn't go together."""


BEYOND_FILES = (
    "plan/plan.py",
    "plan/after_call.py",
    "plugins/handoff.py",
    "plugins/load.py",
    "plan/handoff_targets.py",
    "plugins/scripted_calls.py",
    "providers/openai.py",
    "providers/service_plans.py",
    "plan/webhook.py",
    "spec/checks/call_control.py",
    "spec/models/outbound.py",
    "spec/models/agent.py",
    "spec/checks/combinations.py",
    "spec/models/scenarios.py",
)
"""Whose messages are about several values that don't go together."""


def data(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def editor() -> Draft202012Validator:
    return Draft202012Validator(services.of_spec())


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(services.of_spec())


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_an_editor_accepts_every_good_spec(editor: Draft202012Validator, path: Path) -> None:
    assert [error.message for error in editor.iter_errors(data(path))] == []


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_an_editor_marks_every_bad_spec_that_its_shape_gives_away(
    editor: Draft202012Validator, path: Path
) -> None:
    said = path.with_suffix(".txt").read_text(encoding="utf-8")
    try:
        read = data(path)
    except (yaml.YAMLError, UnicodeDecodeError):
        return
    marked = bool(list(editor.iter_errors(read)))
    beyond = (messages.pattern(text) for file, text in messages.templates() if file in BEYOND_FILES)
    assert marked or any(word in said for word in BEYOND) or any(one.search(said) for one in beyond), said


@pytest.mark.parametrize("path", sorted((ROOT / "agents").glob("*.tests.yaml")), ids=lambda path: path.stem)
def test_an_editor_accepts_every_file_of_tests(path: Path) -> None:
    validator = Draft202012Validator(json_schema.of_tests())
    assert [error.message for error in validator.iter_errors(data(path))] == []


@pytest.mark.parametrize("path", sorted((ROOT / "agents").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_names_its_schema_in_its_first_line(path: Path) -> None:
    name = "tests" if ".tests." in path.name else "agent"
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema=../docs/{name}.schema.json"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("agent.schema.json", lambda: markdown.as_json(services.of_spec(list(BUILTINS)))),
        ("tests.schema.json", lambda: markdown.as_json(json_schema.of_tests())),
    ],
)
def test_the_docs_are_what_the_models_say(name: str, text: Any) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == text(), f"run: agentrun schema … > docs/{name}"


@pytest.mark.parametrize("make", [services.of_spec, json_schema.of_tests], ids=["spec", "tests"])
def test_an_editor_shows_no_name_of_the_code(make: Callable[[], dict[str, Any]]) -> None:
    schema = make()
    assert [name for name in schema["$defs"] if "__" in name or name.startswith("Usual")] == []
    text = json.dumps(schema)
    assert re.findall(r":class:|agentrun\.\w+|pipecat\.\w+", text) == []


@pytest.mark.parametrize(
    ("llm", "is_marked"),
    [
        ({"model": "openai/gpt-4o", "max_tokens": -1}, True),
        ({"model": "openai/gpt-4o", "temperature": 3}, True),
        ({"model": "openai/gpt-4o", "base_url": "http://127.0.0.1:8000/v1", "max_tokens": -1}, False),
        ({"model": "groq/x", "base_url": "http://127.0.0.1:8000/v1", "temperature": 3}, False),
        ({"model": "ollama/llama3.2", "max_tokens": -1}, False),
        ({"model": "anthropic/claude-sonnet-4-5", "temperature": 3}, True),
        ({"model": "openai/gpt-4o", "base_url": "http://127.0.0.1:8000/v1", "max_tokens": "x"}, True),
    ],
)
def test_an_editor_lets_a_server_of_ones_own_take_more(
    editor: Draft202012Validator, llm: dict[str, Any], is_marked: bool
) -> None:
    written = {"transport": "local", "prompts": "Hi.", "pipeline": {"style": "cascaded", "llm": llm}}
    assert bool(list(editor.iter_errors(written))) == is_marked


def test_an_editor_offers_tools_and_takes_others() -> None:
    schema = services.of_spec(["hang_up", "shop"])
    validator = Draft202012Validator(schema)
    offers = [
        schema["$defs"]["ToolUse"]["properties"]["use"]["anyOf"][0],
        schema["properties"]["tools"]["items"]["anyOf"][0],
    ]
    assert offers == [{"enum": ["hang_up", "shop"]}] * 2
    agent = {"transport": "local", "prompts": "Hi."}
    for tools in (["hang_up"], ["another"], [{"use": "shop"}], [{"use": "another", "limit": 3}]):
        assert list(validator.iter_errors({**agent, "tools": tools})) == []
    assert list(validator.iter_errors({**agent, "tools": [{"use": " "}]})) != []


def test_the_command_offers_built_in_tools_and_the_plugins_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "shop.py").write_text("raise SystemExit('imported')")
    (tmp_path / "plugins" / "_private.py").touch()
    monkeypatch.chdir(tmp_path)
    printed = json.loads(CliRunner().invoke(command, []).output)
    names = printed["$defs"]["ToolUse"]["properties"]["use"]["anyOf"][0]["enum"]
    assert names == [*BUILTINS, "shop"]


def test_every_key_stands_in_the_reference_with_an_example() -> None:
    page = markdown.of(json_schema.of_spec())
    for key in _keys(AgentSpec):
        assert re.search(rf"^\| `{key}` \|.*\| `{key}: .+` \|$", page, re.MULTILINE), key


def _keys(model: type[BaseModel]) -> set[str]:
    found = set()
    for name, field in model.model_fields.items():
        found.add(field.alias or name)
        for inside in re.findall(r"<class '([\w.]+)'>", str(field.annotation)):
            kind = {cls.__module__ + "." + cls.__name__: cls for cls in _models()}.get(inside)
            found |= _keys(kind) if kind else set()
    return found


def _models() -> list[type[BaseModel]]:
    from agentrun.spec.models.base import SpecModel

    return list(SpecModel.__subclasses__())
