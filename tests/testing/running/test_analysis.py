"""A test looks at what comes of the analysis after its call."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.testing.results.outcome import Outcome
from tests.testing.desk import run, write

STYLES = ("cascaded", "realtime")
ASKED = "after_call: {success: they know when to come, fields: {day: string, happy: boolean}}\n"
TEST = """
- name: hours
  turns:
    - user: When are you open on Friday?
      llm: {say: From six.}
      expect: [{event: response, text_contains: six}]
  after_call:
"""
GOOD = "llm: {summary: They come on Friday., success: true, fields: {day: Friday, happy: null}}"


def outcome(folder: Path, *lines: str, style: str = "cascaded", asked: str = ASKED) -> Outcome:
    test = TEST + "\n".join(f"    {line}" for line in lines)
    [one] = run(write(folder, test, asked), style=style)
    return one


@pytest.mark.parametrize("style", STYLES)
def test_what_was_expected_was_found(tmp_path: Path, style: str) -> None:
    expected = "expect: {success: true, summary_contains: Friday, fields: {day: Friday, happy: null}}"
    found = outcome(tmp_path, GOOD, expected, style=style)
    assert (found.status, found.failures) == ("passed", ())


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ("{success: false}", "it is true"),
        ("{summary_contains: Monday}", "the summary is 'They come on Friday.'"),
        ("{fields: {day: Monday}}", "it is 'Friday'"),
        ("{fields: {happy: false}}", "it is null"),
        ("{state: failed}", "it is done"),
    ],
)
def test_what_was_not_found_is_named(tmp_path: Path, expected: str, said: str) -> None:
    found = outcome(tmp_path, GOOD, f"expect: {expected}")
    assert found.status == "failed"
    assert [(failure.reason, failure.kind) for failure in found.failures] == [(said, "analysis")]


def test_a_model_that_answers_badly_is_asked_again(tmp_path: Path) -> None:
    answers = "llm: ['They come.', {summary: Yes., success: true, fields: {}}]"
    assert outcome(tmp_path, answers, "expect: {success: true}").status == "passed"


def test_an_answer_that_is_always_bad_fails(tmp_path: Path) -> None:
    assert outcome(tmp_path, "llm: They come.", "expect: {state: failed}").status == "passed"
    found = outcome(tmp_path, "llm: They come.")
    assert "it is not JSON" in found.failures[0].reason


def test_without_a_script_nothing_is_found_out(tmp_path: Path) -> None:
    expected = "expect: {success: null, fields: {day: null}}"
    assert outcome(tmp_path, expected).status == "passed"
