"""However a PostgreSQL was set up, limits hold in it and every letter is kept, or the start says why not."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from agentrun.errors import SetupError
from agentrun.records import CallRecord, Entry
from agentrun.records.store.queries.call_filter import CallFilter
from agentrun.records.store.store import CallQuery, Store
from agentrun.server.admission.limits import Limits
from agentrun.server.shared_state.backend import Asked
from agentrun.server.shared_state.database import open_database
from agentrun.server.shared_state.sql import SqlBackend
from tests.records.conftest import emptied


class Administrator:
    """Who sets up the databases."""

    def __init__(self, address: str) -> None:
        way = f"{address}?options=-c%20default_transaction_isolation%3Dread%5C%20committed"
        self._engine = sa.create_engine(way, isolation_level="AUTOCOMMIT")

    def does(self, *statements: str) -> None:
        with self._engine.connect() as connection:
            for each in statements:
                connection.exec_driver_sql(each)

    def close(self) -> None:
        self._engine.dispose()


@pytest.fixture
def administrator(postgresql: str) -> Iterator[Administrator]:
    found = Administrator(emptied(postgresql))
    yield found
    found.does("ALTER DATABASE postgres RESET ALL", "DROP DATABASE IF EXISTS narrow WITH (FORCE)")
    found.close()


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_limits_hold_whatever_isolation_a_database_gives_by_itself(
    postgresql: str, administrator: Administrator, isolation: str
) -> None:
    administrator.does(f"ALTER DATABASE postgres SET default_transaction_isolation = '{isolation}'")
    both = SqlBackend(postgresql), SqlBackend(postgresql)

    def ask(number: int) -> bool:
        asked = Asked("desk", f"CA{number}", "+1555", 61.0, Limits(calls=3))
        return both[number % 2].ask(asked) is None

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(20))) == 3
    for each in both:
        each.close()


def test_a_store_is_written_by_many_at_once_whatever_isolation_it_has(
    postgresql: str, administrator: Administrator
) -> None:
    administrator.does("ALTER DATABASE postgres SET default_transaction_isolation = 'serializable'")
    with Store(postgresql) as store:

        def work(number: int) -> list[object]:
            record = CallRecord(f"CA{number}", "desk", "twilio")
            return [store.save([record.as_json()], "me", keys=[record.key]) for _ in range(5)]

        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(8))) == [[[]] * 5] * 8


def test_every_letter_is_kept_whatever_encoding_clients_have_by_themselves(
    postgresql: str, administrator: Administrator, monkeypatch: pytest.MonkeyPatch
) -> None:
    administrator.does("ALTER DATABASE postgres SET client_encoding = 'LATIN1'")
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    record = CallRecord("CA1", "desk", "twilio", transcript=[Entry(1.0, "caller", "Привет 👋")])
    with Store(postgresql) as store:
        assert store.save([record.as_json()], "me") == []
        [found] = store.find(CallQuery(has=CallFilter(text="привет 👋")))
    assert found["transcript"][0]["text"] == "Привет 👋"


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
@pytest.mark.parametrize("opened", [Store, open_database], ids=["records", "shared"])
def test_a_database_that_can_not_hold_every_letter_is_refused(
    postgresql: str, administrator: Administrator, encoding: str, opened: type[Store]
) -> None:
    administrator.does(f"CREATE DATABASE narrow TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'")
    url = sa.make_url(postgresql).set(database="narrow").render_as_string(hide_password=False)
    with pytest.raises(SetupError, match=encoding) as refused:
        opened(url)
    assert "ENCODING 'UTF8'" in str(refused.value.hint)
