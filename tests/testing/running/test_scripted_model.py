"""The model of a test does what its script says, where it may, and never loses its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from agentrun.cli.main import main
from tests.calls.desk import STYLES
from tests.testing.desk import SPEC as DESK
from tests.testing.desk import run, write

SHOP = '''
from agentrun import Call, hookimpl

async def choose(call: Call, size: str) -> str:
    """Choose."""
    call.state["size"] = size
    return "chosen"

async def check(call: Call) -> str:
    """Check."""
    return "checked"

async def pay(call: Call) -> str:
    """Pay."""
    keys = await call.collect_digits("Your number, please.", 4, "#", 5.0)
    return f"paid with {keys}"

@hookimpl
def agentrun_tools():
    return [choose, check, pay]
'''
SPEC = """
transport: twilio
prompts: You sell.
tools: [shop]
flow:
  initial_node: start
  nodes:
    start:
      task_messages: Ask for the size.
      functions: [{name: choose, transition_to: check}]
    check:
      task_messages: Check {{ size }}.
      context_strategy: reset
      functions: [{name: check, transition_to: pay}]
    pay:
      task_messages: Take the money.
      context_strategy: reset
      functions: [pay]
tests:
  - name: one
    turns:
      - {llm: [say: Which size?], expect: [{event: response, text_contains: Which size}]}
TURNS
"""


def outcome(folder: Path, turns: str) -> tuple[int, str]:
    (folder / "plugins").mkdir()
    (folder / "plugins" / "shop.py").write_text(SHOP)
    path = folder / "shop.yaml"
    indented = "\n".join(f"      {line}" for line in turns.strip().splitlines())
    path.write_text(SPEC.replace("TURNS", indented))
    done: Any = CliRunner().invoke(main, ["test", str(path)], standalone_mode=False)
    assert done.exception is None, done.exception
    return int(done.return_value), done.output


def test_calls_of_one_turn_go_from_node_to_node_through_empty_contexts(tmp_path: Path) -> None:
    turns = """
- user: Large.
  llm: [{call: choose, args: {size: large}}, {call: check}, {say: How do you pay?}]
  expect: [{event: function_call, calls: [check]}, {event: response, text_contains: How do you pay}]
- user: Again?
  llm: [{say: How do you pay then?}]
  expect: [{event: response, text_contains: then}]
"""
    code, said = outcome(tmp_path, turns)
    assert code == 0, said


def test_keys_are_pressed_in_writing(tmp_path: Path) -> None:
    turns = """
- user: Large.
  llm: [{call: choose, args: {size: large}}, {call: check}, {say: How do you pay?}]
  expect: [{event: response, text_contains: How do you pay}]
- user: By number.
  llm: [{call: pay}]
  expect: [{event: response, text_contains: Your number}]
- dtmf: "42#"
  llm: [{say: Thank you.}]
  expect: [{event: response, text_contains: Thank you}]
"""
    code, said = outcome(tmp_path, turns)
    assert code == 0, said


def test_a_call_that_the_node_does_not_offer_fails_the_test(tmp_path: Path) -> None:
    turns = """
- user: Large.
  llm: [{call: pay}]
  expect: [{event: response}]
"""
    code, said = outcome(tmp_path, turns)
    assert code == 1, said
    words = " ".join(said.split())
    assert "the model calls pay" in words
    assert "the model is not offered it at node 'start'; it is offered: choose" in words


@pytest.mark.parametrize("style", STYLES)
def test_keys_are_turns_in_writing(tmp_path: Path, style: str) -> None:
    tests = """
- name: keys
  turns:
    - dtmf: "2"
      llm: {say: "For how many people?"}
      expect: [{event: response, text_contains: how many}]
    - dtmf: "7"
      expect: [{event: response, text_contains: one or two}]
    - user: For four people.
      llm: {say: "When will you come?"}
      expect: [{event: response, text_contains: When will you}]
    - dtmf: "1"
      llm: [{call: get_hours, args: {day: friday}}, {say: "From six to eleven."}]
      expect: [{event: function_call, calls: [get_hours]}, {event: response, text_contains: six to eleven}]
"""
    path = write(tmp_path, tests)
    keys = 'turns: {keys: {menu: {1: "When are you open?", 2: A table.}, wrong: Press one or two.}, idle'
    path.write_text(DESK.replace("turns: {idle", keys).replace("local", "twilio"))
    [outcome] = run(path, style=style)
    assert outcome.status == "passed", outcome.failures
    assert [entry.keys for entry in outcome.conversation if entry.who == "caller"] == ["2", "7", "", "1"]
