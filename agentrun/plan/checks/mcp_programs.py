"""Checks that the programs of MCP servers are installed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from agentrun.errors import Problem
from agentrun.providers import variables
from agentrun.spec.loading.spec_file import SpecFile, Where


def check(file: SpecFile, environ: Mapping[str, str]) -> Iterator[Problem]:
    """A warning for each program that can't be begun here; it may be there where the agent will run.

    A server with a ``PATH`` in its ``environment`` is looked for there, as it is when it is begun.
    """
    for index, entry in enumerate(file.spec.tools):
        if not entry.mcp or not entry.mcp.command:
            continue
        own = entry.mcp.environment.get("PATH")
        if list(variables.unset([*entry.mcp.command, own], environ)):
            continue
        program = str(variables.expand(entry.mcp.command[0], environ))
        path = environ.get("PATH") if own is None else str(variables.expand(own, environ))
        if path is not None and (fault := _fault(program, file.project, path)):
            where: Where = ("tools", index, "mcp", "command")
            yield file.problem(where, *fault, "warning")


def _fault(program: str, folder: Path, path: str) -> tuple[str, str] | None:
    """What is wrong with ``program``, looked for on ``path`` or in ``folder``, and the next step."""
    if shutil.which(str(folder / program) if "/" in program else program, path=path):
        return None
    if "/" not in program:
        where = "there is no program '{}' on PATH, so the agent would be without this server's tools"
        return where.format(program), f"install {program}, or write where it is: ./{program}"
    if not (folder / program).exists():
        message = f"there is no '{program}' in {folder}, so the agent would be without this server's tools"
        return message, "write its path from there, or the whole path"
    hint = f"chmod +x {program}, or write what runs it: [python, {program}]"
    return f"'{program}' can't be run: it is not executable", hint
