"""The parts of a plan that become code: its services, and the functions of its plugins."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from agentrun.plan.plan import Plan
from agentrun.plugins.find import FOLDER
from agentrun.providers.service_plans import ServicePlan
from agentrun.tools.tool import Tool

BUILTIN = {"hang_up": "hang_up(call)"}
"""Built-in tools that the bot has, and what they are called there."""


def parts(plan: Plan) -> list[ServicePlan]:
    """The services of the agent's style."""
    return [part for part in (plan.stt, plan.llm, plan.tts, plan.realtime) if part]


def written(plan: Plan, part: ServicePlan) -> dict[str, Any]:
    """The settings of a service as they stand in the spec, with their variables."""
    settings: dict[str, Any] = getattr(plan.spec.pipeline, part.kind).settings
    return settings


def function_of(plan: Plan, tool: Tool) -> str | None:
    """The name of the function behind ``tool``, found by the line of its plugin's file that it stands at."""
    where, _, line = tool.origin.rpartition(":")
    plugin = plan.file.project / FOLDER / tool.plugin
    if not line.isdigit():
        return None
    for source in (plugin.with_name(f"{tool.plugin}.py"), *sorted(plugin.rglob("*.py"))):
        if f"{source.parent.name}/{source.name}" == where and (name := _function_at(source, int(line))):
            return name
    return None


def _function_at(source: Path, line: int) -> str | None:
    try:
        tree = ast.parse(source.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return None
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            if first <= line <= (node.end_lineno or node.lineno):
                return node.name
    return None
