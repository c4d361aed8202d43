"""The dashboard in a real browser: a live call is seen without reloading, on any width."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import chromium
from tests.browser.chromium import talk
from tests.calls.desk import HELLO, OPEN, QUESTION, listen, open_desk

pytestmark = pytest.mark.needs(not chromium.MISSING, chromium.REASON)
TOO_WIDE = "() => document.documentElement.scrollWidth > document.documentElement.clientWidth"


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
            assert not await seen.page.evaluate(TOO_WIDE)
            await live.get_by_role("link", name="desk").click()
            body = seen.page.locator("[data-renew]")
            await body.get_by_text("is up").wait_for(timeout=10_000)
            assert await body.locator("rect").count() > 2
            assert not await seen.page.evaluate(TOO_WIDE)
        await body.get_by_text("the caller hung up").wait_for(timeout=10_000)
        await seen.page.goto(f"{desk.server.url}/dashboard/charts")
        assert await seen.page.locator("polyline").count() == 2
        assert not await seen.page.evaluate(TOO_WIDE)
    assert seen.complaints == []
