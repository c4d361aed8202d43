"""How the page opens in a real browser, how a refusal reads, and that muting silences the track itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import chromium
from tests.browser.chromium import talk
from tests.calls.desk import HELLO, open_desk

pytestmark = pytest.mark.needs(not chromium.MISSING, chromium.REASON)


async def test_the_agents_are_listed_under_a_policy_that_the_page_keeps(tmp_path: Path) -> None:
    async with open_desk(tmp_path, []) as desk, talk(desk.server.url) as page:
        await page.shows("agents", "desk")
        response = await page.page.reload()
        assert response is not None
        policy = await response.header_value("content-security-policy")
        assert policy is not None
        assert "script-src 'self'; style-src 'self';" in policy
        await page.shows("agents", "desk")
        assert await page.page.get_by_role("radio", checked=True).count() == 1
        assert await page.page.get_by_role("button", name="Talk").is_enabled()
    assert page.complaints == []


async def test_an_agent_that_refuses_is_named_with_its_reason(tmp_path: Path) -> None:
    async with open_desk(tmp_path, []) as desk, talk(desk.server.url) as page:
        await page.page.route(
            "**/desk/browser/offer", lambda route: route.fulfill(status=503, json={"detail": "no room"})
        )
        await page.begin()
        await page.shows("error", "desk can't be reached: no room")
        await page.shows("connection", "Not connected.")
        await page.shows("microphone", "The microphone is off.")
        assert desk.server.switchboard.live == 0


async def test_muting_disables_the_track_that_is_sent(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO]) as desk, talk(desk.server.url) as page:
        await page.begin()
        await page.shows("connection", "Talking with desk.")
        for words, sends in (("The microphone is muted.", False), ("The microphone is live.", True)):
            await page.page.get_by_role("button", name="Mute").click()
            await page.shows("microphone", words)
            assert await page.page.evaluate("() => window.track.enabled") is sends


async def test_a_browser_that_holds_no_calls_is_told_so(tmp_path: Path) -> None:
    async with open_desk(tmp_path, []) as desk, talk(desk.server.url) as page:
        await page.page.evaluate("() => { delete window.RTCPeerConnection; }")
        for name in ("Talk", "Send"):
            await page.page.get_by_label("Write to the agent").fill("Hello?")
            await page.page.get_by_role("button", name=name).click()
            await page.shows("error", "This browser has no WebRTC, which calls are held over.")
            await page.shows("error", "open this page in Chrome, Edge, Firefox or Safari")
            await page.shows("microphone", "The microphone is off.")
        assert await page.page.get_by_label("Write to the agent").input_value() == "Hello?"
        assert desk.server.switchboard.live == 0
    assert page.complaints == []
