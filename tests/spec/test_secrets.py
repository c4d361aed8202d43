"""A secret in a spec is a problem, and is printed nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.errors import SpecError
from agentrun.spec import load
from agentrun.spec.checks.secret_values import mask
from tests.spec.check_spec import complaints

SPEC = "transport: local\nprompts: Hi.\n"
# put together here, so that no file of the repository looks as if it held one
SECRETS = {
    "openai": "sk-" + "proj-0123456789abcdefABCD",
    "twilio-sid": "AC" + "0123456789abcdef" * 2,
    "twilio-key": "SK" + "0123456789abcdef" * 2,
    "slack": "xoxb-" + "0123456789-abcdefghij",
    "google": "AIza" + "0123456789abcdefghijABCDEFGHIJ_-xyz",
    "github": "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345",
}
PLACES = {
    "a comment": "# {}\n" + SPEC,
    "a value": SPEC + "description: {}\n",
    "a key": SPEC + "vars:\n  {}: 1\n",
    "a block": "transport: local\nprompts: |\n  Hi.\n  Your key is {}.\n",
    "a default": SPEC + "pipeline: {{llm: {{model: openai/gpt-4o, api_key: '${{KEY:-{}}}'}}}}\n",
    "a wrong value": "prompts: Hi.\ntransport: {}\n",
    "broken YAML": SPEC + "description: '{}\n",
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_secret_is_a_problem_wherever_it_stands_and_is_never_printed(
    tmp_path: Path, secret: str, place: str
) -> None:
    spec = tmp_path / "a.yaml"
    text = place.format(secret)
    spec.write_text(text)
    said = complaints(spec)
    before = text[: text.index(secret)].split("\n")
    assert f"a.yaml:{len(before)}:{len(before[-1]) + 1}: this looks like" in said
    assert "write ${NAME}" in said
    assert secret not in said
    assert secret[4:] not in said


def test_a_secret_in_a_prompt_file_is_a_problem_of_that_file(tmp_path: Path) -> None:
    (tmp_path / "kind.md").write_text(f"Be kind.\nUse {SECRETS['openai']}.\n")
    (tmp_path / "a.yaml").write_text("transport: local\nprompts: {system: {file: kind.md}}\n")
    said = complaints(tmp_path / "a.yaml")
    assert "kind.md:2:5: this looks like an API key" in said
    assert SECRETS["openai"] not in said


def test_a_secret_in_a_parent_is_a_problem_of_the_parent(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text(f"{SPEC}description: {SECRETS['github']}\n")
    (tmp_path / "a.yaml").write_text("extends: base.yaml\n")
    assert complaints(tmp_path / "a.yaml").startswith("base.yaml:3:14: this looks like a GitHub token")


def test_a_secret_on_the_command_line_is_not_printed(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SPEC)
    with pytest.raises(SpecError) as caught:
        load(tmp_path / "a.yaml", [("pipeline.llm.api_key", SECRETS["openai"])])
    assert "--set pipeline.llm.api_key" in str(caught.value)
    assert SECRETS["openai"] not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["ask-me-anything-you-like", "sk-short", "${OPENAI_API_KEY}", "ACDC", "risk-free-of-charge"]
)
def test_ordinary_words_are_no_secrets(text: str) -> None:
    assert mask(text, "a.yaml") == (text, [])


HEADERS = {
    "Cookie: 'session=${SESSION_V2}'": False,
    "Cookie: 'session_v2_of_our_shop=${SESSION}'": False,
    "Cookie: 'lang=${LANG};session=${SESSION_V2:-}'": False,
    "Authorization: 'Token=${API_TOKEN2}'": False,
    "X-Api-Key: 'v2.local.${API_TOKEN2}'": False,
    "Authorization: 'Basic:${USER1}:${PASSWORD1}'": False,
    "Cookie: 'session=${SESSION:-0123456789ab}'": True,
    "Cookie: 'session=0123456789abcdef;lang=${LANG}'": True,
    "X-Api-Key: '0123456789abcdefgh${KEY}'": True,
    "Cookie: 'session=0123456789ab'": True,
}


@pytest.mark.parametrize("header", HEADERS, ids=[str(number) for number in range(len(HEADERS))])
def test_a_header_may_have_words_around_its_variable(tmp_path: Path, header: str) -> None:
    tool = f"{{use: http, name: a, description: Looks., url: 'https://a.example.com', headers: {{{header}}}}}"
    (tmp_path / "a.yaml").write_text(f"{SPEC}tools: [{tool}]\n")
    assert ("given here in plain text" in complaints(tmp_path / "a.yaml")) == HEADERS[header]


def test_a_masked_text_keeps_its_length() -> None:
    masked, problems = mask(f"a {SECRETS['slack']} b", "a.yaml")
    assert len(masked) == len(SECRETS["slack"]) + 4
    assert [(p.line, p.column) for p in problems] == [(1, 3)]
