"""Who leaves a call of the page while its connection is lost has hung up."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Route

from tests.browser import chromium
from tests.browser.chromium import talk
from tests.browser.test_troubles import LOSE
from tests.calls.desk import HELLO, open_hasty_desk, until

pytestmark = pytest.mark.needs(not chromium.MISSING, chromium.REASON)


@pytest.mark.parametrize("leaves", ["hangs up", "closes the page"])
async def test_who_leaves_while_the_page_connects_again_frees_the_line(tmp_path: Path, leaves: str) -> None:
    async with open_hasty_desk(tmp_path, [HELLO]) as desk, talk(desk.server.url) as page:
        await page.begin()
        await page.shows("words", HELLO.text)
        restarted = asyncio.Event()

        async def answer_never(route: Route) -> None:
            if (route.request.post_data_json or {}).get("hang_up"):
                await route.continue_()
            else:
                await route.fetch()
                restarted.set()

        await page.page.route("**/browser/offer", answer_never)
        await page.page.evaluate(LOSE)
        await asyncio.wait_for(restarted.wait(), 15)
        assert desk.server.switchboard.live == 1
        if leaves == "hangs up":
            await page.page.get_by_role("button", name="Hang up").click()
        else:
            await page.page.goto("about:blank")
        await until(lambda: desk.server.switchboard.live == 0, 10)
        (record,) = desk.server.switchboard.records.newest()
        assert record.ended_by == "caller"
