"""``agentrun tools``: list an agent's tools, or run one without a call."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agentrun.cli.options.groups import Group
from agentrun.cli.output.echo import echo
from agentrun.printable import as_json as in_json
from agentrun.printable import printable

if TYPE_CHECKING:
    from agentrun.tools.results.outcome import Outcome
    from agentrun.tools.tool import Tool

CODES = {"ok": 0, "refused": 4, "failed": 5, "timeout": 6, "unconfirmed": 7}


def _arguments(_ctx: click.Context, _param: click.Parameter, text: str) -> dict[str, Any]:
    try:
        arguments = json.loads(text)
    except RecursionError:
        raise click.BadParameter("this is nested too deeply") from None
    except ValueError as error:
        raise click.BadParameter(f"this is not JSON: {error}") from None
    if not isinstance(arguments, dict):
        raise click.BadParameter("this is not a mapping, such as '{\"guests\": 3}'")
    return arguments


@click.group(cls=Group)
def command() -> None:
    """List the tools of a spec, or run one."""
    from agentrun.cli.output.server_screen import quiet_logs

    quiet_logs("WARNING")


@command.command("list")
@click.argument("spec", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object per tool, with its schema.")
def list_tools(spec: Path, as_json: bool) -> None:
    """List the tools of SPEC as the model sees them, with their origin; MCP servers are asked for theirs."""
    for tool in asyncio.run(_listed(spec)):
        if as_json:
            shown = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
            click.echo(in_json({**shown, "origin": tool.origin, "timeout": tool.timeout}))
            continue
        click.secho(printable(f"{tool.name}({_signature(tool)})"), bold=True)
        echo(f"  {next(iter(tool.description.splitlines()), '')}")
        echo(f"  {tool.origin}, {_options(tool)}")


@command.command("call")
@click.argument("spec", type=click.Path(path_type=Path))
@click.argument("name", metavar="TOOL")
@click.argument("arguments", default="{}", callback=_arguments)
@click.option("--from", "caller", metavar="NUMBER", help="The caller's number, as the tool sees it.")
@click.option("--offline", is_flag=True, help="Run as under `agentrun serve --offline`.")
def call_tool(spec: Path, name: str, arguments: dict[str, Any], caller: str | None, offline: bool) -> int:
    """Run TOOL of SPEC without a call, with ARGUMENTS as JSON, and print what the model would be told.

    Exits with 0 if it worked, 4 if it refused, 5 if it failed, 6 if it took too long.
    """
    outcome = asyncio.run(_run(spec, name, arguments, caller, offline=offline))
    echo(outcome.text)
    if outcome.detail:
        echo(outcome.detail, err=True)
    click.echo(f"{outcome.status} after {outcome.seconds:.2f} s", err=True)
    return CODES.get(outcome.status, 1)


@contextlib.asynccontextmanager
async def _tools(spec: Path, *, offline: bool = False) -> AsyncIterator[list[Tool]]:
    """The tools of a spec and of its MCP servers, while the block runs; prints what is wrong with them."""
    from agentrun import plugins
    from agentrun import spec as specs
    from agentrun.tools.mcp.servers import asked

    file = specs.load(spec)
    async with asked(file, plugins.load(file), os.environ, offline=offline) as toolset:
        for trouble in toolset.troubles:
            echo(f"warning: {trouble}", err=True)
        yield toolset.tools


async def _listed(spec: Path) -> list[Tool]:
    async with _tools(spec) as tools:
        return tools


async def _run(
    spec: Path, name: str, arguments: dict[str, Any], caller: str | None, *, offline: bool
) -> Outcome:
    import httpx

    from agentrun.call import Call
    from agentrun.errors import SetupError
    from agentrun.spec.loading.close_match import closest
    from agentrun.tools.running.invoke import invoke

    async with _tools(spec, offline=offline) as toolset, httpx.AsyncClient(timeout=10.0) as client:
        tools = {tool.name: tool for tool in toolset}
        if name not in tools:
            hint = closest(name, tools) or f"name one of: {', '.join(tools) or 'none'}"
            raise SetupError(f"{spec} has no tool '{name}'", hint)
        tool = tools[name]
        echo(f"{tool.name}: {in_json(tool.parameters)}", err=True)
        call = Call("tools-call", "none", "none", caller, environ=os.environ, offline=offline, client=client)
        return await invoke(tool, call, arguments)


def _signature(tool: Tool) -> str:
    """The parameters with their types; optional ones have a question mark."""
    needed = tool.parameters.get("required", ())
    parts = []
    for name, schema in tool.parameters.get("properties", {}).items():
        kind = schema.get("type") or "|".join(map(str, schema.get("enum", ()))) or "any"
        parts.append(f"{name}{'' if name in needed else '?'}: {kind}")
    return ", ".join(parts)


def _options(tool: Tool) -> str:
    words = [f"timeout {tool.timeout:g} s"]
    words += [f"says {tool.say!r} after {tool.say_after:g} s"] if tool.say else []
    words += ["goes on when interrupted"] if tool.on_interrupt == "finish" else []
    words += ["once per call"] if tool.once_per_call else []
    words += ["asks the caller first"] if tool.confirm else []
    return ", ".join(words)
