"""A database is opened soon, or as late as its tables are up to date; and one that says nothing is named."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from agentrun.errors import SetupError
from agentrun.records.store import engine, opening
from agentrun.records.store.opening import opened
from agentrun.records.store.store import CallQuery, Store
from agentrun.server.shared_state.opening import open_state
from tests.calls.desk import until
from tests.log_lines import log_lines

NAMES = ("statement_timeout", "lock_timeout", "search_path")


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits for as long as they would otherwise."""
    monkeypatch.setattr(opening, "OPEN_SECONDS", 0.2)
    for name in ("BUSY_MS", "STATEMENT_MS"):
        monkeypatch.setattr(engine, name, 200)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Steps take until this is set."""
    upgrade, over = command.upgrade, threading.Event()

    def slow(config: Config, revision: str) -> None:
        assert over.wait(30)
        upgrade(config, revision)

    monkeypatch.setattr(command, "upgrade", slow)
    yield over
    over.set()


async def test_two_servers_wait_for_steps_that_take_long(url: str, held: threading.Event) -> None:
    with log_lines("WARNING") as lines:
        both = [asyncio.create_task(opened(Store, url)) for _ in range(2)]
        await until(lambda: sum("still being brought up to date" in line for line in lines) >= 4, 20)
        assert not any(one.done() for one in both)
        held.set()
        stores = await asyncio.wait_for(asyncio.gather(*both), 30)
    for store in stores:
        assert list(store.find(CallQuery())) == []
        store.close()


async def test_what_is_shared_waits_for_its_steps_too(postgresql: str, held: threading.Event) -> None:
    state = asyncio.create_task(open_state(postgresql))
    await asyncio.sleep(0.5)
    assert not state.done()
    held.set()
    await (await asyncio.wait_for(state, 30)).close()


async def test_a_database_of_which_nothing_is_heard_is_named_without_its_password() -> None:
    over = threading.Event()

    def silent(_url: str, _on_steps: Callable[[], None]) -> None:
        over.wait(30)

    with pytest.raises(SetupError, match=r"nothing was heard from postgresql://me:\*\*\*@db/calls for 0.2 s"):
        await opened(silent, "postgresql://me:hunter2@db/calls")
    over.set()


@pytest.mark.parametrize(
    ("options", "statement", "schema"),
    [("", "200ms", '"$user", public'), ("-csearch_path=agents", "200ms", "agents"),
     ("-c statement_timeout=7s", "7s", '"$user", public')],
)  # fmt: skip
def test_options_in_the_address_of_postgresql_stand_beside_the_limits_of_time(
    postgresql: str, options: str, statement: str, schema: str
) -> None:
    url = sa.make_url(postgresql)
    made = engine.make(
        (url.update_query_dict({"options": options}) if options else url).render_as_string(False)
    )
    with made.connect() as connection:
        shown = [connection.exec_driver_sql(f"SHOW {name}").scalar_one() for name in NAMES]
    made.dispose()
    assert shown == [statement, "200ms", schema]


async def test_a_machine_without_a_thread_for_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as machine:
        machine.setattr(threading.Thread, "start", refuse)
        with pytest.raises(SetupError, match="can't be opened: no thread can be started"):
            await opened(Store, "sqlite://")


def test_a_connection_that_is_in_use_when_a_store_is_let_go_of_is_closed_after_that(url: str) -> None:
    made = engine.make(url)
    busy, idle = made.raw_connection(), made.raw_connection()
    kept = [each.dbapi_connection for each in (busy, idle)]
    idle.close()
    engine.let_go(made)
    busy.close()
    for connection in kept:
        assert connection is not None
        with pytest.raises(Exception, match="closed"):
            connection.cursor().execute("SELECT 1")
