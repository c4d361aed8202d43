"""``agentrun schema``: what may stand in a spec, for editors and for people."""

from __future__ import annotations

import click


@click.command()
@click.option("--tests", is_flag=True, help="Print that of NAME.tests.yaml instead.")
@click.option("--markdown", is_flag=True, help="Print it as a page to read.")
def command(tests: bool, markdown: bool) -> None:
    """Print the JSON Schema (draft 2020-12) of a spec.

    It names the built-in tools and the plugins, of this folder and installed, so that an editor offers them.
    """
    from agentrun.providers import schema as services
    from agentrun.spec.reference import json_schema
    from agentrun.spec.reference import markdown as reference

    if markdown:
        click.echo(reference.of(json_schema.of_tests() if tests else json_schema.of_spec()), nl=False)
    else:
        schema = json_schema.of_tests() if tests else services.of_spec(_tools())
        click.echo(reference.as_json(schema), nl=False)


def _tools() -> list[str]:
    """What may stand at ``use``: built-in tools, and plugins, which are not imported."""
    from pathlib import Path

    from agentrun.plugins.find import find
    from agentrun.spec.values.project_paths import find_project
    from agentrun.tools.builtin import BUILTINS

    plugins = find(find_project(Path("agent.yaml")))
    return [*BUILTINS, *(name for name in sorted(plugins) if name not in BUILTINS)]
