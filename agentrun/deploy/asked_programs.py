"""Programs that an agent starts, checked for the target where it will run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agentrun.errors import Problem
from agentrun.plan.plan import Plan


def problems(plan: Plan) -> Iterator[Problem]:
    """Warn of programs that have to be there as well; Python is wherever the agent is."""
    for one in plan.everyone:
        for number, entry in enumerate(one.spec.tools):
            program = (entry.mcp.command or ("",))[0] if entry.mcp else ""
            if program and not Path(program).name.startswith("python"):
                words = f"'{program}' has to be installed there"
                hint = (
                    "by you on a server, by a line in its Dockerfile in an image; what you edit there stays"
                )
                yield one.file.problem(("tools", number, "mcp", "command"), words, hint, "warning")
