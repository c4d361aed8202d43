"""A key that was set with more than the key is named before a call, and is itself never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.cli.checking import CheckOptions, examine_all
from agentrun.providers import key_faults
from tests import programs

KEY = "sk-" + "x1y2z3" * 4
SPEC = "transport: local\nprompts: Hi.\n"
WRONG = {
    f"{KEY}\n": "ends with a line break",
    f"\r\n{KEY}": "begins with a line break",
    f"{KEY} ": "ends with a space",
    f"'{KEY}'": "is in quotes",
    f"“{KEY}”": "is in quotes",
    f"{KEY}\n{KEY}": "holds a line break",
    f"{KEY}–": "holds U+2013, which is in no key",
}


@pytest.mark.parametrize("key", WRONG, ids=[str(number) for number in range(len(WRONG))])
def test_a_key_with_more_than_the_key_is_an_error(tmp_path: Path, key: str) -> None:
    (tmp_path / "desk.yaml").write_text(SPEC)
    environ = {"PATH": "/usr/bin:/bin", "OPENAI_API_KEY": key}
    done = programs.run("check", "desk.yaml", cwd=tmp_path, env=environ, timeout=25)
    assert f"pipeline: OPENAI_API_KEY {WRONG[key]}\n" in done.stdout
    assert "export OPENAI_API_KEY=… again, with the key alone" in done.stdout
    assert (done.returncode, done.stdout.count("OPENAI_API_KEY "), KEY in done.stdout) == (1, 1, False)


@pytest.mark.parametrize("key", ["", KEY, "a.b-c_d~e+f/g==", "test"])
def test_what_may_be_a_key_is_none_of_ours(key: str) -> None:
    assert key_faults.fault(key) == ""


def test_a_key_of_a_variable_that_the_spec_names_is_looked_at_too(tmp_path: Path) -> None:
    llm = "{model: openai/gpt-4o, api_key: '${MINE}'}"
    (tmp_path / "desk.yaml").write_text(f"{SPEC}pipeline: {{llm: {llm}}}\n")
    environ = {"PATH": "/usr/bin:/bin", "OPENAI_API_KEY": KEY, "MINE": f"{KEY}\n"}
    done = programs.run("check", "desk.yaml", cwd=tmp_path, env=environ, timeout=25)
    assert "desk.yaml:3" in done.stdout
    assert "pipeline.llm.api_key: the key ends with a line break" in done.stdout


OTHERS = {
    ("openai/gpt-4o", "sk-ant-api03-" + "a1" * 20): "OPENAI_API_KEY is a key of Anthropic's",
    ("openai/gpt-4o", "AC" + "0a" * 16): "OPENAI_API_KEY is a key of Twilio's",
    ("openai/gpt-4o", "your-openai-api-key"): "OPENAI_API_KEY is a placeholder",
    ("openai/gpt-4o", "<your key>"): "OPENAI_API_KEY is a placeholder",
    ("openai/gpt-4o", "sk-proj-" + "a1" * 20): "",
    ("anthropic/claude-sonnet-4-5", "sk-proj-" + "a1" * 20): "ANTHROPIC_API_KEY is a key of OpenAI's",
    ("anthropic/claude-sonnet-4-5", "sk-ant-api03-" + "a1" * 20): "",
    ("groq/llama-3.3-70b-versatile", "gsk_" + "a1" * 20): "",
    ("groq/llama-3.3-70b-versatile", "xai-" + "a1" * 20): "GROQ_API_KEY is a key of xAI's",
}


@pytest.mark.parametrize(("model", "key"), OTHERS, ids=[str(number) for number in range(len(OTHERS))])
def test_another_maker_s_key_and_a_placeholder_are_errors(tmp_path: Path, model: str, key: str) -> None:
    (tmp_path / "desk.yaml").write_text(f"{SPEC}pipeline: {{llm: {model}}}\n")
    name = f"{model.partition('/')[0].upper()}_API_KEY"
    own = {"OPENAI_API_KEY": KEY, name: key}
    found = examine_all([tmp_path / "desk.yaml"], CheckOptions(own)).all()
    said = [problem.message for problem in found if problem.severity == "error"]
    assert said == ([OTHERS[model, key]] if OTHERS[model, key] else [])
    assert not any(key in str(problem) for problem in found)


PLUGIN = """
from pipecat.services.openai.llm import OpenAILLMService

from agentrun import hookimpl


class Mine(OpenAILLMService):
    def __init__(self, *, api_key: str, **more):
        super().__init__(api_key=api_key, **more)


@hookimpl
def agentrun_providers():
    return {"llm": {"mine": Mine}}
"""


@pytest.mark.parametrize("key", ["sk-proj-" + "a1" * 20, "AIza" + "a1" * 20, "todo", "AC" + "0a" * 16])
@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "MINE_API_KEY"])
def test_a_plugin_s_service_may_take_any_maker_s_key(tmp_path: Path, name: str, key: str) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "mine.py").write_text(PLUGIN)
    written = "" if name.startswith("MINE") else f", api_key: '${{{name}}}'"
    pipeline = f"{{style: cascaded, llm: {{model: mine/one{written}}}, stt: groq/x, tts: groq/x}}"
    (tmp_path / "desk.yaml").write_text(f"{SPEC}pipeline: {pipeline}\n")
    found = examine_all([tmp_path / "desk.yaml"], CheckOptions({name: key})).all()
    assert [str(problem) for problem in found if problem.severity == "error"] == []


def test_a_server_of_ones_own_may_take_any_key(tmp_path: Path) -> None:
    llm = "{model: openai/gpt-4o, base_url: 'http://127.0.0.1:4000'}"
    (tmp_path / "desk.yaml").write_text(f"{SPEC}pipeline: {{llm: {llm}}}\n")
    environ = {"OPENAI_API_KEY": "sk-ant-api03-" + "a1" * 20, "OPENAI_BASE_URL": "http://127.0.0.1:4000"}
    found = examine_all([tmp_path / "desk.yaml"], CheckOptions(environ)).all()
    assert [str(problem) for problem in found if problem.severity == "error"] == []
