"""The page in a real browser, against an agent with scripted engines."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser import chromium
from tests.browser.chromium import talk
from tests.calls.desk import HELLO, LOOK_UP, OPEN, QUESTION, STYLES, open_desk, until

pytestmark = pytest.mark.needs(not chromium.MISSING, chromium.REASON)


@pytest.mark.parametrize("style", STYLES)
async def test_both_sides_are_heard_and_written_down(tmp_path: Path, style: str) -> None:
    async with (
        open_desk(tmp_path, [HELLO, LOOK_UP, OPEN], style=style) as desk,
        talk(desk.server.url, speech=QUESTION) as page,
    ):
        await page.begin()
        await page.speak()
        await page.shows("connection", "Talking with desk.")
        await page.shows("microphone", "The microphone is live.")
        await page.shows("words", HELLO.text)
        assert await page.loudest() > 0.02
        await page.shows("words", "When are you open?", 15)
        await page.shows("words", "get_hours ✓")
        await page.shows("words", OPEN.text)
        await page.page.screenshot(path=tmp_path / "live.png")
        kinds = await page.page.eval_on_selector_all(
            "#words > li", "all => all.map((item) => item.className)"
        )
        assert kinds == ["agent", "caller", "tool", "agent"]
        (record,) = desk.server.switchboard._live.values()
        await page.page.get_by_role("button", name="Hang up").click()
        await page.shows("connection", "Not connected.")
        await until(lambda: desk.server.switchboard.live == 0, 10)
    assert (record.record.ended_by, record.record.reason) == ("caller", "the caller hung up")
    assert page.complaints == []


async def test_the_microphone_can_be_muted(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO]) as desk, talk(desk.server.url) as page:
        await page.begin()
        await page.shows("connection", "Talking with desk.")
        await page.page.get_by_role("button", name="Mute").click()
        await page.shows("microphone", "The microphone is muted.")
        assert await page.page.get_by_role("button", name="Mute", pressed=True).count() == 1
        await page.page.get_by_role("button", name="Mute").click()
        await page.shows("microphone", "The microphone is live.")


async def test_a_server_that_stops_is_told_as_a_hang_up(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO]) as desk, talk(desk.server.url) as page:
        await page.begin()
        await page.shows("words", HELLO.text)
        await desk.server.switchboard.close()
        await page.shows("connection", "desk has hung up.")
        await page.shows("microphone", "The microphone is off.")
        await page.page.get_by_role("button", name="Talk").click()
        await page.shows("error", "desk can't be reached: the server is stopping")


async def test_a_microphone_that_is_denied_is_explained(tmp_path: Path) -> None:
    async with open_desk(tmp_path, []) as desk, talk(desk.server.url, deny=True) as page:
        await page.begin()
        await page.shows("error", "The microphone was denied.")
        await page.shows("microphone", "The microphone is denied.")
        assert await page.page.get_by_role("button", name="Talk").is_enabled()
        assert desk.server.switchboard.live == 0


async def test_hanging_up_at_once_leaves_nothing_behind(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO]) as desk, talk(desk.server.url) as page:
        await page.page.evaluate(
            "() => { const talk = document.getElementById('talk'); talk.click(); talk.click(); }"
        )
        await page.shows("connection", "Not connected.")
        await page.page.wait_for_timeout(1500)
        await page.shows("microphone", "The microphone is off.")
        assert await page.text("error") == ""
        assert desk.server.switchboard.live == 0
    assert page.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_page_fits_a_phone_and_has_contrast(tmp_path: Path, scheme: str) -> None:
    async with (
        open_desk(tmp_path, [HELLO]) as desk,
        talk(desk.server.url, width=360, scheme="dark" if scheme == "dark" else "light") as page,
    ):
        await page.begin()
        await page.shows("words", HELLO.text)
        overflow = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert await page.page.evaluate(overflow) == 0
        await page.page.screenshot(path=tmp_path / "phone.png")
        for name in ("connection", "microphone", "words", "talk", "mute"):
            assert await page.page.evaluate(CONTRAST, name) >= 4.5, name


CONTRAST = """(name) => {
  const start = document.getElementById(name);
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = numbers(colour).map((part) => part / 255)
      .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  let behind = start;
  while (numbers(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
  const [low, high] = [getComputedStyle(start).color, getComputedStyle(behind).backgroundColor]
    .map(light).sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}"""
