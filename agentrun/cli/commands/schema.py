"""``agentrun schema``: what may stand in a spec, for editors and for people."""

from __future__ import annotations

import click


@click.command()
@click.option("--tests", is_flag=True, help="Of NAME.tests.yaml, not of the spec.")
@click.option("--markdown", is_flag=True, help="As a page to read.")
def command(tests: bool, markdown: bool) -> None:
    """Print the JSON Schema (draft 2020-12) of a spec.

    An editor offers what it names: the tools that come with agentrun, and plugins, of this
    folder and installed.
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
