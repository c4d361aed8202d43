"""Every control of every page is reached by the keyboard alone, and is seen where it is reached."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.async_api import Page

from agentrun.records import Entry
from agentrun.records.store.store import Store
from tests.browser import chromium
from tests.browser.chromium import talk
from tests.calls.desk import HELLO, OPEN, Desk, open_desk
from tests.server.dashboard.test_pages import record
from tests.server.dashboard.test_search import book

pytestmark = [pytest.mark.slow, pytest.mark.needs(not chromium.MISSING, chromium.REASON)]
MOST_STOPS = 200
MARK = """() => {
  const kinds = "a[href], button, input:not([type=hidden]), select, textarea, summary, audio, [tabindex='0']";
  const works = (one) => !one.matches(":disabled") && one.checkVisibility();
  const all = [...document.querySelectorAll(kinds)].filter(works);
  all.forEach((one, at) => { one.dataset.stop = one.type === "radio" ? one.name : at; });
  return [...new Set(all.map((one) => one.dataset.stop))];
}"""
STOP = """() => {
  const at = document.activeElement;
  if (at === document.body) return null;
  const seen = at.type === "radio" ? at.closest("label") : at;
  const { left, top, width, height } = seen.getBoundingClientRect();
  const hit = document.elementFromPoint(left + width / 2, top + Math.min(height / 2, 12));
  const isShown = Boolean(hit) && (seen.contains(hit) || hit.contains(seen));
  const isMarked = at.tagName === "AUDIO" || getComputedStyle(seen).outlineStyle !== "none";
  const name = `${at.tagName} ${at.id || at.textContent.slice(0, 30)}`;
  return { stop: at.dataset.stop, name, isShown, isMarked };
}"""


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """An agent with two calls in its store, of which one has a recording."""
    sound, address = str(tmp_path / "call.wav"), f"sqlite:///{tmp_path / 'calls.sqlite3'}"
    soundfile.write(sound, np.zeros((32_000, 2), np.float32), 8000)
    lines = [Entry(n / 10, "caller", "Vier Plätze, bitte.") for n in range(30)]
    calls = [
        book("new", 1, variables={"guests": 4}, spec_hash="aaa"),
        book("old", 2, spec_hash="bbb"),
        record(3, id="heard", transcript=lines, recording=sound),
    ]
    with Store(address) as store:
        store.save([call.as_json() for call in calls], "another server")
    async with open_desk(tmp_path, [HELLO, *[OPEN] * 9], records=address) as served:
        yield served


async def faults(page: Page) -> list[str]:
    """What is not reached, and what is not seen where it is."""
    wanted, found, wrong, rounds = set(await page.evaluate(MARK)), set(), [], 0
    await page.evaluate("() => document.activeElement.blur()")
    for _ in range(MOST_STOPS):
        await page.keyboard.press("Tab")
        stop = await page.evaluate(STOP)
        if stop is None:
            # it begins where the page was used last: the second round is a whole one
            rounds += 1
            if rounds == 2:
                break
            continue
        found.add(stop["stop"])
        wrong += [f"{stop['name']}: {what}" for what in ("isShown", "isMarked") if not stop[what]]
    missed = [
        await page.locator(f"[data-stop='{at}']").first.evaluate("(e) => e.outerHTML")
        for at in wanted - found
    ]
    return wrong + [f"not reached: {html[:120]}" for html in missed]


@pytest.mark.parametrize("width", [390, 1280])
async def test_the_dashboard_is_used_by_keyboard(desk: Desk, width: int) -> None:
    paths = (
        "",
        "/charts",
        "/calls/desk/new",
        "/calls/desk/heard",
        "/compare?call=desk/new&call=desk/old",
        "/versions?agent=desk",
    )
    async with talk(f"{desk.server.url}/dashboard", width=width) as seen:
        for path in paths:
            await seen.page.goto(f"{desk.server.url}/dashboard{path}")
            await seen.page.evaluate(
                "() => document.querySelectorAll('details').forEach((one) => { one.open = true; })"
            )
            assert await faults(seen.page) == [], path


@pytest.mark.parametrize("width", [390, 1280])
async def test_the_console_is_used_by_keyboard(desk: Desk, width: int) -> None:
    link = f"{desk.server.url}/?token={desk.server.settings.local.token}"
    async with talk(link, width=width) as seen:
        page = seen.page
        await seen.shows("agents", "desk")
        for summary in await page.locator("summary").all():
            await summary.press("Enter")
        await page.wait_for_function("() => document.getElementById('spec').value.includes('name: desk')")
        assert await faults(page) == []
        await page.locator("#talk").focus()
        await page.keyboard.press("Enter")
        await seen.shows("words", HELLO.text, 20)
        await page.get_by_role("button", name="1", exact=True).focus()
        await page.keyboard.press("Space")
        await page.keyboard.type("2")
        await seen.shows("pressed", "12")
        assert await faults(page) == []
        await page.get_by_label("Write to the agent").focus()
        await page.keyboard.type("When are you open?\n")
        await seen.shows("words", OPEN.text, 20)
        await page.locator("#mute").focus()
        await page.keyboard.press("Space")
        await seen.shows("microphone", "The microphone is muted.")
        await desk.server.switchboard.close()
        await seen.shows("connection", "desk has hung up.")
        assert await page.evaluate("() => document.activeElement.id") == "talk"
