"""A page that shows a whole agent: the agent is checked without a complaint and passes its tests."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from agentrun.cli.main import main

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
PAGES = ["know-the-caller.md", "remember-values.md", "send-an-sms.md"]
VARIABLES = ("CRM_TOKEN", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "SMS_FROM")
_YAML = re.compile(r"^```yaml\n(name: .*?)^```", re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("style", ["cascaded", "realtime"])
@pytest.mark.parametrize("page", PAGES)
def test_the_agent_of_a_page_does_what_its_tests_say(tmp_path: Path, page: str, style: str) -> None:
    (agent,) = _YAML.findall((HOW_TO / page).read_text(encoding="utf-8"))
    path = tmp_path / "desk.yaml"
    path.write_text(agent, encoding="utf-8")
    environ = {"OPENAI_API_KEY": "test", **dict.fromkeys(VARIABLES, "test")}
    for command in ("check", "test"):
        done: Any = CliRunner().invoke(
            main, [command, str(path), "--style", style], env=environ, standalone_mode=False
        )
        assert done.exception is None, done.exception
        assert done.return_value == 0, done.output
