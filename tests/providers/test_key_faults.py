"""A key that was set with more than the key is named before a call, and is itself never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

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
