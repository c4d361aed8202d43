"""``agentrun schema``: print the schema of a spec, for editors and for people."""

from __future__ import annotations

import click


@click.command()
@click.option("--tests", is_flag=True, help="Print the schema of NAME.tests.yaml instead.")
@click.option("--markdown", is_flag=True, help="Print it as a Markdown page.")
def command(tests: bool, markdown: bool) -> None:
    """Print the JSON Schema (draft 2020-12) of a spec.

    It lists the built-in tools and the plugins, from this folder and installed, so that editors can suggest
    them.
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
    """The possible values of ``use``: built-in tools, and plugins, which are not imported."""
    from pathlib import Path

    from agentrun.plugins.find import find
    from agentrun.spec.values.project_paths import find_project
    from agentrun.tools.builtin import BUILTINS

    plugins = find(find_project(Path("agent.yaml")))
    return [*BUILTINS, *(name for name in sorted(plugins) if name not in BUILTINS)]
