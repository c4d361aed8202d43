"""``agentrun calls migrate``: migrate the database tables before servers are upgraded."""

from __future__ import annotations

import click

from agentrun.cli.options.server import records_option, shared_option


@click.command()
@records_option
@shared_option
def command(records: str, shared: str | None) -> int:
    """Migrate the tables of call records and of the state that servers share.

    Servers also do this when they start. Run it before a rollout, so that a failure, which exits with 1 and
    gives the reason, happens while the old servers still answer. Tables of a newer agentrun are left alone.
    """
    from agentrun.errors import SetupError
    from agentrun.records.store.engine import shown
    from agentrun.records.store.store import Store
    from agentrun.server.shared_state import database, opening

    address = opening.address(shared, records, None)
    if records == opening.NONE and address is None:
        raise SetupError("--records none keeps no records", "name the store that `serve` writes to")
    if records != opening.NONE:
        Store(records).close()
        click.echo(f"records are up to date at {shown(records)}")
    if address:
        database.open_database(address).dispose()
        click.echo(f"shared state is up to date at {shown(address)}")
    return 0
