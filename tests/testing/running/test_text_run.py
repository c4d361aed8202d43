"""Tests of specs in writing: what passes, what fails, and what it says then."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from agentrun.testing.results.report import failure_text
from tests.testing.desk import run, write

STYLES = ("cascaded", "realtime")
CALLS_THE_TOOL = """
- name: hours
  turns:
    - user: When are you open?
      llm: [{call: get_hours, args: {day: friday}}, {say: From six to eleven.}]
      expect:
        - {event: function_call, calls: [{name: get_hours, args: {day: friday}}]}
        - {event: response, text_contains: six}
"""


@pytest.mark.parametrize("style", STYLES)
def test_a_turn_with_a_tool_passes(tmp_path: Path, style: str) -> None:
    [outcome] = run(write(tmp_path, CALLS_THE_TOOL), style=style)
    assert (outcome.status, outcome.failures) == ("passed", ())
    said = [(entry.who, entry.text) for entry in outcome.conversation]
    assert ("tool", "from six to eleven on friday") in said
    assert said[-1] == ("agent", "From six to eleven.")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("expectation", "kind", "reason"),
    [
        ("{event: response, text_contains: seven}", "text_mismatch", "does not contain 'seven'"),
        ("{event: response, text_contains: eleven, text_excludes: six}", "text_present", "'six'"),
        (
            "{event: function_call, calls: [{name: get_hours, args: {day: monday}}]}",
            "function_args_mismatch",
            "{'day': 'friday'}",
        ),
        ("{event: function_call, absent: true}", "unexpected_event", "get_hours"),
    ],
)
def test_what_was_expected_and_did_not_happen_is_told(
    tmp_path: Path, style: str, expectation: str, kind: str, reason: str
) -> None:
    tests = f"""
- name: hours
  turns:
    - user: When are you open?
      llm: [{{call: get_hours, args: {{day: friday}}}}, {{say: From six to eleven.}}]
      expect: [{expectation}]
"""
    [outcome] = run(write(tmp_path, tests), style=style)
    assert outcome.status == "failed"
    [failure] = outcome.failures
    assert (failure.turn, failure.expectation, failure.kind) == (1, 1, kind)
    assert reason in failure.reason
    text = failure_text(outcome)
    assert f"{tmp_path / 'desk.tests.yaml'}:3: hours" in text
    assert "When are you open?" in text


@pytest.mark.parametrize("style", STYLES)
def test_an_interruption_cuts_the_answer(tmp_path: Path, style: str) -> None:
    tests = """
- name: stop
  turns:
    - user: Tell me a story.
      llm: {say: "Once upon a time there was a restaurant at the end of a very long and winding road."}
      expect: [{event: bot_started_speaking}]
    - user: Stop it.
      send_after: {event: bot_started_speaking, delay_ms: 1500}
      llm: {say: As you like.}
      expect: [{event: bot_interrupted}, {event: response, text_contains: As you like}]
"""
    [outcome] = run(write(tmp_path, tests), style=style)
    assert outcome.status == "passed", outcome.failures
    [story] = [entry for entry in outcome.conversation if entry.text.startswith("Once")]
    assert "winding road" not in story.text


def test_an_interruption_that_cut_nothing_is_none(tmp_path: Path) -> None:
    tests = """
- name: stop
  turns:
    - user: Hello?
      llm: {say: Good evening.}
      expect: [{event: bot_interrupted, within_ms: 3000}]
"""
    [outcome] = run(write(tmp_path, tests))
    [failure] = outcome.failures
    assert (failure.kind, failure.reason) == ("timeout", "the agent was not speaking, so nothing was cut")


@pytest.mark.parametrize("style", STYLES)
def test_a_result_of_the_test_stands_in_for_the_tool(tmp_path: Path, style: str) -> None:
    tests = """
- name: refused
  turns:
    - user: When are you open?
      llm: [{call: get_hours, args: {day: friday}}, {say: I could not find out.}]
      tools: {get_hours: {error: The book is lost.}}
      expect: [{event: response, text_contains: could not}]
- name: given
  turns:
    - user: When are you open?
      llm: {call: get_hours, args: {day: friday}}
      tools: {get_hours: at noon only}
      expect: [{event: response, text_contains: noon}]
"""
    refused, given = run(write(tmp_path, tests), style=style)
    assert (refused.status, given.status) == ("passed", "passed"), (refused.failures, given.failures)
    [tool] = [entry for entry in refused.conversation if entry.who == "tool"]
    assert (tool.status, tool.text) == ("refused", "The book is lost.")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("raise RuntimeError('the database is down')", "get_hours failed and gave no result."),
        ("time.sleep(0.5)", "get_hours took longer than 0.1 s"),
    ],
)
def test_a_tool_that_breaks_fails_the_test_whatever_the_script_goes_on_to_say(
    tmp_path: Path, style: str, body: str, reason: str
) -> None:
    path = write(tmp_path, CALLS_THE_TOOL)
    path.write_text(path.read_text().replace("tools: [hours]", "tools: [{use: hours, timeout: 100ms}]"))
    plugin = tmp_path / "plugins" / "hours.py"
    plugin.write_text(
        "import time\n" + plugin.read_text().replace('if day == "monday":', f"{body}\n    if day:")
    )
    [outcome] = run(path, style=style)
    [failure] = outcome.failures
    assert (failure.turn, failure.kind) == (1, "broken_tool")
    assert failure.reason.startswith(reason)


def test_waiting_takes_no_time(tmp_path: Path) -> None:
    tests = """
- name: slow-tool
  turns:
    - user: When are you open?
      llm: [{call: get_hours, args: {day: friday}}, {say: That took too long.}]
      tools: {get_hours: {after: 60s, result: never}}
      expect: [{event: response, text_contains: too long}]
- name: silence
  ended_by: agent
  turns:
    - user: Hello?
      llm: {say: Good evening.}
      expect: [{event: response, text_contains: Good evening}]
    - expect: [{event: response, text_contains: still there, within_ms: 20000}]
"""
    path = write(tmp_path, tests)
    began = time.monotonic()
    slow, silence = run(path)
    assert (slow.status, silence.status) == ("passed", "passed"), (slow.failures, silence.failures)
    assert time.monotonic() - began < 35, "the clock did not jump"
    [tool] = [entry for entry in slow.conversation if entry.who == "tool"]
    assert tool.status == "timeout"
    assert max(entry.at for entry in silence.conversation) > 14


def test_who_ended_the_call_is_checked(tmp_path: Path) -> None:
    tests = """
- name: goes-on
  ended_by: agent
  turns:
    - user: Hello?
      llm: {say: Good evening.}
      expect: [{event: response, text_contains: Good evening}]
"""
    path = write(tmp_path, tests)
    path.write_text(path.read_text().replace("turns: {idle:", "# turns: {idle:"))
    [outcome] = run(path)
    [failure] = outcome.failures
    assert (failure.kind, failure.expected) == ("ended_by", "ended_by agent")


def test_a_budget_that_is_exceeded_fails_the_test(tmp_path: Path) -> None:
    tests = """
- name: slow
  turns:
    - user: When are you open?
      llm: {call: get_hours, args: {day: friday}}
      tools: {get_hours: {after: 4s, result: at noon}}
      expect: [{event: response, text_contains: noon}]
      budget: {first_audio: 2s}
"""
    [outcome] = run(write(tmp_path, tests))
    [failure] = outcome.failures
    assert (failure.kind, failure.expected) == ("budget", "budget.first_audio 2000 ms")
    [first_audio] = outcome.first_audio
    assert first_audio is not None
    assert first_audio >= 4  # the clock is virtual; what the machine needs comes on top


def test_a_criterion_for_a_judge_is_not_judged_and_not_passed_over(tmp_path: Path) -> None:
    tests = """
- name: kind
  turns:
    - user: Hello?
      llm: {say: Good evening.}
      expect: [{event: response, eval: it is friendly}]
"""
    [outcome] = run(write(tmp_path, tests))
    assert outcome.unjudged == ("it is friendly",)


def test_a_simulated_caller_is_skipped_without_a_model(tmp_path: Path) -> None:
    tests = """
- name: jamie
  persona: Jamie, in a hurry.
  goal: Find out the hours.
  success: The hours were given.
"""
    [outcome] = run(write(tmp_path, tests))
    assert (outcome.status, outcome.reason) == (
        "skipped",
        "a simulated caller needs --live, and a `judge:` in the spec",
    )


def test_tests_do_not_see_each_other(tmp_path: Path) -> None:
    tests = CALLS_THE_TOOL + CALLS_THE_TOOL.replace("name: hours", "name: again")
    first, second = run(write(tmp_path, tests))
    for outcome in (first, second):
        assert outcome.status == "passed"
        assert sum(entry.who == "tool" for entry in outcome.conversation) == 1


INTERRUPTED = """
- name: stop
  turns:
    - user: Please tell me a long story.
      llm: {say: "Once upon a time there was a restaurant at the end of a very long road, and nobody came."}
      expect: [{event: bot_started_speaking}]
    - user: Stop it.
      send_after: {event: bot_started_speaking, delay_ms: 500}
      llm: {say: "As you like."}
      expect: [{event: bot_interrupted}, {event: response, text_contains: As you like}]
"""


@pytest.mark.parametrize(
    ("turns", "status"),
    [
        ("{}", "passed"),
        ("{min_words: 2}", "passed"),
        ("{min_words: 3}", "failed"),
        ("{interruptions: false}", "failed"),
        ("{mute: [always]}", "failed"),
    ],
)
def test_a_written_line_interrupts_where_speech_would(tmp_path: Path, turns: str, status: str) -> None:
    path = write(tmp_path, INTERRUPTED)
    path.write_text(re.sub("turns: .*", f"turns: {turns}", path.read_text()))
    [outcome] = run(path)
    assert outcome.status == status, outcome.failures


@pytest.mark.parametrize("detection", ["smart", "silence", "semantic", "server"])
def test_a_realtime_model_is_given_each_written_turn_whoever_finds_spoken_ones(
    tmp_path: Path, detection: str
) -> None:
    tests = """
- name: turns
  turns:
    - user: Hello?
      llm: {say: Good evening.}
      expect: [{event: response, text_contains: Good evening, within_ms: 4000}]
    - user: When are you open?
      llm: [{call: get_hours, args: {day: friday}}, {say: From six to eleven.}]
      expect: [{event: response, text_contains: six, within_ms: 4000}]
    - user: Thank you.
      llm: {say: You are welcome.}
      expect: [{event: response, text_contains: welcome, within_ms: 4000}]
"""
    path = write(tmp_path, tests)
    path.write_text(path.read_text().replace("turns: {", f"turns: {{detection: {detection}, "))
    [outcome] = run(path, style="realtime")
    assert outcome.status == "passed", outcome.failures
    assert [entry.text for entry in outcome.conversation if entry.who == "caller"][-1] == "Thank you."
