"""PostgreSQL fails over, hangs, or is full of connections: whoever writes finds the server that takes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from agentrun.records.store import engine
from agentrun.server.shared_state.database import open_database
from tests.records.conftest import emptied, postgresql

__all__ = ["postgresql"]
ENGINES = {"records": lambda url: engine.make(url), "shared state": open_database}


@pytest.fixture
def read_only(postgresql: str) -> Iterator[Callable[[bool], None]]:
    """Has every new connection reach a server that only reads, or one that writes."""
    address = emptied(postgresql)
    writing = sa.create_engine(f"{address}?options=-c%20default_transaction_read_only%3Doff")

    def turn(on: bool) -> None:
        with writing.begin() as connection:
            words = f"ALTER DATABASE postgres SET default_transaction_read_only = {'on' if on else 'off'}"
            connection.execute(sa.text(words))

    yield turn
    turn(False)
    writing.dispose()


def write(database: sa.Engine) -> None:
    with database.begin() as connection:
        connection.execute(sa.text("INSERT INTO written VALUES (1)"))


@pytest.mark.parametrize("which", ENGINES)
def test_a_connection_with_a_server_that_only_reads_is_made_anew(
    postgresql: str, read_only: Callable[[bool], None], which: str
) -> None:
    database = ENGINES[which](postgresql)
    with database.begin() as connection:
        connection.execute(sa.text("CREATE TABLE written (n INTEGER)"))
    database.dispose()
    read_only(True)
    for _ in range(2):
        with pytest.raises(sa.exc.InternalError, match="read-only"):
            write(database)
    read_only(False)
    write(database)
    database.dispose()


@pytest.mark.parametrize("which", ENGINES)
def test_a_machine_that_is_gone_is_noticed_unless_the_address_says_otherwise(
    postgresql: str, which: str
) -> None:
    for url, wanted in ((postgresql, "5000"), (f"{postgresql}?tcp_user_timeout=70000", "70000")):
        database = ENGINES[which](url)
        pooled = database.raw_connection()
        connected = pooled.dbapi_connection
        assert connected is not None
        told = connected.info.get_parameters()
        pooled.close()
        database.dispose()
        assert (told["tcp_user_timeout"], told["keepalives_idle"]) == (wanted, "5")
