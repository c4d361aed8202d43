"""Results that a test gives instead of calling the tools."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from agentrun.call import Call
from agentrun.errors import ToolError
from agentrun.spec.scenario import Turn
from agentrun.spec.units import seconds
from agentrun.tools.tool import Tool

_FORM = {"result", "error", "after"}


def replace_tools(tools: Sequence[Tool], turns: Sequence[Turn], now: Callable[[], int]) -> tuple[Tool, ...]:
    """``tools``, of which those that ``turns`` give results for are not called; ``now`` is the turn's index.

    A result that stands at one turn alone holds for the whole test.
    """
    given: dict[str, dict[int, Any]] = {}
    for index, turn in enumerate(turns):
        for name, result in turn.tools.items():
            given.setdefault(name, {})[index] = result
    return tuple(_replaced(tool, given[tool.name], now) if tool.name in given else tool for tool in tools)


def _replaced(tool: Tool, results: Mapping[int, Any], now: Callable[[], int]) -> Tool:
    async def run(call: Call, arguments: Mapping[str, Any]) -> Any:
        del call, arguments
        earlier = [index for index in results if index <= now()]
        return await _give(results[max(earlier) if earlier else min(results)])

    return replace(tool, run=run)


async def _give(given: Any) -> Any:
    """A result, late or refused where the test says so."""
    if not isinstance(given, dict) or not given or set(given) - _FORM:
        return given
    if "after" in given:
        await asyncio.sleep(seconds(given["after"]))
    if "error" in given:
        raise ToolError(str(given["error"]))
    return given.get("result")
