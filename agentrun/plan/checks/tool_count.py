"""Checks how many tools a model is given in one request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from agentrun.errors import Problem, Severity
from agentrun.providers.service_plans import OPENAI, ServicePlan
from agentrun.spec.loading.spec_file import SpecFile
from agentrun.tools.tool import Tool

MOST = 128
"""With a request to OpenAI's models (https://platform.openai.com/docs/api-reference/chat/create)."""


def check(file: SpecFile, models: Iterable[ServicePlan | None], tools: Sequence[Tool]) -> list[Problem]:
    """A problem for every request to OpenAI's models with more tools than they take.

    All of them go with each request; in a flow, those of the node that the caller is at. Tools of MCP servers
    are counted where the spec names them. Behind a ``base_url`` another limit may hold: that is a warning.
    """
    asked = [each for plan in models if plan for each in (plan, *plan.fallback) if each.provider == OPENAI]
    if not asked:
        return []
    elsewhere = all(plan.base_url for plan in asked)
    severity: Severity = "warning" if elsewhere else "error"
    more = "; the server at base_url may take more" if elsewhere else ""
    return [
        file.problem(
            where, f"{count} tools in one request: OpenAI's models take {MOST}", f"{hint}{more}", severity
        )
        for where, count, hint in _requests(file, tools)
        if count > MOST
    ]


def surplus(plans: Iterable[ServicePlan | None], tools: Sequence[Tool]) -> Sequence[Tool]:
    """Those of ``tools`` that OpenAI's own models of ``plans`` don't take beside the ones before them."""
    limited = any(plan and plan.provider == OPENAI and not plan.base_url for plan in plans)
    return tools[MOST:] if limited else ()


def _requests(file: SpecFile, tools: Sequence[Tool]) -> Iterator[tuple[tuple[str | int, ...], int, str]]:
    """Where the tools of a kind of request are named, how many there are, and what helps."""
    flow = file.spec.flow
    if flow is None:
        hint = "name single tools, as plugin.tool, or give each node of a flow its own"
        yield ("tools",), len(tools), hint
        return
    for name, node in flow.nodes.items():
        names = {function.name for function in (*flow.global_functions, *node.functions)}
        yield ("flow", "nodes", name, "functions"), len(names), "give them to several nodes"
