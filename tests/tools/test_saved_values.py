"""What a result gives to variables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from mcp.types import CallToolResult, TextContent

from agentrun.call import Call
from agentrun.tools.build import build
from agentrun.tools.mcp.result_text import told
from agentrun.tools.results import saved_values
from agentrun.tools.running.invoke import invoke


@dataclass
class Customer:
    plan: str
    since: date


@pytest.mark.parametrize(
    ("path", "data", "value"),
    [
        ("customer.plan", {"customer": {"plan": "gold"}}, "gold"),
        ("@", "gold", "gold"),
        ("plan", '{"plan": "gold"}', "gold"),
        ("[0].plan", '[{"plan": "gold"}]', "gold"),
        ("plan", Customer("gold", date(2019, 1, 2)), "gold"),
        ("since", Customer("gold", date(2019, 1, 2)), "2019-01-02"),
        ("length(items)", {"items": [1, 2]}, 2),
        ("open", {"open": False}, False),
        ("items", {"items": []}, []),
    ],
)
def test_a_path_is_looked_for_in_the_whole_result(path: str, data: Any, value: Any) -> None:
    assert saved_values.read({"x": path}, data) == ({"x": value}, [])


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("plan", {}),
        ("plan", {"plan": None}),
        ("plan", "no JSON"),
        ("plan", "{broken"),
        ("sum(plan)", {"plan": "gold"}),
        ("plan", None),
        ("plan", object()),
    ],
)
def test_a_path_that_leads_to_nothing_is_none_and_told(path: str, data: Any) -> None:
    assert saved_values.read({"x": path}, data) == (
        {"x": None},
        [f"'x' has no value: '{path}' is not in the result"],
    )


def test_a_value_that_is_too_long_is_none_and_told() -> None:
    values, troubles = saved_values.read({"x": "@", "y": "length(@)"}, "a" * 20_000)
    assert values == {"x": None, "y": 20_000}
    assert troubles == ["'x' has no value: it has 20002 characters, more than 16000"]


def test_a_result_that_is_nested_without_end_is_none() -> None:
    endless: list[Any] = []
    endless.append(endless)
    assert saved_values.read({"x": "@"}, endless)[0] == {"x": None}


def test_an_mcp_tool_s_data_is_read_where_the_model_reads_its_text() -> None:
    result = told(
        "find",
        CallToolResult(content=[TextContent(type="text", text="Gold.")], structured_content={"plan": "gold"}),
    )
    assert result.told == "Gold."
    assert saved_values.read({"x": "plan"}, result.data)[0] == {"x": "gold"}


async def test_what_a_tool_gives_is_kept_beside_what_the_model_is_told() -> None:
    def find() -> dict[str, Any]:
        """Find."""
        return {"plan": "gold", "long": "a" * 50_000}

    outcome = await invoke(build(find, "shop"), Call("1", "desk", "twilio"), {})
    assert len(outcome.text) < 20_000
    assert saved_values.read({"x": "plan"}, outcome.data)[0] == {"x": "gold"}
