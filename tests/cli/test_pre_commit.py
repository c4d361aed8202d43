"""The hook of pre-commit runs a command that there is, on the files that it is for."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentrun.cli.main import main

ROOT = Path(__file__).parents[2]
SPEC = "transport: {transport}\nprompts: Hi.\n"


@pytest.fixture
def hook() -> dict[str, Any]:
    [hook] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    return dict(hook)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("agents/desk.yaml", True),
        ("agents/desk.tests.yml", True),
        ("voice/agents/desk.yaml", True),
        ("agents/words/opening.md", False),
        ("agents/words/opening.yaml", False),
        ("deploy/values.yaml", False),
        ("magents/desk.yaml", False),
    ],
)
def test_it_is_for_the_specs_and_their_tests(hook: dict[str, Any], path: str, wanted: bool) -> None:
    assert bool(re.search(hook["files"], path)) == wanted
    assert hook["types"] == ["yaml"]


@pytest.mark.parametrize(("transport", "code"), [("local", 0), ("twillio", 1)])
def test_it_checks_all_files_that_were_changed_at_once(
    hook: dict[str, Any],
    transport: str,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    (tmp_path / "agents").mkdir()
    for name, given in (("good", "local"), ("other", transport)):
        (tmp_path / "agents" / f"{name}.yaml").write_text(SPEC.format(transport=given))
    program, *arguments = shlex.split(hook["entry"])
    exit_code = main.main([*arguments, "agents/good.yaml", "agents/other.yaml"], standalone_mode=False)
    assert (program, exit_code) == ("agentrun", code)
    assert ("agents/other.yaml:1" in capsys.readouterr().out) == bool(code)
    assert hook["require_serial"], "a handoff names a spec beside it, which may be among the changed files"
