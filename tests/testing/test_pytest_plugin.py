"""pytest collects and runs the tests of specs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests import programs
from tests.testing.desk import write

TESTS = """
- name: greeting
  turns:
    - expect: [{event: response, text_contains: Hello}]
- name: hours
  turns:
    - user: When are you open?
      llm: {call: get_hours, args: {day: friday}}
      expect: [{event: response, text_contains: midnight, within_ms: 2000}]
"""


OPTIONS = ("-p", "no:cacheprovider", "-W", "error", "-o", "asyncio_default_fixture_loop_scope=function")


def pytest_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return programs.run_pytest(*OPTIONS, *arguments, cwd=folder, env=os.environ)


def test_items_have_ids_and_failures_show_the_conversation(tmp_path: Path) -> None:
    agents = tmp_path / "agents"
    agents.mkdir()
    write(agents, TESTS)
    # once as it is for users: with nothing imported before
    command = [sys.executable, "-m", "pytest", *OPTIONS, "agents", "--junit-xml", "out.xml", "-v"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "agents/desk.yaml::greeting PASSED" in done.stdout
    assert "agents/desk.yaml::hours FAILED" in done.stdout
    assert "desk.tests.yaml:6: hours" in done.stdout
    assert "does not contain 'midnight'" in done.stdout
    assert 'get_hours(day="friday") ok: from six to eleven on friday' in done.stdout
    [suite] = ElementTree.parse(tmp_path / "out.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")


@pytest.mark.parametrize("asked", [(), ("--agentrun-logs",)])
def test_calls_that_are_left_at_the_end_are_ended_without_a_line(
    tmp_path: Path, asked: tuple[str, ...]
) -> None:
    agents = tmp_path / "agents"
    agents.mkdir()
    write(agents, TESTS)
    done = pytest_in(tmp_path, "agents", "-k", "greeting", *asked)
    assert done.returncode == 0, done.stdout + done.stderr
    assert ("| INFO " in done.stdout + done.stderr) == bool(asked)


def test_k_chooses_and_a_node_id_names_one(tmp_path: Path) -> None:
    write(tmp_path, TESTS)
    done = pytest_in(tmp_path, "desk.yaml", "-k", "greeting")
    assert "1 passed, 1 deselected" in done.stdout, done.stdout + done.stderr
    done = pytest_in(tmp_path, "desk.yaml::greeting")
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_a_spec_with_problems_is_not_collected_and_says_why(tmp_path: Path) -> None:
    path = write(tmp_path, TESTS)
    path.write_text(path.read_text().replace("transport:", "transprot:"))
    done = pytest_in(tmp_path, "desk.yaml")
    assert done.returncode == 2
    assert "did you mean 'transport'?" in done.stdout


def test_other_yaml_is_nobodys_test(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("services: {}\n")
    assert pytest_in(tmp_path).returncode == 5


WATCHER = """
from agentrun import Call, hookimpl

def get_hours(call: Call, day: str) -> str:
    \"\"\"Say when it is open.\"\"\"
    return f"{call.environ.get('SHOP', 'nobody')} is open on {day}"

@hookimpl
def agentrun_tools():
    return [get_hours]
"""


def test_a_test_sees_no_variable_of_the_shell_but_those_that_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP", "shell")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    agents = tmp_path / "agents"
    agents.mkdir()
    write(agents, TESTS.replace("midnight, within_ms: 2000", "nobody is open"))
    (agents / "plugins" / "hours.py").write_text(WATCHER)
    alone = pytest_in(tmp_path, "agents")
    given = pytest_in(tmp_path, "agents", "-o", "agentrun_environ=SHOP=Rosa")
    assert alone.returncode == 0, alone.stdout + alone.stderr
    assert given.returncode == 1
    assert "Rosa is open on friday" in given.stdout


def test_a_variable_that_is_none_is_told(tmp_path: Path) -> None:
    agents = tmp_path / "agents"
    agents.mkdir()
    write(agents, TESTS)
    done = pytest_in(tmp_path, "agents", "-o", "agentrun_environ=SHOP")
    assert done.returncode == 1
    assert "agentrun_environ: 'SHOP' is not a variable" in done.stdout


def test_a_key_that_is_not_set_is_no_reason_to_fail_where_nobody_is_asked(tmp_path: Path) -> None:
    agents = tmp_path / "agents"
    agents.mkdir()
    tests = TESTS.replace("midnight, within_ms: 2000", "six")
    write(agents, tests, "pipeline: {stt: deepgram/nova-3}\n")
    done = pytest_in(tmp_path, "agents")
    assert done.returncode == 0, done.stdout + done.stderr
