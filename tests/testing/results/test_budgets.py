"""A spec's budget by what its tests waited for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from agentrun import spec
from agentrun.spec.loading.spec_file import SpecFile
from agentrun.testing.results import budgets
from agentrun.testing.results.outcome import Outcome
from tests.testing.desk import write

TESTS = """
- name: hours
  turns:
    - user: When are you open?
    - dtmf: "1"
    - user: And on Friday?
- name: greeting
  turns:
    - expect: [{event: response}]
"""
HOURS = Outcome("desk.yaml", "hours", "passed", 9.0, depth="audio", first_audio=(0.8, 1.4), greeting=0.3)
GREETING = Outcome("desk.yaml", "greeting", "passed", 2.0, depth="audio", greeting=0.5)


def spec_with(folder: Path, budget: str) -> SpecFile:
    return spec.load(write(folder, TESTS, budget))


def test_a_spec_without_a_budget_has_nothing_to_hold(tmp_path: Path) -> None:
    assert budgets.outcome(spec_with(tmp_path, ""), "desk.yaml", [HOURS]) is None


def test_waits_within_the_budget_pass_and_are_told(tmp_path: Path) -> None:
    file = spec_with(tmp_path, "budget: {first_audio: 500ms, turn_p95: 1400ms}\n")
    found = budgets.outcome(file, "desk.yaml", [HOURS, GREETING])
    assert found is not None
    assert found.status == "passed"
    assert found.reason == "first_audio 500 of 500 ms, 2 calls; turn_p95 1370 of 1400 ms, 2 turns"


def test_the_slowest_turns_are_named(tmp_path: Path) -> None:
    file = spec_with(tmp_path, "budget: {first_audio: 400ms, turn_p95: 1s}\n")
    found = budgets.outcome(file, "desk.yaml", [HOURS, GREETING])
    assert found is not None
    assert found.status == "failed"
    greeting, turn = found.failures
    assert greeting.expected == "budget.first_audio 400 ms"
    assert greeting.reason == "it was 500 ms; slowest: greeting, greeting: 500 ms; hours, greeting: 300 ms"
    assert turn.reason == "it was 1370 ms; slowest: hours, turn 3: 1400 ms; hours, turn 1: 800 ms"
    assert found.place == f"{tmp_path / 'desk.yaml'}:8"


@pytest.mark.parametrize(
    "other", [replace(HOURS, depth="text"), replace(HOURS, status="skipped"), replace(HOURS, spec="b.yaml")]
)
def test_only_spoken_tests_of_the_spec_count(tmp_path: Path, other: Outcome) -> None:
    file = spec_with(tmp_path, "budget: {turn_p95: 1ms}\n")
    found = budgets.outcome(file, "desk.yaml", [other])
    assert found is not None
    assert found.status == "skipped"
