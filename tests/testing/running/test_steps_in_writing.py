"""A step of a flow that goes by what the caller has written waits for nothing else."""

from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner

from agentrun.cli.main import main

SPEC = """
transport: local
prompts: You sell.
extract: {age: integer}
extraction: {wait: 5s}
flow:
  initial_node: ask
  nodes:
    ask:
      task_messages: Ask how old they are.
      functions:
        - name: go
          transition_only: true
          description: They have said it.
          transition_to: [{when: {age: {at_least: 18}}, to: grown}, {to: child}]
    grown:
      task_messages: "Offer wine to somebody of {{ age }}."
      functions: [{name: pour, transition_only: true, description: They want wine., transition_to: child}]
    child: {task_messages: Offer juice.}
tests:
  - name: grown
    turns:
      - user: I am eighty.
        extract: {age: 80}
        llm: [{call: go}, {say: Wine?}]
        expect: [{event: response, text_contains: Wine}]
      - user: Yes.
        llm: [{call: pour}, {say: Cheers.}]
        expect: [{event: response, text_contains: Cheers}]
    variables: {age: 80}
"""


def test_a_step_waits_for_the_words_that_were_written_and_no_others(tmp_path: Path) -> None:
    (tmp_path / "bar.yaml").write_text(SPEC)
    done = CliRunner().invoke(main, ["test", "--json", str(tmp_path / "bar.yaml")], standalone_mode=False)
    outcome = json.loads(done.output.splitlines()[0])
    assert outcome["status"] == "passed", outcome
    *_, answer = outcome["conversation"]
    assert answer["text"] == "Cheers."
    assert answer["at"] < 4
