"""A small project whose spec has tests."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from agentrun import spec
from agentrun.testing import virtual_time
from agentrun.testing.results.outcome import Outcome
from agentrun.testing.running import runner
from agentrun.testing.running.find_tests import Depth, cases
from agentrun.testing.running.shared_servers import Mode

PLUGIN = '''
from agentrun import ToolError, hookimpl

def get_hours(day: str) -> str:
    """Say when the restaurant is open.

    Args:
        day: The day of the week.
    """
    if day == "monday":
        raise ToolError("We are closed on Mondays.")
    return f"from six to eleven on {day}"

@hookimpl
def agentrun_tools():
    return [get_hours]
'''
SPEC = """
name: desk
transport: local
prompts: {system: Be brief., greeting: Say hello., apology: "I am sorry, goodbye."}
tools: [hours]
limits: {answer: 3s, max_duration: 5m, warn_before: 30s}
turns: {idle: {after: 15s, say: "Are you still there?", times: 1, then: hang_up}}
"""


def write(folder: Path, tests: str, more: str = "") -> Path:
    """The spec, with ``tests`` as its scenarios in the file beside it."""
    (folder / "plugins").mkdir(exist_ok=True)
    (folder / "plugins" / "hours.py").write_text(PLUGIN)
    path = folder / "desk.yaml"
    path.write_text(SPEC + more)
    body = "\n".join(f"  {line}" for line in tests.strip("\n").splitlines())
    (folder / "desk.tests.yaml").write_text(f"name: desk\nscenarios:\n{body}\n")
    return path


def run(
    path: Path, *, style: str | None = None, depth: Depth = "text", mode: Mode | None = None, **environ: Any
) -> list[Outcome]:
    """The outcomes of a spec's tests."""

    async def every() -> list[Outcome]:
        async with runner.running(environ, mode or Mode()) as one:
            return [await one(case, depth) for case in cases(spec.load(path, style=style), str(path))]

    if mode and mode.live:
        return asyncio.run(every())
    return virtual_time.run(every())
