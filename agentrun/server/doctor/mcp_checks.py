"""Checks that the MCP servers of a deployment are up and have the tools that specs name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from agentrun.plan.plan import Plan
from agentrun.plugins import scripted_calls
from agentrun.server.doctor.local_checks import Finding
from agentrun.tools.mcp import MCP
from agentrun.tools.mcp.servers import asked, servers_of
from agentrun.tools.tool import Tool


async def servers(plans: Sequence[Plan], environ: Mapping[str, str]) -> list[Finding]:
    """Connect with the servers of each agent, and list their tools; runs none of them."""
    findings: list[Finding] = []
    for plan in plans:
        if not servers_of(plan.file):
            continue
        async with asked(plan.file, plan.tools, environ) as now:
            hint = "start the server, or mend its entry in tools:"
            findings += [Finding(MCP, "error", f"{plan.spec.name}: {words}", hint) for words in now.troubles]
            names = ", ".join(
                tool.name for tool in now.tools if tool.plugin == MCP and tool not in plan.tools
            )
            if names:
                findings.append(Finding(MCP, "ok", f"{plan.spec.name} has {names}"))
            findings += _in_tests(plan, now.tools)
    return findings


def _in_tests(plan: Plan, tools: Sequence[Tool]) -> Iterator[Finding]:
    """What tests say of the servers' tools, and can't be so now that it is known what these take."""
    told = scripted_calls.check(plan.file, plan.tools)
    for problem in scripted_calls.check(plan.file, tools):
        if problem not in told:
            words = f"{problem.path}:{problem.line}: {problem.message}"
            yield Finding(MCP, "warning", words, problem.hint)
