"""A call's record as JSON: what it has cost, so far and in the end, and while others ask for much."""

from __future__ import annotations

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from agentrun.records import CallRecord, cost
from agentrun.server.auth.local_access import LocalAccess
from agentrun.server.records import routes
from agentrun.server.records.recent_records import RecentRecords


async def test_the_cost_of_a_live_call_is_what_it_has_used_so_far() -> None:
    records = RecentRecords()
    record = CallRecord("1", "desk", "local")
    records.add(record)
    app = FastAPI()
    board: Any = SimpleNamespace(records=records)
    app.include_router(routes.router(board, LocalAccess()))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:7860") as client:
        totals = []
        for tokens in (0, 1_000_000, 2_000_000):
            record.usage["llm openai/gpt-4o"] = {"input_tokens": tokens}
            totals.append((await client.get("/desk/calls/1")).json()["cost"]["total"])
        assert totals == [0.0, 2.5, 5.0]
        assert record.cost == {}
        cost.close(record)
        record.usage["llm openai/gpt-4o"] = {"input_tokens": 9_000_000}
        assert (await client.get("/desk/calls/1")).json()["cost"]["total"] == 5.0


async def test_lists_that_are_being_made_hold_up_no_record(monkeypatch: pytest.MonkeyPatch) -> None:
    records, may_go_on = RecentRecords(), threading.Event()
    records.add(CallRecord("1", "desk", "local"))
    as_json = CallRecord.as_json

    def slow(record: CallRecord) -> dict[str, Any]:
        if record.id == "long":
            may_go_on.wait(100)
        return as_json(record)

    monkeypatch.setattr(CallRecord, "as_json", slow)
    lists = [asyncio.create_task(records.rows([CallRecord("long", "desk", "local")])) for _ in range(6)]
    try:
        await asyncio.sleep(0)
        async with asyncio.timeout(30):
            row = await records.find("desk", "1")
    finally:
        may_go_on.set()
        await asyncio.gather(*lists)
    assert row is not None
    assert row["id"] == "1"


async def test_a_record_that_can_t_be_read_now_is_asked_for_again_later() -> None:
    async def find(_agent: str, _call_id: str) -> None:
        raise TimeoutError

    app = FastAPI()
    board: Any = SimpleNamespace(records=SimpleNamespace(find=find))
    app.include_router(routes.router(board, LocalAccess()))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:7860") as client:
        answer = await client.get("/desk/calls/1")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
