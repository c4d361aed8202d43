"""The shell completes commands and options, by what the command itself prints for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import ENVIRON

COMMAND = Path(sys.executable).with_name("agentrun")
SCRIPT = """
eval "$(_AGENTRUN_COMPLETE=bash_source agentrun)"
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_agentrun_completion agentrun
printf '%s\\n' "${COMPREPLY[@]}"
"""

pytestmark = [
    pytest.mark.needs(COMMAND.exists(), "the command agentrun is not installed beside this Python"),
    pytest.mark.needs(shutil.which("bash") is not None, "bash is not installed"),
]


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (("agentrun", "serv"), ["serve"]),
        (("agentrun", "calls", "s"), ["show"]),
        (("agentrun", "check", "--no-"), ["--no-plugins"]),
        (("agentrun", "check", "--format", "s"), ["sarif"]),
    ],
)
def test_bash_completes_commands_options_and_choices(words: tuple[str, ...], completed: list[str]) -> None:
    environ = {**ENVIRON, "PATH": f"{COMMAND.parent}{os.pathsep}{ENVIRON['PATH']}"}
    command = ["bash", "-c", SCRIPT, "bash", *words]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.split() == completed, done.stderr
