"""Tests in writing in which the caller says nothing, and the agent does."""

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
