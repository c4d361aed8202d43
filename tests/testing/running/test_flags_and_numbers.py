"""``true`` and 1 are two values in a spec's tests, as they are in JSON; 1 and 1.0 are one."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.records import Entry
from agentrun.spec.models.scenarios import Expectation
from agentrun.testing.results.spoken_expectations import HeardAnswers, problem
from tests.testing.desk import run, write

PLUGIN = '''
from typing import Any

from agentrun import hookimpl

def book(n: Any) -> str:
    """Book a table.

    Args:
        n: Anything.
    """
    return f"booked {n}"

@hookimpl
def agentrun_tools():
    return [book]
'''
VALUES = [
    ("1", "true", False),
    ("true", "1", False),
    ("false", "0", False),
    ("[true]", "[1]", False),
    ("true", "true", True),
    ("1", "1.0", True),
    ("{deep: [false]}", "{deep: [false]}", True),
]


def outcome_of(folder: Path, called: str, more: str) -> tuple[str, list[str]]:
    """What becomes of a test in which ``book`` is called with ``called``."""
    tests = f"""
- name: book
  turns:
    - user: A table, please.
      llm: [{{call: book, args: {{n: {called}}}}}, {{say: Done.}}]
      {more}
"""
    path = write(folder, tests)
    (folder / "plugins" / "hours.py").write_text(PLUGIN)
    [outcome] = run(path)
    return outcome.status, [failure.kind for failure in outcome.failures]


@pytest.mark.parametrize(("called", "expected", "same"), VALUES)
def test_arguments_in_writing(tmp_path: Path, called: str, expected: str, same: bool) -> None:
    more = f"expect: [{{event: function_call, calls: [{{name: book, args: {{n: {expected}}}}}]}}]"
    wanted = ("passed", []) if same else ("failed", ["function_args_mismatch"])
    assert outcome_of(tmp_path, called, more) == wanted


@pytest.mark.parametrize(("called", "given_for", "same"), [("1", "true", False), ("true", "true", True)])
def test_results_by_arguments(tmp_path: Path, called: str, given_for: str, same: bool) -> None:
    more = f"tools: {{book: {{results: [{{args: {{n: {given_for}}}, result: yes}}]}}}}"
    assert outcome_of(tmp_path, called, more)[0] == ("passed" if same else "failed")


@pytest.mark.parametrize(("called", "expected", "same"), [(1, True, False), (True, 1, False), (1, 1.0, True)])
def test_arguments_over_the_telephone(called: object, expected: object, same: bool) -> None:
    entry = Entry(1.0, "tool", "booked", name="book", arguments={"n": called}, status="ok")
    expectation = Expectation(event="function_call", calls=({"name": "book", "args": {"n": expected}},))
    found = problem(expectation, HeardAnswers((entry,), "", asked=True))
    assert (found is None) == same, found
