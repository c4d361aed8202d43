"""Flows that were written for Pipecat are pasted as they are, checked, served and tested."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from click.testing import CliRunner
from pipecat.flows import FlowConfig

from agentrun import spec
from agentrun.cli.main import main
from agentrun.errors import PluginError, SetupError, SpecError
from agentrun.spec.reference import flow_export

HERE = Path(__file__).parent
AGENTS = HERE.parents[1] / "agents"
PASTED = {
    "insurance": "insurance_quote.yaml",
    "intake": "patient_intake.yaml",
    "restaurant": "restaurant_reservation.yaml",
    "travel": "travel_planner.json",
}
SCHEMA = json.loads((resources.files("pipecat.flows") / "flow_config.schema.json").read_text())


def agentrun(*arguments: str) -> tuple[int, str]:
    environ = {"OPENAI_API_KEY": "test"}
    done: Any = CliRunner().invoke(main, list(arguments), env=environ, standalone_mode=False)
    assert done.exception is None, done.exception
    return int(done.return_value or 0), done.output


@pytest.mark.parametrize("name", PASTED)
def test_a_pasted_flow_is_checked_without_a_complaint(name: str) -> None:
    code, said = agentrun("check", str(HERE / f"{name}.yaml"))
    assert (code, said) == (0, "1 spec checked: no errors\n"), said


@pytest.mark.parametrize("name", PASTED)
def test_a_pasted_flow_passes_its_tests(name: str) -> None:
    code, said = agentrun("test", str(HERE / f"{name}.yaml"))
    assert code == 0, said


@pytest.mark.parametrize("name", PASTED)
def test_a_pasted_flow_is_exported_as_it_was_pasted(name: str) -> None:
    file = spec.load(HERE / f"{name}.yaml")
    assert file.spec.flow is not None
    exported, written = flow_export.as_data(file.spec.flow), yaml.safe_load((HERE / PASTED[name]).read_text())
    assert FlowConfig.model_validate(exported) == FlowConfig.model_validate(_stripped(written))


@pytest.mark.parametrize("path", [HERE / "insurance.yaml", AGENTS / "pizza.yaml"], ids=lambda path: path.stem)
def test_what_is_exported_is_taken_by_pipecat_and_its_schema(path: Path) -> None:
    code, said = agentrun("flow", str(path), "--export")
    assert code == 0, said
    exported = yaml.safe_load(said)
    FlowConfig.model_validate(exported)
    jsonschema.validate(exported, SCHEMA)


def test_a_flow_may_be_json_in_a_file_of_its_own(tmp_path: Path) -> None:
    flow = {"initial_node": "a", "nodes": {"a": {"role_message": "You sell.", "task_messages": []}}}
    (tmp_path / "steps.json").write_text(json.dumps(flow, indent=2))
    (tmp_path / "my_desk.yaml").write_text("name: my_desk\ntransport: local\nflow: {file: steps.json}\n")
    found = spec.load(tmp_path / "my_desk.yaml").spec
    assert (found.name, found.prompts.system) == ("my_desk", "You sell.")
    assert found.speaks_first
    assert found.greeting is None


def test_a_problem_of_an_included_flow_stands_where_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "steps.yaml").write_text("initial_node: a\nnodes:\n  a: {task_message: Ask.}\n")
    (tmp_path / "desk.yaml").write_text("transport: local\nprompts: Sell.\nflow: !include steps.yaml\n")
    with pytest.raises(SpecError) as caught:
        spec.load(tmp_path / "desk.yaml")
    places = {(Path(one.path).name, one.line) for one in caught.value.problems}
    assert ("steps.yaml", 3) in places


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("!include ../x.yaml", "leads out of the project's folder"),
        ("!include none.yaml", "'none.yaml': "),
        ("!include desk.yaml", "'desk.yaml' includes itself"),
        ("!include one.yaml", "these files include each other: desk.yaml → one.yaml → two.yaml → desk.yaml"),
        ("!include many.yaml", "more than 50 files are included"),
        ("{file: steps.txt}", "`file:` takes the name of one YAML or JSON file, with no key beside it"),
    ],
)
def test_what_can_not_be_included_is_said(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "desk.yaml").write_text(f"transport: local\nprompts: Sell.\nflow: {text}\n")
    (tmp_path / "one.yaml").write_text("nodes: !include two.yaml\n")
    (tmp_path / "two.yaml").write_text("start: !include desk.yaml\n")
    (tmp_path / "text.md").write_text("Sell.")
    (tmp_path / "many.yaml").write_text("\n".join(f"n{n}: !include text.md" for n in range(51)))
    with pytest.raises(SpecError) as caught:
        spec.load(tmp_path / "desk.yaml")
    assert any(message in one.message for one in caught.value.problems), caught.value.problems


FLOW = """
transport: local
prompts: You sell.
tools: [shop]
vars: {quote: {monthly_premium: 0}, places: [Rome, Milan]}
flow:
  initial_node: a
  nodes:
    a:
      task_messages: FIRST
      functions: [{name: order, transition_to: b}]
    b:
      task_messages: LATER
      post_actions: [{type: end_conversation, text: BYE}]
"""
SHOP = '''
from agentrun import Call, hookimpl

async def order(call: Call) -> str:
    """Order."""
    return "ordered"

@hookimpl
def agentrun_tools():
    return [order]
'''


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, []),
        ({"FIRST": "For {{ quote.monthly_premium }} in {{ places }}."}, []),
        ({"LATER": "For {{ whatever.a_tool_sets }}."}, []),
        ({"FIRST": "For {{ premium }}."}, ["'premium' is not known here"]),
        ({"FIRST": "For {{ quote.premium }}."}, ["'quote.premium' is not known here"]),
        ({"LATER": "For {{ qoute.monthly_premium }}."}, ["did you mean 'quote'?"]),
        ({"BYE": "Bye {{ name | upper }}."}, ["would be spoken literally"]),
        ({"task_messages: FIRST": "pre_actions: [{type: tts_sya}]\n      task_messages: []"},
         ["the agent has no tool 'tts_sya'", "did you mean 'tts_say'?"]),
    ],
)  # fmt: skip
def test_check_knows_where_a_name_can_have_a_value(
    tmp_path: Path, changes: dict[str, str], said: list[str]
) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "shop.py").write_text(SHOP)
    text = FLOW
    for word, value in changes.items():
        text = text.replace(word, f'"{value}"' if "\n" not in value else value)
    (tmp_path / "desk.yaml").write_text(text)
    _, output = agentrun("check", str(tmp_path / "desk.yaml"))
    assert all(part in output for part in said), output
    assert said or output == "1 spec checked: no errors\n", output


def test_a_name_that_a_tool_sets_is_no_misspelling_of_another(tmp_path: Path) -> None:
    """However it sets it; a name that no code has is one still."""
    (tmp_path / "plugins").mkdir()
    shop = SHOP.replace('return "ordered"', 'call.state.update(quotes=1)\n    return "ordered"')
    (tmp_path / "plugins" / "shop.py").write_text(shop)
    path = tmp_path / "desk.yaml"
    path.write_text(FLOW.replace("LATER", '"For {{ quotes }}."'))
    assert agentrun("check", str(path)) == (0, "1 spec checked: no errors\n")
    path.write_text(FLOW.replace("LATER", '"For {{ quotse }}."'))
    assert "'quotse' is not known here, unless a tool sets it before" in agentrun("check", str(path))[1]


def test_a_handler_for_pipecat_says_what_to_change(tmp_path: Path) -> None:
    from agentrun import plugins

    (tmp_path / "plugins").mkdir()
    written = SHOP.replace("call: Call", "flow_manager: 'FlowManager'")
    (tmp_path / "plugins" / "shop.py").write_text(written)
    (tmp_path / "desk.yaml").write_text(FLOW)
    with pytest.raises(PluginError, match="Pipecat's FlowManager") as caught:
        plugins.load(spec.load(tmp_path / "desk.yaml"))
    assert "call.state" in caught.value.hint
    assert "NO_RESPONSE" in caught.value.hint


def _stripped(value: object) -> object:
    if isinstance(value, dict):
        return {key: _stripped(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_stripped(inner) for inner in value]
    return value.strip() if isinstance(value, str) else value


def test_a_flow_that_goes_by_variables_is_not_exported(tmp_path: Path) -> None:
    text = """transport: local
prompts: You sell.
flow:
  initial_node: start
  nodes:
    start:
      task_messages: Ask.
      functions: [{name: hang_up, transition_to: [{when: {size: {more_than: 3}}, to: start}]}]
tools: [hang_up]
"""
    (tmp_path / "shop.yaml").write_text(text, encoding="utf-8")
    flow = spec.load(tmp_path / "shop.yaml").spec.flow
    assert flow is not None
    with pytest.raises(SetupError, match="'hang_up' goes by variables, and Pipecat's flows have no `when:`"):
        flow_export.as_data(flow)


OLDER = """
transport: twilio
flow:
  initial_node: start
  nodes:
    start:
      role_messages: [{role: system, content: You take orders.}, {role: system, content: Be brief.}]
      task_messages: [{role: system, content: Ask what they want.}]
      functions: [{name: go, transition_only: true, description: They know., transition_to: order}]
    order:
      task_messages: [{role: system, content: Repeat it.}]
      context_strategy: {strategy: RESET}
"""


def test_what_means_the_same_in_the_older_form_is_read(tmp_path: Path) -> None:
    (tmp_path / "older.yaml").write_text(OLDER)
    flow = spec.load(tmp_path / "older.yaml").spec.flow
    assert flow is not None
    assert flow.nodes["start"].role_message == "You take orders.\n\nBe brief."
    assert flow.nodes["order"].context_strategy == "reset"


def test_what_can_not_be_read_of_the_older_form_is_told_of_once(tmp_path: Path) -> None:
    function = "{type: function, function: {name: order, handler: x, parameters: {}, transition_callback: y}}"
    text = OLDER.replace(
        "      context_strategy", f"      functions: [{function}, {function}]\n      context_strategy"
    )
    (tmp_path / "older.yaml").write_text(text)
    with pytest.raises(SpecError) as caught:
        spec.load(tmp_path / "older.yaml")
    [problem] = caught.value.problems
    assert problem.message == "this flow is in the older form of Pipecat Flows"
    assert problem.hint == "write `transition_to` with the node's name for `transition_callback`"


TOLD = [{"role": "system", "content": "Do it."}]
SIZE = {"type": "object", "properties": {"size": {"type": "string"}}, "required": ["size"]}
PACKAGE = {
    "initial_node": "start",
    "nodes": {
        "start": {
            "role_messages": [{"role": "system", "content": "You sell."}],
            "task_messages": TOLD,
            "pre_actions": [{"type": "function", "handler": "__function__:order"}],
            "functions": [
                {"type": "function", "function": {
                    "name": "order", "handler": "__function__:order", "description": "Orders.",
                    "parameters": SIZE}},
                {"type": "function", "function": {
                    "name": "go", "description": "Goes on.", "transition_to": "done",
                    "parameters": {"type": "object", "properties": {}}}},
            ],
        },
        "done": {"task_messages": TOLD, "post_actions": [{"type": "end_conversation"}]},
    },
}  # fmt: skip
FIRST_PACKAGE = {
    "initial_node": "start",
    "nodes": {
        "start": {
            "messages": TOLD,
            "functions": [
                {"type": "function", "function": {"name": "order", "parameters": SIZE}},
                {"type": "function", "function": {"name": "done", "description": "Goes on."}},
            ],
        },
        "done": {"messages": TOLD, "functions": []},
    },
}
EDITOR = {
    "$id": "https://flows.pipecat.ai/schema/flow.json",
    "meta": {"name": "Shop"},
    "nodes": [
        {"id": "done", "type": "end", "position": {"x": 1, "y": 0}, "data": {
            "label": "Done", "task_messages": TOLD}},
        {"id": "start", "type": "initial", "position": {"x": 0, "y": 0}, "data": {
            "label": "Start", "type": "initial", "role_messages": TOLD, "task_messages": TOLD,
            "functions": [
                {"name": "order", "description": "Orders.", "properties": SIZE["properties"],
                 "required": ["size"]},
                {"name": "go", "description": "Goes on.", "next_node_id": "done"},
            ]}},
    ],
    "edges": [{"id": "e1", "source": "start", "target": "done", "label": "go"}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("flow", "prompts"),
    [(PACKAGE, ""), (FIRST_PACKAGE, "prompts: You sell."), (EDITOR, "")],
    ids=["package", "first-package", "editor"],
)
def test_a_flow_of_an_older_form_is_checked_played_and_exported_as_it_is(
    tmp_path: Path, flow: dict[str, Any], prompts: str
) -> None:
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "shop.py").write_text(SHOP.replace("call: Call", "size: str"))
    (tmp_path / "steps.json").write_text(json.dumps(flow, indent=2))
    (tmp_path / "desk.yaml").write_text(f"""
transport: local
flow: {{file: steps.json}}
{prompts}
tools: [shop]
tests:
  - name: whole
    turns:
      - {{llm: {{say: What size?}}, expect: [{{event: response, text_contains: size}}]}}
      - user: Large.
        llm: [{{call: order, args: {{size: large}}}}, {{say: Anything else?}}]
        expect: [{{event: function_call, calls: [order]}}, {{event: response, text_contains: else}}]
      - user: No.
        llm: [{{call: {"done" if prompts else "go"}}}, {{say: Goodbye.}}]
        expect: [{{event: response, text_contains: Goodbye}}]
""")
    path = str(tmp_path / "desk.yaml")
    assert agentrun("check", path) == (0, "1 spec checked: no errors\n")
    code, said = agentrun("test", path)
    assert code == 0, said
    code, said = agentrun("flow", path, "--export")
    assert code == 0, said
    exported = FlowConfig.model_validate(yaml.safe_load(said))
    assert (exported.initial_node, set(exported.nodes)) == ("start", {"start", "done"})
    assert [function.transition_only for function in exported.nodes["start"].functions] == [False, True]


def test_a_problem_of_the_editors_flow_stands_where_it_was_written(tmp_path: Path) -> None:
    text = json.dumps(EDITOR, indent=2).replace('"order"', '"odrer"').replace("done", "dnoe", 1)
    (tmp_path / "steps.json").write_text(text)
    (tmp_path / "desk.yaml").write_text("transport: local\nflow: {file: steps.json}\n")
    _, said = agentrun("check", str(tmp_path / "desk.yaml"))
    lines = text.splitlines()
    name = next(n for n, line in enumerate(lines, 1) if '"odrer"' in line)
    target = next(n for n, line in enumerate(lines, 1) if "next_node_id" in line)
    assert f"steps.json:{name}:" in said
    assert f"steps.json:{target}:" in said


def test_what_only_a_tool_of_today_looks_like_is_no_older_form(tmp_path: Path) -> None:
    """Else a tool that somebody has described would not be run any more."""
    text = FLOW.replace("name: order,", "name: order, description: Orders.,")
    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "shop.py").write_text(SHOP)
    (tmp_path / "desk.yaml").write_text(text)
    assert "a tool describes itself; drop `description`" in agentrun("check", str(tmp_path / "desk.yaml"))[1]


def test_a_plugin_of_the_older_package_hears_what_to_import(tmp_path: Path) -> None:
    from agentrun import plugins

    (tmp_path / "plugins").mkdir()
    (tmp_path / "plugins" / "shop.py").write_text("from pipecat_flows import FlowManager\n")
    (tmp_path / "desk.yaml").write_text(FLOW)
    with pytest.raises(PluginError) as caught:
        plugins.load(spec.load(tmp_path / "desk.yaml"))
    assert caught.value.hint.startswith("write `from agentrun import Call")
