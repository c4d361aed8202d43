"""``agentrun calls migrate``: tables are brought up to date before servers are."""

from __future__ import annotations

import click

from agentrun.cli.options.server import records_option, shared_option


@click.command()
@records_option
@shared_option
def command(records: str, shared: str | None) -> int:
    """Bring the tables of records, and of what machines share, up to date.

    A server does so itself when it starts. This is for a step before servers are exchanged, which then fails
    while the old ones still answer: with 1, and the reason. Tables of a newer agentrun stay as they are.
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
        click.echo(f"what machines share is up to date at {shown(address)}")
    return 0
