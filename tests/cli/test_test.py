"""``agentrun test`` as it is used."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests import programs
from tests.testing.desk import write

ROOT = Path(__file__).parents[2]
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


def run(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return programs.run("test", *arguments, cwd=cwd, env={"PATH": os.environ["PATH"]}, timeout=100)


@pytest.mark.slow
def test_every_example_passes_without_network_and_keys() -> None:
    done = run("agents")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout


@pytest.mark.slow
def test_a_budget_is_held_against_what_the_caller_heard(tmp_path: Path) -> None:
    pytest.importorskip("faster_whisper", reason="the extra 'offline' is not installed")
    open_hours = TESTS.replace("midnight, within_ms: 2000", "midnight").replace("midnight", "six")
    write(tmp_path, open_hours, "budget: {first_audio: 1m, turn_p95: 1ms}\n")
    done = run("desk.yaml", "--audio", cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "desk.yaml:8: budget" in done.stdout
    assert "expected budget.turn_p95 1 ms" in done.stdout
    assert "ms; slowest: hours, turn 1: " in done.stdout
    assert " of 60000 ms, 2 calls; " in done.stdout
    assert "2 passed, 1 failed" in done.stdout


def test_a_failed_test_is_exit_1_with_the_conversation(tmp_path: Path) -> None:
    write(tmp_path, TESTS)
    done = run("desk.yaml", "--junit", "out.xml", cwd=tmp_path)
    assert done.returncode == 1
    assert "desk.tests.yaml:6: hours" in done.stdout
    assert "expected response, within_ms 2000, text_contains midnight" in done.stdout
    assert "1 passed, 1 failed" in done.stdout
    [suite] = ElementTree.parse(tmp_path / "out.xml").getroot()
    assert [suite.get(name) for name in ("tests", "failures", "errors")] == ["2", "1", "0"]
    assert [(case.get("file"), case.get("line")) for case in suite] == [
        ("desk.tests.yaml", "3"),
        ("desk.tests.yaml", "6"),
    ]


def test_json_is_one_object_a_test(tmp_path: Path) -> None:
    write(tmp_path, TESTS)
    done = run("desk.yaml", "--json", cwd=tmp_path)
    greeting, hours = [json.loads(line) for line in done.stdout.splitlines()]
    assert (greeting["id"], greeting["status"]) == ("desk.yaml::greeting", "passed")
    assert hours["failures"][0]["kind"] == "text_mismatch"


def test_a_repeated_test_tells_how_often_it_passed(tmp_path: Path) -> None:
    write(tmp_path, TESTS)
    done = run("desk.yaml", "-k", "greeting", "--repeat", "4", cwd=tmp_path)
    assert done.returncode == 0
    assert "4/4   51% to 100%  desk.yaml::greeting" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("desk.yaml", "-k", "nothing"), 2, "no test matches"),
        (("desk.yaml", "--record"), 2, "add --live"),
        (("desk.yaml", "--replay", "--live"), 2, "choose one"),
        (("other.yaml",), 1, "other.yaml"),
        (("desk.yaml", "--replay"), 1, "there is no cassette"),
        (("desk.yaml", "--live"), 1, "OPENAI_API_KEY is not set"),
    ],
)
def test_what_can_not_be_run_says_why(
    tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    write(tmp_path, TESTS)
    done = run(*arguments, cwd=tmp_path)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr
