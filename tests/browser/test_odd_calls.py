"""Calls as nobody expects them, on the dashboard's pages: nothing overlaps, overflows, or is left out."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Locator

from agentrun.records import CallRecord, Entry, Failover
from agentrun.records.entries import KeyPress
from agentrun.records.store.store import Store
from tests.browser import axe, chromium
from tests.browser.chromium import talk
from tests.calls.desk import HELLO, Desk, open_desk
from tests.server.dashboard.test_pages import record

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs(not chromium.MISSING, chromium.REASON),
    pytest.mark.needs(not axe.MISSING, axe.REASON),
]
LONG = "an-agent-whose-name-has-no-end-" + "x" * 32
ARABIC = "مرحبا (في الحديقة)!"
REASON = "llm_late: no answer began within 8 s; waited for the language model, which has sent nothing"
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
LINES = """(cell) => {
  const range = document.createRange();
  range.selectNodeContents(cell);
  return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size;
}"""
"""In how many lines a cell's words stand."""


def odd_calls() -> list[CallRecord]:
    """One of each kind."""
    rows = [{"id": number, "name": f"item {number}"} for number in range(8)]
    tools = [
        Entry(1.0 + n, "tool", json.dumps({"rows": rows}), "look_up", {"n": n}, "ok", 0.1) for n in range(200)
    ]
    said = [Entry(1.0, "caller", "x" * 400), Entry(2.0, "agent", f"https://example.com/{'q' * 400}")]
    foreign = [Entry(1.0, "caller", ARABIC), Entry(2.0, "agent", "予約をお願いします。" * 30)]
    failed = Failover(2.0, "llm", "b/2", "a/1", "e" * 300)
    return [
        record(1, id="tools", transcript=tools),
        record(
            2,
            id="long",
            agent=LONG,
            from_number=f"client:{'b' * 90}",
            transcript=said,
            variables={"k" * 90: "v" * 300},
        ),
        record(3, id="foreign", transcript=foreign, variables={"غرفة": ARABIC}),
        record(4, id="failed", ended_by="error", reason=REASON, errors=["x" * 300], failovers=[failed]),
        record(5, id="silent", transcript=[], turns=[], ended_by="network"),
        record(6, id="keys", keypad=[KeyPress(3.0, "123#")]),
    ]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    address = f"sqlite:///{tmp_path / 'calls.sqlite3'}"
    with Store(address) as store:
        store.save([call.as_json() for call in odd_calls()], "another server")
    async with open_desk(tmp_path, [HELLO], records=address) as served:
        yield served


PAGES = {
    "": ".calls",
    f"?agent={LONG}": ".calls",
    "?beside=desk/keys": ".calls",
    "/calls/desk/tools": ".timeline",
    f"/calls/{LONG}/long": ".timeline",
    "/calls/desk/foreign": ".timeline",
    "/calls/desk/failed": ".alert",
    "/calls/desk/silent": ".timeline",
    "/calls/desk/keys": ".timeline",
    f"/compare?call={LONG}/long&call=desk/failed": ".pair",
}


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light"), (640, "light")])
async def test_no_page_is_too_wide_or_breaks_a_rule_of_accessibility(
    desk: Desk, width: int, scheme: Literal["light", "dark"]
) -> None:
    """640 pixels are what a window of 1280 has at a zoom of 200 %."""
    wrong: dict[str, list[str]] = {}
    async with talk(f"{desk.server.url}/dashboard", width=width, scheme=scheme) as seen:
        for path, shown in PAGES.items():
            await seen.page.goto(f"{desk.server.url}/dashboard{path}")
            await seen.page.locator(shown).first.wait_for(timeout=10_000)
            if more := await seen.page.evaluate(TOO_WIDE):
                wrong[path] = [f"{more} pixels too wide"]
            if "tools" not in path:
                wrong[path] = [*wrong.get(path, []), *await axe.violations(seen.page)]
    assert not {path: words for path, words in wrong.items() if words}
    assert seen.complaints == []


async def lines(cell: Locator) -> int:
    return int(await cell.evaluate(LINES))


async def test_times_and_figures_stand_in_one_line_whatever_is_beside_them(desk: Desk) -> None:
    async with talk(f"{desk.server.url}/dashboard", width=1280) as seen:
        for name in ("began", "lasted", "answer", "cost, est."):
            cells = await seen.page.locator(f".calls td[data-name='{name}']:not(:empty)").all()
            assert cells
            assert {await lines(cell) for cell in cells} == {1}, name
        assert await lines(seen.page.locator(".calls td[data-name='agent']", has_text="an-agent")) > 1
        await seen.page.goto(f"{desk.server.url}/dashboard/calls/desk/silent")
        assert await lines(seen.page.get_by_text("Nothing has been said.")) == 1


async def test_what_is_not_latin_reads_in_its_own_direction_and_many_results_are_folded(desk: Desk) -> None:
    async with talk(f"{desk.server.url}/dashboard/calls/desk/foreign") as seen:
        words = seen.page.locator("bdi", has_text=ARABIC).first
        assert await words.evaluate("(words) => getComputedStyle(words).direction") == "rtl"
        await seen.page.goto(f"{desk.server.url}/dashboard/calls/desk/tools")
        assert await seen.page.locator("details.result").count() == 200
        assert not await seen.page.get_by_text("item 7").first.is_visible()
        await seen.page.locator("details.result summary").first.click()
        assert await seen.page.get_by_text("item 7").first.is_visible()
