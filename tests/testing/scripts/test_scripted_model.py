"""The model of a test does what its script says, where it may, and never loses its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from agentrun.cli.main import main
from agentrun.simulate.engines.engines import Conversation
from agentrun.simulate.rehearsal.rehearsal import Rehearsal
from agentrun.spec import load
from agentrun.testing.scripts.progress import ScriptProgress
from agentrun.testing.scripts.scripted_model import Role
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


TO_PAYMENT = """
- user: Large.
  llm: [{call: choose, args: {size: large}}, {call: check}, {say: How do you pay?}]
  expect: [{event: function_call, calls: [check]}, {event: response, text_contains: How do you pay}]
- user: Again?
  llm: [{say: How do you pay then?}]
  expect: [{event: response, text_contains: then}]
"""
"""From node to node, and a turn at the last one."""


def test_calls_of_one_turn_go_from_node_to_node_through_empty_contexts(tmp_path: Path) -> None:
    code, said = outcome(tmp_path, TO_PAYMENT)
    assert code == 0, said


@pytest.mark.parametrize(
    "task", [r"Take \{{ the }} money.", "{{ size }}"], ids=["kept-braces", "only-a-name"]
)
def test_a_task_of_any_form_is_no_turn_of_the_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    monkeypatch.setitem(globals(), "SPEC", SPEC.replace("Take the money.", f"'{task}'"))
    code, said = outcome(tmp_path, TO_PAYMENT)
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


LOOP = """
transport: twilio
prompts: You sell.
flow:
  initial_node: desk
  nodes:
    desk:
      task_messages: Answer.
      functions: [{name: fixed, transition_only: true, description: Fixed., transition_to: fixed}]
    fixed: {say: It is fixed now., then: desk}
tests:
  - name: short
    turns:
      - {llm: [say: What is it?], expect: [{event: response, text_contains: What is it}]}
      - user: Please fix it.
        llm: {call: fixed}
        expect: [{event: response, text_contains: fixed now}, {event: response}]
  - name: not-looked-at
    turns:
      - {llm: [say: What is it?], expect: [{event: response, text_contains: What is it}]}
      - user: Please fix it.
        llm: {call: fixed}
        expect: [{event: function_call, calls: [fixed]}]
"""


def test_a_script_that_falls_short_says_so_and_calls_nothing_by_itself(tmp_path: Path) -> None:
    path = tmp_path / "loop.yaml"
    path.write_text(LOOP)
    short, unseen = run(path)
    assert [(one.turn, one.kind) for one in short.failures] == [(2, "no_answer_left")]
    reason = short.failures[0].reason
    assert "no answer left after the call of fixed" in reason
    assert "to turn 2 ('Please fix it.') of test 'short'" in reason
    assert [entry.text for entry in short.conversation].count("It is fixed now.") == 1
    assert unseen.status == "passed", unseen.failures


@pytest.mark.parametrize("style", STYLES)
def test_a_turn_without_a_script_is_not_answered_from_another_test(tmp_path: Path, style: str) -> None:
    tests = """
- name: hours
  turns:
    - user: When are you open?
      llm: [{call: get_hours, args: {day: friday}}, {say: "From six to eleven."}]
      expect: [{event: response, text_contains: From six}]
- name: forgotten
  turns:
    - user: When are you open?
      expect: [{event: response}]
"""
    hours, forgotten = run(write(tmp_path, tests), style=style)
    assert hours.status == "passed", hours.failures
    [failure] = forgotten.failures
    assert (failure.turn, failure.kind) == (1, "no_answer_left")
    assert "add `llm: {say: …}` or `llm: {call: …}` to turn 1" in failure.reason
    assert not [entry for entry in forgotten.conversation if entry.who == "tool"]


def test_keys_that_nobody_takes_are_named(tmp_path: Path) -> None:
    tests = """
- name: keys
  turns:
    - user: Hello?
      llm: {say: Good evening.}
      expect: [{event: response, text_contains: Good evening}]
    - dtmf: "1"
      llm: {say: You have pressed one.}
      expect: [{event: response, text_contains: pressed one}]
"""
    path = write(tmp_path, tests)
    path.write_text(path.read_text().replace("local", "twilio"))
    [outcome] = run(path)
    failure = outcome.failures[0]
    assert (failure.turn, failure.kind, failure.expected) == (2, "stray_keys", "the keys 1 are taken")
    assert "the spec has no `keys:`. Add `turns.keys`" in failure.reason


def test_a_flow_that_ends_after_its_greeting_answers_nobody_in_writing(tmp_path: Path) -> None:
    path = tmp_path / "closed.yaml"
    path.write_text(
        """
transport: twilio
prompts: {system: You answer., greeting: {say: Hello.}}
flow: {initial_node: closed, nodes: {closed: {say: We are closed today., then: end}}}
tests:
  - name: closed
    ended_by: agent
    turns:
      - expect: [{event: response, text_contains: Hello}, {event: response, text_contains: closed today}]
      - {user: Wait!, llm: {say: Yes?}}
"""
    )
    [outcome] = run(path)
    assert [(one.turn, one.kind) for one in outcome.failures] == [(2, "never_said")]
    assert "Yes?" not in [entry.text for entry in outcome.conversation]


async def test_a_turn_that_is_heard_as_two_is_answered_as_the_one_that_it_is(tmp_path: Path) -> None:
    (tmp_path / "desk.yaml").write_text(HALVES)
    spec = load(tmp_path / "desk.yaml").spec
    (test,) = spec.tests
    progress = ScriptProgress(test.turns, turn=1, is_played=True)
    role = Role(spec, test, Rehearsal([spec]), progress=progress)
    heard = [{"role": "user", "content": words} for words in ("A table.", "Half past two please.")]
    assert (await role.answer(Conversation(heard, agent="desk"))).text == "For Ada, shall I book it?"
    heard.append({"role": "user", "content": "My name is Ada."})
    assert (await role.answer(Conversation(heard, agent="desk"))).text == "For Ada, shall I book it?"
    progress.turn = 2
    heard.append({"role": "user", "content": "Yes."})
    assert (await role.answer(Conversation(heard, agent="desk"))).text == "It is booked."
    assert role.misplays == []


HALVES = """
transport: local
prompts: You book tables.
tests:
  - name: halves
    turns:
      - {user: A table., llm: {say: When?}}
      - {user: Half past two please. My name is Ada., llm: {say: "For Ada, shall I book it?"}}
      - {user: "Yes.", llm: {say: It is booked.}}
"""
