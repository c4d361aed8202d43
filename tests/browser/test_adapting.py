"""The pages give way to what their reader has set: forced colours, large letters, wide text, less motion."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.async_api import Page

from agentrun.records.store.store import Store
from tests.browser import chromium
from tests.browser.chromium import Talk, talk
from tests.browser.test_dashboard import TOO_WIDE
from tests.calls.desk import HELLO, OPEN, Desk, open_desk
from tests.server.dashboard.test_search import book

pytestmark = [pytest.mark.slow, pytest.mark.needs(not chromium.MISSING, chromium.REASON)]
PATHS = (
    "/dashboard",
    "/dashboard?text=nobody",
    "/dashboard/charts",
    "/dashboard/calls/desk/new",
    "/dashboard/calls/desk/old",
    "/dashboard/compare?call=desk/new&call=desk/old",
    "/dashboard/versions?agent=desk",
    "/dashboard/calls/desk/none",
    "/",
)
SPACED = """() => {
  for (const one of document.querySelectorAll("body, body *")) {
    if (one.closest("svg")) continue;
    one.style.setProperty("line-height", "1.5", "important");
    one.style.setProperty("letter-spacing", "0.12em", "important");
    one.style.setProperty("word-spacing", "0.16em", "important");
    if (one.tagName === "P") one.style.setProperty("margin-bottom", "2em", "important");
  }
}"""
"""WCAG 2.2, 1.4.12 Text Spacing."""
CUT = """() => [...document.querySelectorAll("body *")].filter((one) => {
  if (one.closest("svg, select, option, .skip") || !one.checkVisibility()) return false;
  const { overflowX, overflowY, clip, clipPath } = getComputedStyle(one);
  // words for screen readers alone are cut to nothing
  if (clip !== "auto" || clipPath !== "none") return false;
  const wide = one.scrollWidth > one.clientWidth + 1 && !["visible", "auto", "scroll"].includes(overflowX);
  const high = one.scrollHeight > one.clientHeight + 1 && ["hidden", "clip"].includes(overflowY);
  return one.clientWidth > 0 && one.innerText?.trim() && (wide || high);
}).map((one) => one.outerHTML.slice(0, 120))"""
"""What has words that are cut off."""
MOVING = """() => [...document.querySelectorAll("*")].filter((one) => {
  const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(one);
  return transitionDuration !== "0s" || animationName !== "none" || scrollBehavior !== "auto";
}).map((one) => one.outerHTML.slice(0, 120))"""
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


async def faults(page: Page, what: str) -> Sequence[str]:
    """What is too wide or cut off at 200 and 400 % of 1280, and with wide text there and on a phone."""
    wrong = []
    for width, spaced in ((640, False), (320, False), (1280, True), (390, True)):
        await page.set_viewport_size({"width": width, "height": 720})
        if spaced:
            await page.evaluate(SPACED)
        at = f"{what} at {width}{' spaced' if spaced else ''}"
        wrong += [f"{at}: too wide"] if await page.evaluate(TOO_WIDE) else []
        wrong += [f"{at}: {html}" for html in await page.evaluate(CUT)]
    return wrong


async def talked(seen: Talk) -> None:
    """A call in the console in which a question was answered."""
    await seen.page.locator("#talk").click()
    await seen.shows("words", HELLO.text, 20)
    await seen.page.get_by_label("Write to the agent").fill("When are you open?")
    await seen.page.keyboard.press("Enter")
    await seen.shows("words", OPEN.text, 20)
    await seen.page.locator(".bar i").first.wait_for(timeout=20_000)


async def test_nothing_is_cut_off_in_large_letters_and_in_wide_text(desk: Desk) -> None:
    async with talk(f"{desk.server.url}/dashboard") as seen:
        wrong: list[str] = []
        for path in PATHS:
            await seen.page.set_viewport_size({"width": 1280, "height": 720})
            await opened(seen.page, desk, path)
            wrong += await faults(seen.page, path)
        await seen.page.reload()
        await seen.shows("agents", "desk")
        await talked(seen)
        assert [*wrong, *await faults(seen.page, "a call")] == []


async def test_nothing_moves_for_who_wants_no_motion(desk: Desk) -> None:
    async with talk(f"{desk.server.url}/dashboard") as seen:
        await seen.page.emulate_media(reduced_motion="no-preference")
        await opened(seen.page, desk, "/")
        assert await seen.page.evaluate(MOVING) != []
        await seen.page.emulate_media(reduced_motion="reduce")
        for path in PATHS:
            await opened(seen.page, desk, path)
            assert await seen.page.evaluate(MOVING) == [], path


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
        await talked(seen)
        assert len(set(await page.evaluate(MARKS, "#legend span"))) > 1
