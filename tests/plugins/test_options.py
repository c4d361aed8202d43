"""``tools: [{use: …}]``: options and settings of a tool, for one agent."""

from __future__ import annotations

import pytest

from agentrun import plugins, spec
from agentrun.errors import SpecError
from agentrun.tools.tool import Tool
from tests.plugins.conftest import Project
from tests.spec.check_spec import complaints

HEAD = "transport: {transport}\nprompts: Be kind.\ntools:\n  - "
OPTIONS = "{use: desk.book, timeout: 3s, say: One moment., say_after: 1s, on_interrupt: finish, "


def load(project: Project, entry: str) -> dict[str, Tool]:
    path = project.folder / "desk.yaml"
    path.write_text(HEAD.format(transport="twilio") + entry + "\n")
    return {tool.name: tool for tool in plugins.load(spec.load(path))}


def complaint(project: Project, entry: str, transport: str = "twilio") -> str:
    path = project.folder / "desk.yaml"
    path.write_text(HEAD.format(transport=transport) + entry + "\n")
    return complaints(path)


def test_an_agent_sets_the_options_of_a_tool(project: Project) -> None:
    project.plugin("desk.py", "book")
    tool = load(project, OPTIONS + "once_per_call: true, confirm: true}")["book"]
    assert (tool.timeout, tool.say, tool.say_after, tool.on_interrupt) == (3, "One moment.", 1, "finish")
    assert tool.once_per_call
    assert tool.confirm


def test_what_the_spec_leaves_out_stays_as_the_author_chose(project: Project) -> None:
    text = (project.plugin("desk.py", "book")).read_text()
    project.write(
        "desk.py", text.replace("hookimpl\n\ndef", "hookimpl, tool\n@tool(timeout=4, say='Hm.')\ndef")
    )
    tool = load(project, "{use: desk, say: null}")["book"]
    assert (tool.timeout, tool.say) == (4, None)


def test_the_later_entry_of_a_tool_counts(project: Project) -> None:
    project.plugin("desk.py", "book")
    assert load(project, "desk\n  - {use: desk.book, timeout: 2s}")["book"].timeout == 2


def test_call_control_is_built_in(project: Project) -> None:
    entries = (
        "hang_up",
        "send_dtmf",
        "collect_digits",
        "wait",
        "{use: transfer, to: {billing: '+15551234567'}}",
    )
    tools = load(project, "\n  - ".join(entries))
    assert list(tools) == ["hang_up", "send_dtmf", "collect_digits", "wait", "transfer"]
    assert tools["transfer"].parameters["properties"]["to"]["const"] == "billing"
    assert "+1555" not in str(tools["transfer"].parameters)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{use: desk, timeout: 5}", "4:26: tools[0].timeout: 5 has no unit\n  hint: write 5s or 5ms"),
        ("{use: desk, timeot: 5s}", "'timeot' is not a key here\n  hint: did you mean 'timeout'?"),
        ("{use: desk, confirm: yes}", "tools[0].confirm: 'yes' is not true or false\n  hint: write true"),
        ("{use: desk, on_interrupt: stop}", "tools[0].on_interrupt: 'stop' is not one of cancel, finish"),
        ("{timeout: 5s}", "tools[0]: 'use' is missing\n  hint: add `use:`"),
        ("hangup", "did you mean 'hang_up'?"),
        ("{use: hang_up, too: 1}", "tools[0].too: 'too' is not a key here"),
        ("transfer", "tools[0]: 'to' is missing\n  hint: add `to:`"),
        ("{use: transfer, to: {}}", "tools[0].to: must not be empty"),
        ("{use: transfer, to: {a: '1234'}}", "tools[0].to.a: '1234' is not a telephone number"),
        ("{use: transfer, to: {a: 'sip:desk'}}", "tools[0].to.a: 'sip:desk' is not a telephone number"),
        ("{use: transfer, to: {a: '+15551234567;ext=a'}}", "'+15551234567;ext=a' is not a telephone number"),
        ("{use: transfer, to: billing}", "tools[0].to: 'billing' is not a mapping"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(project: Project, entry: str, said: str) -> None:
    project.plugin("desk.py", "book")
    told = complaint(project, entry)
    assert told.startswith("desk.yaml:4:")
    assert said in told


@pytest.mark.parametrize(
    "entry",
    ["send_dtmf", "collect_digits", "{use: transfer, to: {a: '+15551234567', b: 'sip:b@example.com'}}"],
)
def test_what_no_transport_can_do_is_a_problem(project: Project, entry: str) -> None:
    assert "needs a telephone, and transport 'local' has none" in complaint(project, entry, "local")
    assert complaint(project, entry, "[local, twilio]") == ""


def test_a_plugin_may_not_be_called_like_a_built_in_tool(project: Project) -> None:
    project.plugin("wait.py", "book")
    with pytest.raises(SpecError, match="'wait' is a built-in tool"):
        project.load("wait")
