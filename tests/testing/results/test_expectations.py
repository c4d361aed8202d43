"""What a test expects beside words: times, values, and what must not happen."""

from __future__ import annotations

import pytest

from agentrun.records import CallRecord, Entry
from agentrun.spec.models.scenarios import Expectation, Scenario
from agentrun.testing.results.expectations import check, first_audio
from agentrun.testing.results.spoken_expectations import HeardAnswers, problem

HELLO = Entry(1.0, "caller", "Hello")
ANSWER = Entry(1.5, "agent", "Good evening.")


def test_a_turn_that_was_never_heard_breaks_its_budget() -> None:
    turn = {"user": "Hello", "budget": {"first_audio": "1s"}}
    scenario = Scenario.model_validate({"name": "two", "turns": [turn, turn]})
    [failure] = check(scenario, None, [0.2])
    assert (failure.turn, failure.kind, failure.reason) == (2, "budget", "there was no answer")


def test_keys_that_stand_for_words_are_no_spoken_turn() -> None:
    assert first_audio([Entry(0.2, "caller", "A table", keys="2"), ANSWER, HELLO]) == [None]


@pytest.mark.parametrize(("value", "target"), [(1, True), (0, False), (True, 1)])
def test_a_number_is_no_flag(value: object, target: object) -> None:
    scenario = Scenario.model_validate(
        {"name": "flag", "turns": [{"user": "Hello"}], "variables": {"vip": target}}
    )
    record = CallRecord("c1", "desk", "local", variables={"vip": value})
    [failure] = check(scenario, record, [])
    assert failure.kind == "variables"


@pytest.mark.parametrize("words", ["9 to 5", "nine to five", "Nein to 5"])
def test_a_number_that_is_written_down_in_figures_was_heard(words: str) -> None:
    heard = HeardAnswers((Entry(1.5, "agent", "Nine to five."),), words, asked=True)
    assert problem(Expectation(event="response", text_contains="Nine"), heard) is None


@pytest.mark.parametrize("words", ["", "something else"])
def test_words_that_nobody_understood_were_said_all_the_same(words: str) -> None:
    heard = HeardAnswers((ANSWER,), words, asked=True)
    assert problem(Expectation(event="response", absent=True), heard) == (
        "unexpected_event",
        "there was a response",
    )
    assert problem(Expectation(event="response", absent=True), HeardAnswers((), "", asked=True)) is None


def test_what_can_not_be_heard_can_not_be_absent_either() -> None:
    trouble = problem(Expectation(event="image", absent=True), HeardAnswers((), "", asked=True))
    assert trouble is not None
    assert trouble[0] == "error"


def test_a_function_of_a_flow_that_only_leads_on_is_heard_of() -> None:
    heard = HeardAnswers((ANSWER,), "good evening", asked=True, steps=frozenset({"go"}))
    assert problem(Expectation.model_validate({"event": "function_call", "calls": ["go"]}), heard) is None
    assert problem(Expectation.model_validate({"event": "function_call", "calls": ["stop"]}), heard) == (
        "missing_function_call",
        "'stop' was not called; called were: go",
    )
