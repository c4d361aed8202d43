"""A wrong shape in one place hides no mistake of another one, and makes none up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.spec.check_spec import complaints

SPEC = """
transport: twilio
prompts: {system: "Sell to {{ nmae }}.", greeting: {say: Hello.}}
vars: {name: Ada}
pipeline: {style: cascaded, llm: {model: openai/gpt-4o, temperature: 0.2}}
record: {webhook: crm.example.com}
extract: {age: {type: integer, minimum: 1}, size: {enum: [small]}}
tools:
  - hang_up
  - {use: http, name: find, description: Find., url: "https://crm.example.com/x", save: {plan: a}}
turns: {idle: {after: 5s, say: "Are you there, {{ name }}?"}}
flow:
  initial_node: start
  nodes:
    start:
      task_messages: Ask for {{ agge }}.
      functions: [{name: find, transition_to: [{when: {age: {at_least: 18}}, to: nowhere}]}, fnid]
      keys: {menu: {"1": {say: Go., to: done}}}
    done: {task_messages: Say goodbye., post_actions: [{type: end_conversation}]}
tests:
  - name: one
    turns: [{user: Hello, llm: [{call: fidn}], extract: {agee: 1}, expect: [{event: response}]}]
"""
MISTAKES = 8


def told(folder: Path, text: str) -> set[str]:
    """What is said of a spec, without lines, columns and hints."""
    path = folder / "desk.yaml"
    path.write_text(text)
    lines = [line for line in complaints(path).splitlines() if not line.startswith("  hint")]
    return {re.sub(r"^[^:]+:\d+:\d+: ", "", line) for line in lines}


@pytest.mark.parametrize(
    ("right", "wrong", "place"),
    [
        ("temperature: 0.2", "temprature: 0.2, model_name: []", "pipeline.llm"),
        ("style: cascaded", "style: cascadde", "pipeline.style"),
        ("minimum: 1", "minimum: one", "extract.age.minimum"),
        ("{enum: [small]}", "{enum: 7}", "extract.size.enum"),
        ("extract: {age", "extract: {other: [], age", "extract.other"),
        ("after: 5s", "after: soon", "turns.idle.after"),
        ("save: {plan: a}", "save: {plan: a}, timeout: long", "tools[1].timeout"),
        ("Say goodbye.,", "Say goodbye., idle: often,", "flow.nodes.done.idle"),
        ("Say goodbye.,", "Say goodbye., tts: 5,", "flow.nodes.done.tts"),
        ("{name: Ada}", "{name: Ada}\nlimits: {max_duration: []}", "limits.max_duration"),
        ("{name: Ada}", "{name: Ada}\nhours: always", "hours"),
        ("webhook: crm", "keep: 5, webhook: crm", "record.keep"),
        ("event: response", "event: response, within: 5", "tests[0].turns[0].expect[0].within"),
        ("user: Hello,", "user: Hello, dtmf: 5x,", "tests[0].turns[0]"),
    ],
    ids=str,
)
def test_a_wrong_shape_hides_nothing_and_makes_nothing_up(
    tmp_path: Path, right: str, wrong: str, place: str
) -> None:
    before = told(tmp_path, SPEC)
    assert len(before) == MISTAKES, before
    assert right in SPEC
    after = told(tmp_path, SPEC.replace(right, wrong))
    assert before <= after
    assert all(line.startswith(place) for line in after - before), after - before
    assert after - before
