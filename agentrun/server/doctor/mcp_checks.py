"""What the MCP servers of a deployment say: are they there, and do they have the tools that specs name?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agentrun.plan.plan import Plan
from agentrun.server.doctor.local_checks import Finding
from agentrun.tools.mcp import MCP
from agentrun.tools.mcp.servers import asked, servers_of


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
    return findings
