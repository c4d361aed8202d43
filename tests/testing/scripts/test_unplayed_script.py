"""A script that the call did not follow fails its test, whether or not the test looks at that turn."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.testing.results.outcome import Failure, Outcome
from tests.calls.desk import STYLES
from tests.testing.desk import run, write

SPEC = """
name: {name}
transport: twilio
prompts: {{system: Be brief., greeting: {{say: Hi}}}}
tools:
  - hang_up
  - hours
  - use: http
    name: find
    description: Find a customer.
    url: https://crm.example.com/{{{{ number }}}}
    parameters: {{number: {{type: string, description: Their number.}}}}
flow:
  initial_node: a
  nodes:
    a:
      task_messages: Ask.
      functions: [find, {{name: go, transition_only: true, description: Go on., transition_to: b}}]
    b: {{task_messages: Say goodbye., functions: [hang_up, get_hours]}}
tests:
"""


def outcomes(folder: Path, style: str, tests: str) -> list[Outcome]:
    path = write(folder, "[]")
    (folder / "desk.tests.yaml").unlink()
    path.write_text(SPEC.format(name="desk") + tests)
    return run(path, style=style)


def reasons(outcome: Outcome) -> list[tuple[int, str, str]]:
    def short(failure: Failure) -> tuple[int, str, str]:
        return failure.turn, failure.expected, failure.kind

    return [short(failure) for failure in outcome.failures]


@pytest.mark.parametrize("style", STYLES)
def test_what_never_happens_fails_a_turn_that_expects_nothing(tmp_path: Path, style: str) -> None:
    tests = """
  - name: not offered
    turns: [{user: Bye., llm: {call: hang_up, args: {goodbye: Bye}}}]
  - name: no llm
    turns: [{user: Hello?}]
  - name: too short
    turns: [{user: Next., llm: {call: go}}]
  - name: too many
    turns:
      - user: Next.
        llm: [{say: One.}, {call: go, after_results: true}]
  - name: made
    turns:
      - {user: Next., llm: [{call: go}, {say: First.}]}
      - {user: Friday?, llm: [{call: get_hours, args: {day: friday}}]}
      - {user: Bye., llm: {call: hang_up, args: {goodbye: Bye}}}
"""
    refused, silent, short, long, made = outcomes(tmp_path, style, tests)
    assert reasons(refused) == [(1, "the model calls hang_up", "not_offered")]
    assert reasons(silent) == [(1, "an answer of the model", "no_answer_left")]
    assert reasons(short) == [(1, "an answer of the model", "no_answer_left")]
    assert reasons(long) == [(1, "the model calls go", "never_made")]
    assert (made.status, made.failures) == ("passed", ())


@pytest.mark.parametrize("style", STYLES)
def test_words_after_the_end_of_the_call_are_told(tmp_path: Path, style: str) -> None:
    tests = """
  - name: after
    turns:
      - {user: Next., llm: [{call: go}, {say: First.}]}
      - {user: Bye., llm: {call: hang_up, args: {goodbye: Bye}}}
      - {user: And another thing., llm: {say: Sure.}}
  - name: key
    turns: [{dtmf: "1"}]
"""
    after, key = outcomes(tmp_path, style, tests)
    assert reasons(after) == [(3, "the caller says 'And another thing.'", "never_said")]
    assert "ended by agent" in after.failures[0].reason
    assert reasons(key) == [(1, "the keys 1 are taken", "stray_keys")]


@pytest.mark.parametrize("style", STYLES)
def test_a_tool_that_was_refused_before_it_ran_was_not_called(tmp_path: Path, style: str) -> None:
    tests = """
  - name: misfit
    turns:
      - user: Seven.
        llm: [{call: find, args: {numbr: "7"}}, {say: Found.}]
        tools: {find: {customer: Ada}}
        expect: [{event: function_call, calls: [find]}, {event: response, text_contains: Found}]
  - name: without a result
    turns:
      - user: Seven.
        llm: [{call: find, args: {number: "7"}}, {say: Found.}]
        tools: {find: {results: [{args: {number: "8"}, result: Ada}]}}
        expect: [{event: function_call, calls: [find]}, {event: response, text_contains: Found}]
  - name: refused by itself
    turns:
      - user: Seven.
        llm: [{call: find, args: {number: "7"}}, {say: Nobody.}]
        tools: {find: {error: There is no such customer.}}
        expect: [{event: function_call, calls: [find]}, {event: response, text_contains: Nobody}]
"""
    misfit, without, refused = outcomes(tmp_path, style, tests)
    assert reasons(misfit) == [(1, "find runs", "refused")]
    assert "Argument 'number' is missing" in misfit.failures[0].reason
    assert reasons(without) == [(1, "a result of find for {'number': '7'}", "no_result")]
    assert (refused.status, refused.failures) == ("passed", ())


STEPS = """
name: steps
transport: local
prompts: {system: Be brief., greeting: {say: Hi}}
tools: [hours]
extract: {age: integer}
flow:
  initial_node: a
  nodes:
    a:
      task_messages: Ask.
      functions:
        - {name: get_hours, transition_to: {field: status, cases: {open: b}}}
        - {name: go, transition_only: true, description: Go on., transition_to: b}
    b: {task_messages: "They are {{ age }}.", functions: []}
tests:
  - name: no field
    turns:
      - user: Friday?
        llm: [{call: get_hours, args: {day: friday}}, {say: "From six."}]
        tools: {get_hours: {state: open}}
        expect: [{event: response, text_contains: From six}]
  - name: no value
    turns:
      - user: Next.
        llm: [{call: go}, {say: "Well, now."}]
        expect: [{event: response, text_contains: Well}]
"""


@pytest.mark.parametrize("style", STYLES)
def test_a_step_that_a_flow_can_not_take_fails_the_test(tmp_path: Path, style: str) -> None:
    path = write(tmp_path, "[]")
    (tmp_path / "desk.tests.yaml").unlink()
    path.write_text(STEPS)
    field, value = run(path, style=style)
    assert reasons(field) == [(0, "the flow goes on", "failed_step")]
    assert "branches on 'status', and its result has no such field" in field.failures[0].reason
    assert reasons(value) == [(0, "the flow goes on", "failed_step")]
    assert "node 'b' can't be entered" in value.failures[0].reason
