"""A way to the database that swallows what it is given holds no thread for ever."""

from __future__ import annotations

import asyncio
import time

import pytest
import sqlalchemy as sa

from agentrun.records.store import engine
from agentrun.records.store.postgresql import unheard
from agentrun.records.store.store import Store
from tests.machines.severable import SeverableWay


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unheard, "HEARD_SECONDS", 1.0)


async def test_a_connection_on_which_nothing_is_heard_is_given_up_and_made_anew(postgresql: str) -> None:
    async with SeverableWay(postgresql).opened() as way:
        store = await asyncio.to_thread(Store, way.url)
        await asyncio.to_thread(store.touch, "me")
        way.swallows = True
        for work in (store.now, lambda: store.touch("me")):
            with pytest.raises(sa.exc.OperationalError):
                await asyncio.wait_for(asyncio.to_thread(work), 30)
        way.swallows = False
        await asyncio.to_thread(store.touch, "me")
        await asyncio.to_thread(store.close)


def test_a_step_of_the_schema_may_take_as_long_as_it_takes(postgresql: str) -> None:
    made = engine.make(postgresql)
    with made.begin() as connection:
        unheard.wait_for_ever(connection)
        began = time.monotonic()
        connection.execute(sa.text("SELECT pg_sleep(2)"))
        assert time.monotonic() - began > 1.5
    with pytest.raises(sa.exc.OperationalError, match="nothing was heard"), made.begin() as connection:
        connection.execute(sa.text("SELECT pg_sleep(10)"))
    made.dispose()


def test_an_answer_that_comes_bit_by_bit_may_take_longer(postgresql: str) -> None:
    made = engine.make(postgresql)
    with made.begin() as connection:
        rows = "SELECT repeat('x', 10000), pg_sleep(0.3) FROM generate_series(1, 8)"
        assert len(connection.execute(sa.text(rows)).all()) == 8
    made.dispose()
