"""How long the dashboard's pages take with many calls in the store.

``python benchmarks/dashboard.py [--calls N] [--url URL]``: N (100,000) calls of three agents over 30
days, ten answers each, 20 of them up, in a SQLite file of its own or at URL, which must be an empty
PostgreSQL. Each page is asked for ten times, one after another. Prints the median and the longest time, and
the processor time of this process, in ms, and the seconds until all calls were counted and in the index for
searches. Exits with 1 where a page's median is over 200 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
from fastapi import FastAPI
from loguru import logger
from rich.console import Console
from rich.table import Table

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.records import CallRecord, Entry, Turn
from agentrun.records.store import engine
from agentrun.records.store.store import Store
from agentrun.records.store.tables import CALLS
from agentrun.server.auth.call_access import Access
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.dashboard import router
from agentrun.server.lifecycle.settings import ServerSettings

AGENTS = ("desk", "trattoria", "clinic")
LIMIT_MS = 200.0
RUNS = 10
UP = 20
_CALLS = ("", "?page=2", "?page=1000", "?agent=desk&page=100", "/live", "/calls/desk/CA0")
_CHARTS = ("/charts?span=24h", "/charts?span=7d", "/charts?span=30d", "/charts?span=30d&agent=desk")
_SEARCHES = ("?text=nowhere", "?text=open&outcome=caller", "?number=555&page=3", "?variables=guests%3D4")
_OLD = (
    "?text=A-099000",
    "?variables=order%3DA-099000",
    "?text=open&variables=order%3D0990&outcome=caller",
    "?text=zq",
)
_OTHERS = ("/versions?agent=desk", "/compare?call=desk/CA0&call=desk/CA3", "/charts?span=30d&text=nowhere")
PAGES = (*_CALLS, *_CHARTS, *_SEARCHES, *_OLD, *_OTHERS)
SENTENCE = "Yes, we are open until ten, and there is a table for four at seven."


def call(number: int, calls: int, now: datetime, dice: random.Random) -> dict[str, Any]:
    """A call of about three minutes: twenty lines of a transcript, ten answers, a spec of 2 KB."""
    began = now - timedelta(days=30) * (number / calls)
    record = CallRecord(f"CA{number}", AGENTS[number % 3], "twilio", "+15550000001", started=began)
    for turn in range(10):
        at = 10.0 * turn
        record.transcript += [Entry(at, "caller", "Are you open?"), Entry(at + 2, "agent", SENTENCE)]
        parts = {stage: dice.uniform(100, 400) for stage in ("endpointing", "stt", "llm", "tts")}
        record.turns.append(Turn(at, sum(parts.values()), parts))
    record.transcript.append(Entry(100.0, "caller", f"My order has the number A-{number:06}."))
    record.variables = {"guests": number % 12, "order": f"A-{number:06}"}
    record.spec, record.spec_hash = {"spec": "x" * 2000}, f"{number * 10 // calls:064}"
    if number >= UP:
        record.ended, record.ended_by = began + timedelta(seconds=180), dice.choice(("caller", "agent"))
    return record.as_json()


def rows(calls: int) -> Iterator[dict[str, Any]]:
    now, dice = datetime.now(UTC), random.Random(1)  # noqa: S311 - not for cryptography
    for number in range(calls):
        record = call(number, calls, now, dice)
        known = {name: record[name] for name in ("agent", "id", "started", "ended")}
        yield {**known, "record": record, "owner": "bench", "seen": now.isoformat()}


def vacuum(database: sa.Engine) -> None:
    """Have PostgreSQL know its tables, as its own process does in time."""
    if database.dialect.name == "postgresql":
        with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("VACUUM ANALYZE"))


def fill(url: str, calls: int) -> tuple[float, float]:
    """Write the calls, and return the seconds that counting and indexing them takes."""
    with Store(url) as store:
        store.touch("bench")
        made = engine.make(url)
        found = rows(calls)
        while some := list(islice(found, 2000)):
            with made.begin() as connection:
                connection.execute(sa.insert(CALLS), some)
        vacuum(made)
        began = time.perf_counter()
        while store.hourly.count():
            pass
        counting = time.perf_counter() - began
        while store.search.add():
            pass
        indexing = time.perf_counter() - began - counting
        vacuum(made)
        made.dispose()
        return counting, indexing


async def measure(url: str) -> dict[str, list[tuple[float, float]]]:
    """The times of each page, in ms of the wall clock and of this process's processor time.

    Raises httpx.HTTPStatusError where a page is not there.
    """
    switchboard = Switchboard({}, Resources())
    store = Store(url)
    switchboard.records.past = store
    store.touch("bench")
    app = FastAPI()
    app.include_router(router(switchboard, ServerSettings("127.0.0.1", Access.OPEN, {})))
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
    found: dict[str, list[tuple[float, float]]] = {}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        for page in PAGES:
            for _ in range(RUNS):
                began, used = time.perf_counter(), time.process_time()
                answer = await client.get(f"/dashboard{page}")
                took = time.perf_counter() - began, time.process_time() - used
                found.setdefault(page, []).append((took[0] * 1000, took[1] * 1000))
                answer.raise_for_status()
    store.close()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--url", default="")
    given = parser.parse_args()
    logger.remove()
    with tempfile.TemporaryDirectory(prefix="agentrun-bench-") as folder:
        url = given.url or f"sqlite:///{Path(folder) / 'calls.sqlite3'}"
        counting, indexing = fill(url, given.calls)
        found = asyncio.run(measure(url))
    title = f"{given.calls} calls, {url.split(':')[0]}"
    table = Table("page", "median, ms", "longest, ms", "processor, ms", title=title)
    slow = False
    for page, times in found.items():
        wall, used = zip(*times, strict=True)
        figures = statistics.median(wall), max(wall), statistics.median(used)
        slow |= figures[0] > LIMIT_MS
        table.add_row(f"/dashboard{page}", *(f"{each:.0f}" for each in figures))
    Console().print(table)
    seconds = {"counted_in_seconds": round(counting, 1), "indexed_in_seconds": round(indexing, 1)}
    Console().print(json.dumps({**seconds, "runs": RUNS}))
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
