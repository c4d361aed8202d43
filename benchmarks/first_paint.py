"""How soon a browser paints the dashboard's pages with many calls in the store.

``python benchmarks/first_paint.py [--calls N] [--runs N]``: N (10,000) calls in a SQLite file of its own,
as ``benchmarks/dashboard.py`` makes them, and one of 90 minutes with 600 turns. Each page is opened seven
times in Chromium (``apt-get install chromium``), one page after the other in turn, and each time without a
cache. Prints, in ms from the click on, the medians of the first byte, of the first paint and of the largest
thing that is painted, the least of first paints, and the kilobytes of the page. Exits with 1 where the median
of first paints is over 200 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dashboard import LIMIT_MS, SENTENCE, fill
from fastapi import FastAPI
from loguru import logger
from playwright.async_api import Browser, async_playwright
from rich.console import Console
from rich.table import Table

from agentrun.http.bound_socket import bind
from agentrun.http.uvicorn_server import serving
from agentrun.pipeline.services.shared_resources import Resources
from agentrun.records import CallRecord, Entry, Turn
from agentrun.records.store.store import Store
from agentrun.server.auth.call_access import Access
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.dashboard import router
from agentrun.server.lifecycle.settings import ServerSettings

CHROMIUM = "/usr/bin/chromium"
PAGES = {
    "a call": "/calls/desk/CA99",
    "a call of 600 turns": "/calls/desk/long",
    "list": "",
    "list, page 2": "?page=2",
    "charts": "/charts?span=24h",
    "charts, 30 days": "/charts?span=30d",
    "compare": "/compare?call=desk/CA30&call=desk/CA33",
    "text search": "?text=open&outcome=caller",
    "versions": "/versions?agent=desk",
}
TIMES = """() => new Promise((resolve) => {
  let largest = 0;
  new PerformanceObserver((list) => {
    largest = list.getEntries().at(-1).startTime;
  }).observe({ type: "largest-contentful-paint", buffered: true });
  const look = () => {
    const [page] = performance.getEntriesByType("navigation");
    const paint = performance.getEntriesByName("first-contentful-paint")[0];
    if (!paint) return setTimeout(look, 50);
    const told = [page.responseStart, paint.startTime, page.decodedBodySize / 1000];
    setTimeout(() => resolve([told[0], told[1], Math.max(largest, told[1]), told[2]]), 100);
  };
  look();
})"""


def long_call() -> CallRecord:
    """A call of 90 minutes and 600 turns, of which each fifth calls a tool."""
    began = datetime.now(UTC) - timedelta(days=20)
    record = CallRecord("long", "desk", "twilio", "+15550000001", started=began)
    for turn in range(600):
        at = 9.0 * turn
        record.transcript += [Entry(at, "caller", "Are you open?"), Entry(at + 2, "agent", SENTENCE)]
        if turn % 5 == 0:
            tables = '{"tables": [{"at": "19:00", "seats": 4}, {"at": "20:00", "seats": 2}]}'
            record.transcript.append(Entry(at + 1, "tool", tables, "find_tables", {"guests": 4}, "ok", 0.2))
        record.turns.append(Turn(at, 900.0, {"endpointing": 200.0, "stt": 200.0, "llm": 300.0, "tts": 200.0}))
    record.ended, record.ended_by = began + timedelta(minutes=90), "caller"
    return record


@asynccontextmanager
async def served(url: str) -> AsyncIterator[str]:
    """The address of a dashboard over the store at ``url``."""
    switchboard = Switchboard({}, Resources())
    store = Store(url)
    switchboard.records.past = store
    store.save([long_call().as_json()], "bench")
    store.touch("bench")
    app, sock = FastAPI(), bind("127.0.0.1", 0)
    app.include_router(router(switchboard, ServerSettings("127.0.0.1", Access.OPEN, {})))
    async with serving(app, sock):
        yield f"http://127.0.0.1:{sock.getsockname()[1]}/dashboard"
    store.close()


async def times(browser: Browser, address: str) -> list[float]:
    """What ``TIMES`` has of one page in a browser without a cache."""
    context = await browser.new_context(viewport={"width": 1280, "height": 800})
    page = await context.new_page()
    await page.goto(address)
    found: list[float] = await page.evaluate(TIMES)
    await context.close()
    return found


async def measure(url: str, runs: int) -> dict[str, list[list[float]]]:
    """The times of each page, run by run."""
    found: dict[str, list[list[float]]] = {name: [] for name in PAGES}
    async with served(url) as base, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for run in range(runs + 1):
            for name, path in PAGES.items():
                taken = await times(browser, f"{base}{path}")
                if run:  # the first is for what is read or compiled once
                    found[name].append(taken)
        await browser.close()
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=7)
    given = parser.parse_args()
    logger.remove()
    with tempfile.TemporaryDirectory(prefix="agentrun-bench-") as folder:
        url = f"sqlite:///{Path(folder) / 'calls.sqlite3'}"
        fill(url, given.calls)
        before = os.getloadavg()[0]
        found = asyncio.run(measure(url, given.runs))
    load = f"load {before:.1f} to {os.getloadavg()[0]:.1f}"
    columns = ("page", "first byte, ms", "first paint, ms", "largest, ms", "least first paint, ms", "kB")
    table = Table(*columns, title=f"{given.calls} calls, medians of {given.runs}, {load}")
    slow = False
    for name, runs in found.items():
        begun, painted, largest, size = (statistics.median(each) for each in zip(*runs, strict=True))
        slow |= painted > LIMIT_MS
        least = min(run[1] for run in runs)
        table.add_row(name, *(f"{each:.0f}" for each in (begun, painted, largest, least, size)))
    Console().print(table)
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
