"""A token from the command line, and an environment that runs no code."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from agentrun.cli.options.environment import drop_pipecats
from agentrun.server.auth.start_tokens import StartTokens
from agentrun.server.shared_state.state import SharedState
from tests import programs
from tests.cli.serve_process import environ

AGENTRUN = (sys.executable, "-m", "agentrun")


def run(*arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    """Run ``agentrun`` to its end."""
    return programs.run(*arguments, env=environ(**extra), timeout=25)


async def test_a_token_is_good_for_its_agent_and_key() -> None:
    done = run("token", "desk", "--for", "1m", AGENTRUN_API_KEY="k")
    assert done.returncode == 0, done.stderr
    token = done.stdout.strip()
    use = SharedState().use
    assert not await StartTokens("k", use=use).admit(token, "other")
    assert not await StartTokens("j", use=use).admit(token, "desk")
    assert await StartTokens("j", "k", use=use).admit(token, "desk")
    assert not await StartTokens("k", use=use).admit(token, "desk")


def test_without_a_key_no_token_is_made() -> None:
    done = run("token", "desk")
    assert (done.returncode, done.stdout) == (1, "")
    assert "AGENTRUN_API_KEY" in done.stderr


@pytest.mark.parametrize("duration", ["2h", "0s", "5"])
def test_a_token_is_short_lived(duration: str) -> None:
    done = run("token", "desk", "--for", duration, AGENTRUN_API_KEY="k")
    assert done.returncode == 2, done.stderr


def test_pipecat_s_variables_that_run_code_or_open_doors_are_dropped() -> None:
    given = {"PIPECAT_SETUP_FILES": "x.py", "PIPECAT_ALLOWED_FILE_URL_NETWORKS": "10.0.0.0/8", "PATH": "/bin"}
    given |= {"PIPECAT_SMART_TURN_LOG_DATA": "1", "PIPECAT_LOG_LLM_CONTEXT": "off"}
    assert len(drop_pipecats(given)) == 3
    assert given == {"PIPECAT_LOG_LLM_CONTEXT": "off", "PATH": "/bin"}


def test_a_setup_file_of_pipecat_s_is_not_run_and_the_operator_is_told(tmp_path: Path) -> None:
    setup = tmp_path / "setup.py"
    setup.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    spec = tmp_path / "desk.yaml"
    spec.write_text("transport: local\nprompts: Be brief.\n")
    done = subprocess.run(
        [*AGENTRUN, "chat", str(spec), "--offline", "--json"],
        input="Hello\n",
        capture_output=True,
        text=True,
        env=environ(PIPECAT_SETUP_FILES=str(setup)),
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "PIPECAT_SETUP_FILES is ignored" in done.stderr
    assert not (tmp_path / "ran").exists()
