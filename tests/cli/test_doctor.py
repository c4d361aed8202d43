"""``agentrun doctor`` as a process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_token import run

GOOD = {"OPENAI_API_KEY": "k", "TWILIO_AUTH_TOKEN": "t", "TWILIO_ACCOUNT_SID": "AC1"}


@pytest.mark.parametrize(("given", "code"), [(GOOD, 0), ({"OPENAI_API_KEY": "k"}, 1)])
def test_it_exits_with_1_when_something_stands_in_the_way(
    tmp_path: Path, given: dict[str, str], code: int
) -> None:
    (tmp_path / "desk.yaml").write_text("transport: twilio\nprompts: Be brief.\n")
    done = run("doctor", str(tmp_path), "--port", "0", **given)
    assert done.returncode == code, done.stdout + done.stderr
    assert ("FAIL  key: TWILIO_AUTH_TOKEN is not set\n      hint: " in done.stdout) == bool(code)
    assert "disk: " in done.stdout
    assert "port: " in done.stdout


PLUGIN = """
from loguru import logger
from agentrun import hookimpl
logger.info("a library says that it is there")

def get_hours() -> str:
    "When we are open."
    logger.info("asked")
    return "from six"

@hookimpl
def agentrun_tools():
    return [get_hours]
"""


@pytest.mark.parametrize("command", [("doctor", "--port", "0"), ("tools", "list"), ("tools", "call")])
def test_what_libraries_say_of_themselves_is_not_printed(tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "hours.py").write_text(PLUGIN)
    (tmp_path / "desk.yaml").write_text("transport: twilio\nprompts: Be brief.\ntools: [hours]\n")
    spec = [str(tmp_path / "desk.yaml"), *(["get_hours"] if "call" in command else [])]
    done = run(*command, *spec, **GOOD)
    assert done.returncode == 0, done.stderr
    assert not {"INFO", "DEBUG"} & set((done.stdout + done.stderr).split())
