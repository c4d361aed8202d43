"""The pages with colours that their reader's system forces on them: what colour alone tells is still told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.async_api import Page

from agentrun.records.store.store import Store
from tests.browser import chromium
from tests.browser.chromium import talk
from tests.calls.desk import HELLO, OPEN, Desk, open_desk
from tests.server.dashboard.test_search import book

pytestmark = [pytest.mark.slow, pytest.mark.needs(not chromium.MISSING, chromium.REASON)]
MARKS = """(kind) => {
  const found = [...document.querySelectorAll(kind)];
  return found.map((one) => getComputedStyle(one, "::before").backgroundColor);
}"""


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """An agent with two calls in its store, of which one has a recording."""
    tone = np.sin(np.arange(32_000) * 0.3).astype(np.float32)
    soundfile.write(str(tmp_path / "call.wav"), np.stack([tone, tone], 1), 8000)
    address = f"sqlite:///{tmp_path / 'calls.sqlite3'}"
    calls = [
        book("new", 1, recording=str(tmp_path / "call.wav"), variables={"guests": 4}, spec_hash="a" * 64),
        book("old", 2, ended_by="error", errors=["the model is away " + "x" * 200], spec_hash="b" * 64),
    ]
    with Store(address) as store:
        store.save([call.as_json() for call in calls], "another server")
    async with open_desk(tmp_path, [HELLO, *[OPEN] * 9], records=address) as served:
        yield served


async def opened(page: Page, desk: Desk, path: str) -> None:
    await page.goto(f"{desk.server.url}{path}")
    await page.locator("#agents label, h1").first.wait_for(timeout=10_000)
    if "desk/new" in path and "compare" not in path:
        await page.locator(".wave path").first.wait_for(timeout=10_000, state="attached")
    await page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")


async def test_forced_colours_leave_what_colour_alone_tells(desk: Desk) -> None:
    async with talk(f"{desk.server.url}/dashboard/calls/desk/new") as seen:
        page = seen.page
        await page.emulate_media(forced_colors="active")
        await opened(page, desk, "/dashboard/calls/desk/new")
        marks = await page.evaluate(MARKS, ".legend span")
        assert len(set(marks)) > 2
        await page.locator("audio").evaluate("(audio) => { audio.muted = true; }")
        await page.locator("button.at").last.click()
        border = "(one) => getComputedStyle(one).borderLeftColor"
        heard = page.locator("[data-at][aria-current]")
        await heard.wait_for(timeout=10_000)
        other = page.locator("[data-at]:not([aria-current])").first
        assert await heard.evaluate(border) != await other.evaluate(border)
        await opened(page, desk, "/")
        await seen.shows("agents", "desk")
        chosen = page.locator("#agents label:has(:checked)")
        wide = "(one) => getComputedStyle(one).borderTopWidth"
        assert await chosen.evaluate(wide) == "3px"
        await page.locator("#talk").click()
        await seen.shows("words", HELLO.text, 20)
        await page.get_by_label("Write to the agent").fill("When are you open?")
        await page.keyboard.press("Enter")
        await seen.shows("words", OPEN.text, 20)
        await page.locator(".bar i").first.wait_for(timeout=20_000)
        assert len(set(await page.evaluate(MARKS, "#legend span"))) > 1
