"""``agentrun plugins``: list a project's plugins, and where they come from."""

from __future__ import annotations

from pathlib import Path

import click

from agentrun.cli.options.groups import Group


@click.group(cls=Group)
def command() -> None:
    """List the plugins of a project."""


@command.command("list")
@click.argument("project", default=".", type=click.Path(exists=True, file_okay=False, path_type=Path))
def list_plugins(project: Path) -> int:
    """List the plugins of PROJECT and the installed ones, with their tools.

    Exits with 1 if one is broken.
    """
    from agentrun.errors import PluginError
    from agentrun.plugins.find import find
    from agentrun.plugins.tools import open_plugin

    broken = False
    for name, sources in sorted(find(project).items()):
        for source in sources:
            click.echo(f"{click.style(name, bold=True)}  {source.where}")
        if len(sources) > 1:
            broken = True
            click.echo("  two plugins have this name: rename one")
            continue
        try:
            tools = open_plugin(sources[0]).tools
        except PluginError as error:
            broken = True
            click.echo(f"  {error.message}")
            continue
        for tool in tools:
            click.echo(f"  {tool}")
    return 1 if broken else 0
