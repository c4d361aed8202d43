"""Both servers are exchanged, or their database is away for a while, and no caller notices."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from agentrun.records.store.store import CallQuery, Store
from tests.calls.desk import QUESTION, listen
from tests.machines.fleet import BEHIND_HAPROXY, Fleet, fleet
from tests.machines.severable import SeverableWay
from tests.records.conftest import emptied, postgresql

__all__ = ["postgresql"]
pytestmark = [pytest.mark.slow, *BEHIND_HAPROXY, pytest.mark.timeout(80)]
CALL_SECONDS, PERIOD_SECONDS = 1.5, 1.0


@pytest.fixture
def store(postgresql: str) -> str:
    return emptied(postgresql)


async def talks(servers: Fleet) -> str | None:
    """Who has ended a call that hears its greeting and stays for a while."""
    async with servers.caller.call(f"{servers.url}/desk") as call:
        await call.hear_greeting(silence=0.3)
        await asyncio.sleep(CALL_SECONDS)
        await call.hang_up()
        return call.ended_by


async def call_over_and_over(servers: Fleet, enough: asyncio.Event) -> list[str | BaseException | None]:
    """What came of one call a period, until there are enough."""
    calls = []
    while not enough.is_set():
        calls.append(asyncio.create_task(talks(servers)))
        await asyncio.wait({asyncio.ensure_future(enough.wait())}, timeout=PERIOD_SECONDS)
    return await asyncio.gather(*calls, return_exceptions=True)


@pytest.mark.parametrize(("look_seconds", "lame_duck"), [(0.3, 1.0), (5.0, 6.0)])
async def test_no_call_is_refused_or_cut_while_both_servers_are_exchanged(
    tmp_path: Path, store: str, look_seconds: float, lame_duck: float
) -> None:
    async with fleet(tmp_path, store, look_seconds=look_seconds) as servers:
        enough = asyncio.Event()
        calling = asyncio.create_task(call_over_and_over(servers, enough))
        for number in range(2):
            await servers.leave(number, 30.0, lame_duck)
            await servers.start(number)
            if number == 0:
                # the balancer has to see it before the other one leaves
                await asyncio.sleep(look_seconds + 0.5)
        enough.set()
        ends = await calling
    assert len(ends) > 2
    assert ends == ["caller"] * len(ends)
    with Store(store) as rows:
        assert [row["ended_by"] for row in rows.find(CallQuery())] == ["caller"] * len(ends)


async def test_nobody_notices_that_the_database_is_away_for_ten_seconds(tmp_path: Path, store: str) -> None:
    way = SeverableWay(store)
    async with way.opened(), fleet(tmp_path, way.url) as servers:
        async with servers.caller.call(f"{servers.url}/desk") as call:
            await call.hear_greeting(silence=0.3)
            way.sever()
            back = asyncio.get_running_loop().time() + 10.0
            await call.say(QUESTION)
            assert await listen(call, 40.0), "it is answered without the database"
            assert await talks(servers) == "caller", "and a new call too"
            await asyncio.sleep(max(0.0, back - asyncio.get_running_loop().time()))
            await way.open()
            await call.say(QUESTION)
            assert await listen(call, 40.0)
            await call.hang_up()
        with Store(store) as rows:
            async with asyncio.timeout(20):
                while [row["ended_by"] for row in rows.find(CallQuery())] != ["caller"] * 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.2)
            whole = rows.get(call.call_sid)
        assert whole is not None
        said = [entry["text"] for entry in whole["transcript"] if entry["who"] == "caller"]
        assert said == ["When are you open?"] * 2
