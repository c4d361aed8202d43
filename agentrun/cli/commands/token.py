"""``agentrun token AGENT``: print a token that starts one call."""

from __future__ import annotations

import os

import click

from agentrun.cli.options.durations import DURATION
from agentrun.errors import SetupError


@click.command()
@click.argument("agent")
@click.option(
    "--for", "seconds", default="10m", show_default=True, type=DURATION, help="Lifetime, at most 1h."
)
def command(agent: str, seconds: float) -> int:
    """Print a token that starts one call of AGENT, for a page or program that must not have the API key.

    It is signed with AGENTRUN_API_KEY, and sent as `Authorization: Bearer …`.
    """
    from agentrun.server.auth import api_key, start_tokens

    if not 0 < seconds <= start_tokens.LONGEST_SECONDS:
        raise click.BadParameter("a token lives for at most 1h", param_hint="--for")
    key = os.environ.get(api_key.VARIABLE)
    if not key:
        raise SetupError(f"{api_key.VARIABLE} is not set", "export the key that the server runs with")
    click.echo(start_tokens.make(key, agent, seconds))
    return 0
