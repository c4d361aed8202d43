"""``agentrun providers [NAME]``: list the services that a spec can name, or one provider's settings."""

from __future__ import annotations

import json
import os

import click

from agentrun.errors import SetupError
from agentrun.providers import catalogue
from agentrun.providers.service import KINDS, Service
from agentrun.spec.loading.close_match import closest


@click.command()
@click.argument("name", required=False)
@click.option("--kind", type=click.Choice(KINDS), help="Only services of this kind.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(name: str | None, kind: str | None, as_json: bool) -> int:
    """List the services that a spec can name, or the settings of one provider.

    NAME is a provider, such as deepgram. Providers that plugins bring are not listed.
    """
    services = [s for s in _named(name) if kind in (None, s.kind)]
    if not services:
        kinds = ", ".join(service.kind for service in _named(name))
        raise SetupError(f"{name} offers no {kind}", f"it offers {kinds}")
    if as_json:
        from agentrun.cli.output.providers_json import described

        data = [described(service, os.environ, settings=name is not None) for service in services]
        click.echo(json.dumps(data, indent=2, ensure_ascii=False))
        return 0
    from agentrun.cli.output.providers_table import details, table

    (details if name else table)(services, os.environ)
    return 0


def _named(name: str | None) -> list[Service]:
    """The services of provider ``name``, or all services; raises SetupError with a close match."""
    if name is None:
        return list(catalogue.services())
    services = [service for kind in KINDS if (service := catalogue.find(kind, name))]
    if not services:
        names = sorted({service.provider for service in catalogue.services()})
        hint = closest(name, names) or "agentrun providers lists them"
        raise SetupError(f"there is no provider '{name}'", hint)
    return services
