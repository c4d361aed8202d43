"""A call's record as JSON: what it has cost so far, and what it has cost in the end."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx
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
