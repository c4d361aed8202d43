"""``agentrun flow`` draws the steps of a conversation."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from agentrun import spec
from agentrun.cli.commands.flow import command
from agentrun.errors import SetupError, SpecError
from agentrun.spec.models.flow import Flow
from agentrun.spec.reference import flow_drawing

GOOD = Path(__file__).parent.parent / "specs" / "good" / "flow.yaml"
MERMAID = """flowchart TD
  begin((begin)) --> n0["start"]
  n1["end"]
  n0 -->|"wait = true"| n1
  n0 -->|"wait = 3"| n0
  n0 -->|"wait else"| n1
  n0 -->|"back"| n0
  n1 --> finish((end))
"""


def test_a_flow_is_drawn_in_mermaid() -> None:
    done = CliRunner().invoke(command, [str(GOOD)])
    assert (done.exit_code, done.output) == (0, MERMAID)


def test_a_flow_is_drawn_as_svg_where_graphviz_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    fake = folder / "dot"
    fake.write_text("#!/bin/sh\necho '<svg>'\ncat\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    target = tmp_path / "flow.svg"
    done = CliRunner().invoke(command, [str(GOOD), "--svg", str(target)])
    assert done.output == f"wrote {target}\n"
    drawn = target.read_text()
    assert drawn.startswith("<svg>\ndigraph flow {")
    assert '"start" -> "end" [label="wait = true"];' in drawn
    assert '"end" -> " end";' in drawn


def test_without_graphviz_there_is_no_svg_and_mermaid_still_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = CliRunner().invoke(command, [str(GOOD), "--svg", str(tmp_path / "flow.svg")])
    assert isinstance(done.exception, SetupError)
    assert "apt-get install graphviz" in done.exception.hint
    assert CliRunner().invoke(command, [str(GOOD)]).exit_code == 0


def test_a_spec_without_a_flow_says_so(tmp_path: Path) -> None:
    path = tmp_path / "plain.yaml"
    path.write_text("transport: local\nprompts: Be kind.\n")
    done = CliRunner().invoke(command, [str(path)])
    assert isinstance(done.exception, SetupError)
    assert "has no `flow:`" in done.exception.message


def test_a_way_to_nowhere_is_not_drawn() -> None:
    done = CliRunner().invoke(command, [str(GOOD.parent.parent / "bad" / "flow.yaml")])
    assert isinstance(done.exception, SpecError)
    assert "there is no node 'endd'" in str(done.exception)


KEYS = """transport: twilio
prompts: Be brief.
flow:
  initial_node: start
  nodes:
    start:
      task_messages: Ask.
      keys: {menu: {1: hours, 2: {say: a table, to: table}}}
    table: {task_messages: Ask for the day.}
turns: {keys: {menu: {0: {say: back, to: start}}}}
"""


def test_ways_by_key_are_drawn_and_left_out_of_an_export(tmp_path: Path) -> None:
    path = tmp_path / "keys.yaml"
    path.write_text(KEYS)
    drawn = CliRunner().invoke(command, [str(path)]).output
    assert '  n0 -->|"key 2"| n1\n' in drawn
    assert '  n1 -->|"key 0"| n0\n' in drawn
    assert '"key 0"| n0' not in drawn.replace('n1 -->|"key 0"| n0', "")
    exported = CliRunner().invoke(command, [str(path), "--export"])
    assert exported.exit_code == 0
    assert "keys" not in exported.output
    assert "Ask for the day." in exported.output


def test_names_can_hold_anything() -> None:
    data = {"initial_node": 'a "b"', "nodes": {'a "b"': {"task_messages": "Ask.", "functions": []}}}
    found = Flow.model_validate(data)
    assert '["a #quot;b#quot;"]' in flow_drawing.mermaid(found)
    assert '"a \\"b\\""' in flow_drawing.dot(found)
    assert spec.load(GOOD).spec.flow is not None
