"""What a failed test prints: the failure, and Pipecat's lines only when they are asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.testing.desk import write

ROOT = Path(__file__).parents[2]
FAILS = """
from agentrun.testing import Conversation

def test_it_says_noon():
    with Conversation("desk.yaml", ["Hello!", "At six."]) as talk:
        assert talk.say("When do you open?").agent == "At noon."
"""


def pytest_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    write(folder, "- {name: none, turns: [{user: Hello}]}")
    (folder / "test_desk.py").write_text(FAILS)
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_desk.py", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=100, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize(("options", "there"), [((), False), (("--agentrun-logs",), True)])
def test_pipecats_lines_are_there_only_when_they_are_asked_for(
    tmp_path: Path, options: tuple[str, ...], there: bool
) -> None:
    done = pytest_in(tmp_path, *options)
    assert done.returncode == 1
    assert "At six." in done.stdout
    assert ("| DEBUG    | pipecat." in done.stdout) == there, done.stdout
