"""Results that a test supplies instead of calling the tools."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from agentrun.call import Call
from agentrun.errors import NotAskedError, ToolError
from agentrun.plan.before_call import NAME as LOOK_UP
from agentrun.plan.plan import Plan
from agentrun.plugins.call_hooks import CallHooks
from agentrun.spec.models.scenarios import Turn
from agentrun.spec.values.durations import seconds
from agentrun.testing.results.same_values import same
from agentrun.testing.scripts.progress import ScriptProgress, ToolRun
from agentrun.tools.tool import Tool

_FORM = {"result", "error", "after"}
_BY_ARGUMENTS = {"results"}
_SIDE_BY_SIDE_SECONDS = 0.05
"""Pipecat runs the model at once after a tool that ends before its sibling has begun."""


class NoResultError(NotAskedError):
    """A test gives results by the arguments, and none for these."""


def replace_tools(tools: Sequence[Tool], turns: Sequence[Turn], now: Callable[[], int]) -> tuple[Tool, ...]:
    """``tools``, of which those that ``turns`` give results for are not called; ``now`` is the turn's index.

    A result that stands at one turn alone holds for the whole test. Arguments that don't fit are refused as
    in a call.
    """
    results: dict[str, dict[int, Any]] = {}
    for index, turn in enumerate(turns):
        for name, result in turn.tools.items():
            results.setdefault(name, {})[index] = result
    return tuple(_replaced(tool, results[tool.name], now) if tool.name in results else tool for tool in tools)


def watch_tools(tools: Sequence[Tool], progress: ScriptProgress) -> tuple[Tool, ...]:
    """``tools``, of which ``progress`` knows what runs, and what does not since its arguments don't fit."""
    return tuple(_watched(tool, progress) for tool in tools)


def _watched(tool: Tool, progress: ScriptProgress) -> Tool:
    async def run(call: Call, arguments: Mapping[str, Any]) -> Any:
        progress.at_work += 1
        try:
            if tool.check:
                _check(tool, arguments, progress)
            progress.runs.append(ToolRun(progress.turn, tool.name, arguments))
            return await tool.run(call, arguments)
        except NotAskedError as error:
            given = isinstance(error, NoResultError)
            why = str(error) if given else f"{tool.origin} was not asked, as this call is offline."
            progress.without_result.append(ToolRun(progress.turn, tool.name, arguments, why))
            raise
        finally:
            progress.at_work -= 1

    return replace(tool, run=run)


def _check(tool: Tool, arguments: Mapping[str, Any], progress: ScriptProgress) -> None:
    assert tool.check is not None  # noqa: S101
    try:
        tool.check(arguments)
    except ToolError as error:
        progress.runs.append(ToolRun(progress.turn, tool.name, arguments, str(error)))
        raise


def replace_look_up(plan: Plan, turns: Sequence[Turn], now: Callable[[], int]) -> Plan:
    """``plan``, whose look-up before a call gets the answer that a test gives as that of ``before_call``.

    It is the answer to the request; where there is none, it is what the plugins find.
    """
    tool = plan.before_call.tool
    if tool is None:
        return _replaced_hooks(plan, turns)
    (replaced,) = replace_tools([tool], turns, now)
    return replace(plan, before_call=replace(plan.before_call, tool=replaced))


def _replaced_hooks(plan: Plan, turns: Sequence[Turn]) -> Plan:
    answers = [turn.tools[LOOK_UP] for turn in turns if LOOK_UP in turn.tools]
    if not answers:
        return plan

    async def look_up(call: Call) -> Any:
        del call
        return await _give(answers[0])

    others = [replace(hooks, before=()) for hooks in plan.hooks]
    return replace(plan, hooks=(*others, CallHooks("test", before=((look_up, ("call",)),))))


def _replaced(tool: Tool, results: Mapping[int, Any], now: Callable[[], int]) -> Tool:
    given_for: Counter[str] = Counter()

    async def run(call: Call, arguments: Mapping[str, Any]) -> Any:
        del call
        if tool.check:
            tool.check(arguments)
        earlier = [index for index in results if index <= now()]
        result = results[max(earlier) if earlier else min(results)]
        if isinstance(result, dict) and set(result) == _BY_ARGUMENTS:
            result = _fitting(tool, result["results"], arguments, given_for)
            await asyncio.sleep(_SIDE_BY_SIDE_SECONDS)
        return await _give(result)

    return replace(tool, run=run)


def _fitting(
    tool: Tool, results: Sequence[Mapping[str, Any]], arguments: Mapping[str, Any], given_for: Counter[str]
) -> Any:
    """The next of the results for these very arguments; the last one again when there are no more."""
    fitting = [one for one in results if same(one.get("args") or {}, arguments)]
    if not fitting:
        raise NoResultError(f"The test has no result of {tool.name} for these arguments.")
    key = json.dumps([id(results), arguments], sort_keys=True, default=str)
    one = fitting[min(given_for[key], len(fitting) - 1)]
    given_for[key] += 1
    return {name: value for name, value in one.items() if name != "args"}


async def _give(given: Any) -> Any:
    """A result, late or refused where the test says so."""
    if not isinstance(given, dict) or not given or set(given) - _FORM:
        return given
    if "after" in given:
        await asyncio.sleep(seconds(given["after"]))
    if "error" in given:
        raise ToolError(str(given["error"]))
    return given.get("result")
