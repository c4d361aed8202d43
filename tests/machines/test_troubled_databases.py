"""A database that is slow, full, read-only or takes no connections: callers are answered, nothing is lost."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from agentrun.records.store.store import CallQuery, Store
from tests.calls.desk import QUESTION, listen
from tests.machines.fleet import BEHIND_HAPROXY, fleet
from tests.machines.severable import SeverableWay
from tests.machines.test_deploys import talks
from tests.records.conftest import emptied, postgresql

__all__ = ["postgresql"]
pytestmark = [pytest.mark.slow, *BEHIND_HAPROXY, pytest.mark.timeout(150)]
SLOW_SECONDS = 3.0
WEBHOOK_SECONDS = 8.0
"""Twilio gives up after 15."""
PEER = "agentrun_test"
_BREAK = sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = :peer")
FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$;
DO $$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
EXECUTE 'CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON ' || quote_ident(t) ||
' EXECUTE FUNCTION full_disk()'; END LOOP; END $$
"""
TROUBLES: dict[str, tuple[str, str]] = {
    "slow": ("", ""),
    "read-only": (
        "ALTER DATABASE postgres SET default_transaction_read_only = on",
        "ALTER DATABASE postgres RESET default_transaction_read_only",
    ),
    "out of connections": (f"ALTER ROLE {PEER} CONNECTION LIMIT 0", f"ALTER ROLE {PEER} CONNECTION LIMIT -1"),
    "closing idle connections": (
        f"ALTER ROLE {PEER} SET idle_session_timeout = '300ms'",
        f"ALTER ROLE {PEER} RESET idle_session_timeout",
    ),
    "full": (FULL, "DROP FUNCTION full_disk CASCADE"),
}
"""What makes it so, and what ends it."""


class Administrator:
    """Who gives the database its troubles, over a connection that has none of them."""

    def __init__(self, address: str) -> None:
        way = f"{address}?options=-c%20default_transaction_read_only%3Doff"
        self._engine = sa.create_engine(way, isolation_level="AUTOCOMMIT")

    def does(self, *statements: str) -> None:
        """Run statements, and break every connection of the servers, which are made anew."""
        with self._engine.connect() as connection:
            for each in filter(None, statements):
                connection.exec_driver_sql(each)
            connection.execute(_BREAK, {"peer": PEER})

    def close(self) -> None:
        """Let go of the connection."""
        self._engine.dispose()


@pytest.fixture
def administrator(postgresql: str) -> Iterator[Administrator]:
    found = Administrator(emptied(postgresql))
    found.does(
        f"DO $$ BEGIN CREATE ROLE {PEER} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$",
        f"ALTER SCHEMA public OWNER TO {PEER}",
    )
    yield found
    found.close()


@contextlib.asynccontextmanager
async def troubled(way: SeverableWay, administrator: Administrator, trouble: str) -> AsyncIterator[None]:
    """The database has its trouble while the block runs."""
    begin, end = TROUBLES[trouble]
    way.delay_seconds = SLOW_SECONDS if trouble == "slow" else 0.0
    if begin:
        await asyncio.to_thread(administrator.does, begin)
    try:
        yield
    finally:
        way.delay_seconds = 0.0
        if end:
            await asyncio.to_thread(administrator.does, end)


async def stored(store: str, done: Callable[[list[dict[str, object]]], bool]) -> list[dict[str, object]]:
    """The records, once they are as they should be, or as they are after a while."""
    with Store(store) as found, contextlib.suppress(TimeoutError):
        async with asyncio.timeout(40):
            while not done(rows := list(found.find(CallQuery()))):  # noqa: ASYNC110 - other processes
                await asyncio.sleep(0.2)
    return rows


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_callers_are_answered_and_their_records_are_whole_in_the_end(
    tmp_path: Path, postgresql: str, administrator: Administrator, trouble: str
) -> None:
    peer = sa.make_url(postgresql).set(username=PEER).render_as_string(hide_password=False)
    way = SeverableWay(peer)
    async with way.opened(), fleet(tmp_path, way.url) as servers:
        async with servers.caller.call(f"{servers.url}/desk") as call:
            await call.hear_greeting(silence=0.3)
            async with troubled(way, administrator, trouble):
                for _ in range(2):
                    await call.say(QUESTION)
                    assert await listen(call, 40.0), "a call that is up goes on"
                    async with servers.caller.call(f"{servers.url}/desk") as another:
                        assert another.connect_seconds < WEBHOOK_SECONDS
                        await another.hear_greeting(silence=0.3)
                        await another.hang_up()
            await call.say(QUESTION)
            assert await listen(call, 40.0)
            await call.hang_up()
        assert await talks(servers) == "caller"
        rows = await stored(postgresql, lambda rows: len(rows) == 4 and all(row["ended"] for row in rows))
    assert [row["ended_by"] for row in rows] == ["caller"] * 4
    [whole] = [row for row in rows if row["id"] == call.call_sid]
    said = [entry["text"] for entry in whole["transcript"] if entry["who"] == "caller"]  # type: ignore[attr-defined]
    assert said == ["When are you open?"] * 3
