"""pytest collects and runs the tests of specs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

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


def pytest_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error", *arguments]
    command += ["-o", "asyncio_default_fixture_loop_scope=function"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=False)


def test_items_have_ids_and_failures_show_the_conversation(tmp_path: Path) -> None:
    agents = tmp_path / "agents"
    agents.mkdir()
    write(agents, TESTS)
    done = pytest_in(tmp_path, "agents", "--junit-xml", "out.xml", "-v")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "agents/desk.yaml::greeting PASSED" in done.stdout
    assert "agents/desk.yaml::hours FAILED" in done.stdout
    assert "desk.tests.yaml:6: hours" in done.stdout
    assert "does not contain 'midnight'" in done.stdout
    assert 'get_hours(day="friday") ok: from six to eleven on friday' in done.stdout
    [suite] = ElementTree.parse(tmp_path / "out.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")


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
