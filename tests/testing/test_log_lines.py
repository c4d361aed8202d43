"""What a failed test prints: the failure, and Pipecat's lines only when they are asked for."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests import programs
from tests.testing.desk import write

FAILS = """
from agentrun.testing import Conversation

def test_it_says_noon():
    with Conversation("desk.yaml", ["Hello!", "At six."]) as talk:
        assert talk.say("When do you open?").agent == "At noon."
"""


def pytest_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    write(folder, "- {name: none, turns: [{user: Hello}]}")
    (folder / "test_desk.py").write_text(FAILS)
    return programs.run_pytest("-q", "-p", "no:cacheprovider", "test_desk.py", *arguments, cwd=folder)


@pytest.mark.slow
@pytest.mark.parametrize(("options", "there"), [((), False), (("--agentrun-logs",), True)])
def test_pipecats_lines_are_there_only_when_they_are_asked_for(
    tmp_path: Path, options: tuple[str, ...], there: bool
) -> None:
    done = pytest_in(tmp_path, *options)
    assert done.returncode == 1
    assert "At six." in done.stdout
    assert ("| DEBUG    | pipecat." in done.stdout) == there, done.stdout
