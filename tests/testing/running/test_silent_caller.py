"""Tests in which the caller says nothing, and the agent does: in writing, and over the telephone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.calls.desk import STYLES
from tests.testing.desk import run, write


@pytest.mark.parametrize("style", STYLES)
def test_a_turn_without_words_is_what_the_model_says_to_a_silent_caller(tmp_path: Path, style: str) -> None:
    tests = """
- name: silence
  ended_by: agent
  turns:
    - user: Hello?
      llm: {say: Good evening.}
      expect: [{event: response, text_contains: Good evening}]
    - llm: {say: Shall I hold the line?}
      expect: [{event: response, text_contains: hold the line, within_ms: 20000}]
    - expect: [{event: response, text_contains: still there, within_ms: 20000}]
    - expect: [{event: response, text_contains: Bye, within_ms: 20000}]
"""
    path = write(tmp_path, tests)
    stages = "[{after: 8s, ask: model}, {after: 16s, ask: model}, {after: 24s, say: Bye., then: end}]"
    path.write_text(re.sub(r"idle: \{.*\}", f"idle: {stages}}}", path.read_text()))
    [outcome] = run(path, style=style)
    assert outcome.status == "passed", outcome.failures


@pytest.mark.slow
@pytest.mark.usefixtures("engines_of_all")
@pytest.mark.parametrize("style", STYLES)
def test_over_the_telephone_a_turn_without_words_is_what_the_agent_says_next(
    tmp_path: Path, style: str
) -> None:
    tests = """
- name: silence
  ended_by: agent
  turns:
    - user: Are you open on Friday?
      llm: {say: "We are open from six to eleven on Friday."}
      expect: [{event: response, text_contains: six to eleven}]
    - llm: {say: "Shall I reserve a table for you?"}
      expect: [{event: response, text_contains: reserve a table, within_ms: 30000}]
    - expect: [{event: response, text_contains: call us again, within_ms: 30000}]
"""
    path = write(tmp_path, tests)
    stages = '[{after: 3s, ask: model}, {after: 9s, say: "Please call us again. Goodbye.", then: end}]'
    path.write_text(re.sub(r"idle: \{.*\}", f"idle: {stages}}}", path.read_text()))
    [outcome] = run(path, style=style, depth="audio")
    assert outcome.status == "passed", outcome.failures


@pytest.mark.slow
@pytest.mark.usefixtures("engines_of_all")
def test_over_the_telephone_an_agent_that_says_nothing_more_is_told(tmp_path: Path) -> None:
    tests = """
- name: silence
  turns:
    - user: Are you open on Friday?
      llm: {say: "We are open from six to eleven on Friday."}
      expect: [{event: response, text_contains: six to eleven}]
    - expect: [{event: response, text_contains: still there}]
"""
    path = write(tmp_path, tests)
    path.write_text(re.sub(r"turns: \{idle.*\}", "turns: {}", path.read_text()))
    [outcome] = run(path, depth="audio")
    assert [failure.reason for failure in outcome.failures] == ["the agent said nothing"]
