"""``agentrun schema``: what may stand in a spec, for editors and for people."""

from __future__ import annotations

import click


@click.command()
@click.option("--tests", is_flag=True, help="Of NAME.tests.yaml, not of the spec.")
@click.option("--markdown", is_flag=True, help="As a page to read.")
def command(tests: bool, markdown: bool) -> None:
    """Print the JSON Schema (draft 2020-12) of a spec."""
    from agentrun.providers import schema as services
    from agentrun.spec.reference import json_schema
    from agentrun.spec.reference import markdown as reference

    if markdown:
        click.echo(reference.of(json_schema.of_tests() if tests else json_schema.of_spec()), nl=False)
    else:
        click.echo(reference.as_json(json_schema.of_tests() if tests else services.of_spec()), nl=False)
