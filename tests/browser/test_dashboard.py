"""The dashboard in a real browser: a live call is seen without reloading, on any width, and by everybody."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import soundfile
from playwright.async_api import Page

from agentrun.records.store.store import Store
from tests.browser import axe, chromium
from tests.browser.chromium import talk
from tests.calls.desk import HELLO, OPEN, QUESTION, Desk, listen, open_desk
from tests.server.dashboard.test_search import book

pytestmark = [pytest.mark.slow, pytest.mark.needs(not chromium.MISSING, chromium.REASON)]
TOO_WIDE = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"
Scheme = Literal["light", "dark"]
PLAYED = """
window.played = [0, 0];
const start = AudioBufferSourceNode.prototype.start;
AudioBufferSourceNode.prototype.start = function (...given) {
  const larger = (most, one) => Math.max(most, Math.abs(one));
  const loudest = (side) => this.buffer.getChannelData(side).reduce(larger);
  window.played = window.played.map((peak, side) => Math.max(peak, loudest(side)));
  return start.apply(this, given);
};
"""
"""Keeps the loudest sample of each side that the page plays."""


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """An agent with two calls in its store, of which one has a recording of ten seconds."""
    tone = np.sin(np.arange(80_000) * 0.3).astype(np.float32)
    is_caller = np.arange(80_000) < 20_000
    soundfile.write(str(tmp_path / "call.wav"), np.stack([tone * is_caller, tone * ~is_caller], 1), 8000)
    address = f"sqlite:///{tmp_path / 'calls.sqlite3'}"
    calls = [
        book("new", 1, recording=str(tmp_path / "call.wav"), variables={"guests": 4}, spec_hash="aaa"),
        book("old", 2, ended_by="error", errors=["the model is away"], spec_hash="bbb"),
    ]
    with Store(address) as store:
        store.save([call.as_json() for call in calls], "another server")
    async with open_desk(tmp_path, [HELLO, OPEN], records=address) as served:
        yield served


@pytest.mark.parametrize("width", [390, 1280])
async def test_a_live_call_is_seen_without_reloading(tmp_path: Path, width: int) -> None:
    async with (
        open_desk(tmp_path, [HELLO, OPEN]) as desk,
        talk(f"{desk.server.url}/dashboard", width=width) as seen,
    ):
        live = seen.page.locator("[data-renew]")
        await live.get_by_text("Nobody is on the line.").wait_for(timeout=10_000)
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting()
            await live.get_by_text(HELLO.text).wait_for(timeout=10_000)
            await call.say(QUESTION)
            assert await listen(call)
            await live.get_by_text(OPEN.text).wait_for(timeout=10_000)
            await seen.page.locator(".calls tr", has_text="up for").wait_for(timeout=10_000)
            assert not await seen.page.evaluate(TOO_WIDE)
            await live.get_by_role("link", name="desk").click()
            body = seen.page.locator("[data-renew]")
            await body.get_by_text("up for 0:").wait_for(timeout=10_000)
            first = await body.locator(".up").inner_text()
            await seen.page.wait_for_function(
                "(first) => document.querySelector('.up').textContent !== first", arg=first, timeout=10_000
            )
            assert await body.locator("rect").count() > 2
            assert not await seen.page.evaluate(TOO_WIDE)
        await seen.page.get_by_text("the caller hung up").first.wait_for(timeout=10_000)
        await seen.page.goto(f"{desk.server.url}/dashboard/charts")
        assert await seen.page.locator(".plot").count() == 2
        assert not await seen.page.evaluate(TOO_WIDE)
    assert seen.complaints == []


async def test_the_list_says_by_itself_that_a_call_is_over_and_keeps_what_is_ticked(tmp_path: Path) -> None:
    async with (
        open_desk(tmp_path, [HELLO]) as desk,
        talk(f"{desk.server.url}/dashboard") as seen,
    ):
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting()
            row = seen.page.locator(".calls tr", has_text="up for")
            await row.get_by_role("checkbox").check(timeout=10_000)
        over = seen.page.locator(".calls tr", has_text="the caller hung up")
        await over.wait_for(timeout=15_000)
        assert await over.get_by_role("checkbox").is_checked()
    assert seen.complaints == []


async def test_the_conversation_follows_the_sound_and_a_line_plays_it(desk: Desk) -> None:
    async with talk(f"{desk.server.url}/dashboard/calls/desk/new") as seen:
        page = seen.page
        await page.locator(".wave path.agent").wait_for(timeout=10_000, state="attached")
        await page.locator("audio").evaluate("(audio) => { audio.muted = true; }")
        line = page.locator("[data-at]", has_text="garden")
        await line.get_by_role("button").click()
        await page.wait_for_function(
            "() => document.querySelector('audio').currentTime > 2.1", timeout=10_000
        )
        assert await line.get_attribute("aria-current") == "true"
        await page.keyboard.press("k")
        assert await page.locator("audio").evaluate("(audio) => audio.paused")
        await page.keyboard.press("p")
        await page.wait_for_function("() => document.querySelector('audio').currentTime === 1")
        first = page.locator("[data-at]", has_text="Vier Plätze")
        await page.locator("[data-at][aria-current]", has_text="Vier Plätze").wait_for(timeout=10_000)
        assert await first.get_attribute("aria-current") == "true"
        slider = page.get_by_role("slider", name="place in the recording")
        await slider.focus()
        await page.keyboard.press("End")
        await page.wait_for_function("() => document.querySelector('audio').currentTime > 9")
        assert await slider.get_attribute("aria-valuetext") == "0:10 of 0:10"
    assert seen.complaints == []


async def test_times_are_those_of_whoever_reads(desk: Desk) -> None:
    async with talk(f"{desk.server.url}/dashboard") as seen:
        context = await seen.page.context.browser.new_context(timezone_id="Asia/Kolkata")  # type: ignore[union-attr]
        page = await context.new_page()
        await page.goto(f"{desk.server.url}/dashboard/calls/desk/new")
        await page.get_by_text("Asia/Calcutta (UTC+05:30)").wait_for(timeout=10_000)
        time = page.locator("h1 time")
        wanted = "(time) => new Date(time.dateTime).toLocaleTimeString('en-GB', {timeZone: 'Asia/Kolkata'})"
        assert await time.evaluate(wanted) in await time.inner_text()


@pytest.mark.needs(not axe.MISSING, axe.REASON)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_no_page_breaks_a_rule_of_accessibility(desk: Desk, scheme: Scheme, width: int) -> None:
    pages: Mapping[str, str] = {
        "": ".calls",
        "?text=nobody&tool=book": ".empty",
        "/charts": ".plot",
        "/calls/desk/new": ".wave path",
        "/calls/desk/old": ".alert",
        "/compare?call=desk/new&call=desk/old": ".pair",
        "/versions?agent=desk&spec=aaa&spec=bbb": ".versions",
        "/calls/desk/none": "h1",
    }
    async with talk(f"{desk.server.url}/dashboard", width=width, scheme=scheme) as seen:
        await seen.page.set_content("<img src='x'>")
        assert await axe.violations(seen.page), "the check finds something where there is something"
        wrong = {path: await _wrong(seen.page, desk, path, shown) for path, shown in pages.items()}
    assert not {path: words for path, words in wrong.items() if words}


async def _wrong(page: Page, desk: Desk, path: str, shown: str) -> list[str]:
    await page.goto(f"{desk.server.url}/dashboard{path}")
    await page.locator(shown).first.wait_for(timeout=10_000, state="attached")
    too_wide = ["the page is too wide"] if await page.evaluate(TOO_WIDE) else []
    return [*too_wide, *await axe.violations(page)]


@pytest.mark.needs(not axe.MISSING, axe.REASON)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
async def test_a_live_call_is_listened_to(tmp_path: Path, width: int, scheme: Scheme) -> None:
    allowed = {"record.listen": "true"}
    async with (
        open_desk(tmp_path, [HELLO, OPEN], overrides=allowed) as desk,
        talk(f"{desk.server.url}/dashboard", width=width, scheme=scheme) as seen,
    ):
        await seen.page.add_init_script(PLAYED)
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting(silence=0.5)
            await seen.page.goto(f"{desk.server.url}/dashboard/calls/desk/{call.call_sid}")
            button = seen.page.get_by_role("button", name="Listen")
            await button.focus()
            await seen.page.keyboard.press("Enter")
            await seen.page.get_by_role("status").get_by_text("Live").wait_for(timeout=10_000)
            await call.say(QUESTION)
            assert await listen(call)
            await seen.page.wait_for_function(
                "() => window.played.every((peak) => peak > 0.05)", timeout=10_000
            )
            assert not await seen.page.evaluate(TOO_WIDE)
            assert await axe.violations(seen.page) == []
            stop = seen.page.get_by_role("button", name="Stop listening")
            assert await stop.get_attribute("aria-pressed") == "true"
            await stop.click()
            await button.wait_for(timeout=10_000)
            await button.click()
            await seen.page.get_by_role("status").get_by_text("Live").wait_for(timeout=10_000)
        await seen.page.get_by_text("the caller hung up").first.wait_for(timeout=10_000)
        record = await desk.finished(call)
        assert [each.seconds is None for each in record.listening] == [False, False]
    assert seen.complaints == []
