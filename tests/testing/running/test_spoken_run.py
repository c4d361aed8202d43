"""Tests of specs over the telephone: spoken with the packaged voice, heard by the packaged Whisper."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.calls.desk import STYLES
from tests.testing.desk import SPEC, run, write

pytestmark = pytest.mark.usefixtures("engines_of_all")


def test_a_call_passes_and_says_how_long_the_answer_took(tmp_path: Path) -> None:
    tests = """
- name: hours
  turns:
    - user: When are you open on Friday?
      llm: [{call: get_hours, args: {day: friday}}, {say: "We are open from six to eleven on Friday."}]
      expect:
        - {event: user_transcription, text_contains: open}
        - {event: function_call, calls: [{name: get_hours, args: {day: friday}}]}
        - {event: response, text_contains: six to eleven}
        - {event: function_call_stopped, absent: true}
"""
    [outcome] = run(write(tmp_path, tests), depth="audio")
    assert (outcome.status, outcome.failures) == ("passed", ())
    assert outcome.depth == "audio"
    [first_audio] = outcome.first_audio
    assert first_audio is not None
    assert 0 < first_audio < 10
    assert outcome.greeting is not None
    assert 0 < outcome.greeting < 10


def test_a_wrong_answer_fails_with_what_was_said(tmp_path: Path) -> None:
    tests = """
- name: hours
  turns:
    - user: When are you open on Friday?
      llm: {say: "We are closed on Friday, I am sorry."}
      expect:
        - {event: response, text_contains: six to eleven}
        - {event: function_call, calls: [{name: get_hours}]}
"""
    [outcome] = run(write(tmp_path, tests), depth="audio")
    text, call = outcome.failures
    assert text.kind == "text_mismatch"
    assert "closed on Friday" in text.reason
    assert (call.kind, call.reason) == (
        "missing_function_call",
        "'get_hours' was not called; called were: none",
    )


def test_a_caller_interrupts_by_voice(tmp_path: Path) -> None:
    tests = """
- name: stop
  turns:
    - user: Please tell me a long story.
      llm:
        say: |-
          Once upon a time there was a restaurant at the end of a very long and winding road, and nobody ever
          came to see it because the road was much too long for everybody.
    - user: Stop it, please stop it now.
      send_after: {event: bot_started_speaking, delay_ms: 1500}
      llm: {say: "As you like, I am quiet now."}
      expect: [{event: bot_interrupted}, {event: response, text_contains: As you like}]
"""
    [outcome] = run(write(tmp_path, tests), depth="audio")
    assert outcome.status == "passed", outcome.failures


def test_a_test_may_demand_the_other_depth(tmp_path: Path) -> None:
    tests = """
- name: only-text
  depth: text
  turns: [{user: "Hello?"}]
"""
    [outcome] = run(write(tmp_path, tests), depth="audio")
    assert (outcome.status, outcome.reason) == ("skipped", "it asks for depth text")


@pytest.mark.parametrize("style", STYLES)
def test_a_key_that_a_test_begins_with_is_answered(tmp_path: Path, style: str) -> None:
    tests = """
- name: hours
  turns:
    - dtmf: "1"
      llm: {say: "We are open from six to eleven on weekdays and on Saturdays, and closed on Sundays."}
    - dtmf: "2"
      send_after: {event: bot_started_speaking, delay_ms: 1500}
      llm: {say: "For how many people?"}
      expect: [{event: bot_interrupted}, {event: response, text_contains: how many people}]
"""
    path = write(tmp_path, tests)
    keys = 'turns: {keys: {menu: {1: "When are you open?", 2: I would like a table.}}, idle'
    path.write_text(SPEC.replace("turns: {idle", keys).replace("local", "twilio"))
    [outcome] = run(path, depth="audio", style=style)
    assert outcome.status == "passed", outcome.failures
