"""What a screen reader says and where the keyboard stays while the pages change by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from loguru import logger

from agentrun.records import CallRecord, Entry
from tests.browser import chromium
from tests.browser.chromium import Talk, talk
from tests.browser.test_troubles import receive
from tests.calls.desk import HELLO, Desk, open_desk

pytestmark = [pytest.mark.slow, pytest.mark.needs(not chromium.MISSING, chromium.REASON)]

TELL = """() => {
  window.told = [];
  const live = "[aria-live=polite], [aria-live=assertive], [role=log], [role=status], [role=alert], output";
  const note = (node) => node?.closest(live) && told.push(node.textContent);
  new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes) {
      for (const node of addedNodes) note(node.nodeType === Node.TEXT_NODE ? target : node);
    }
  }).observe(document.body, { childList: true, characterData: true, subtree: true });
}"""
"""Keeps what comes into a live region, which is what is read aloud."""
MANY = """async () => {
  const send = (type, data) => channel.dispatchEvent(
    new MessageEvent("message", { data: JSON.stringify({ label: "rtvi-ai", type, data }) }));
  for (let number = 0; number < 200; number += 1) {
    send("bot-started-speaking", {});
    send("bot-output", { text: `Line ${number}. ${"We are open. ".repeat(number % 40)}`, spoken: true });
    send("bot-stopped-speaking", {});
    if (number % 7 === 0) await new Promise((done) => requestAnimationFrame(done));
  }
}"""
"""Two hundred lines, of which several come between two pictures of the page."""
PLACE = """() => {
  const { scrollTop, scrollHeight, clientHeight } = document.getElementById("scroll");
  return [scrollTop, scrollHeight - clientHeight];
}"""
FOCUSED = (
    "() => document.activeElement.href ?? document.activeElement.value ?? document.activeElement.tagName"
)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Pipecat's DEBUG lines say nothing about a failure."""
    logger.disable("pipecat")
    yield
    logger.enable("pipecat")


async def say(page: Talk, *words: str) -> None:
    """Hand the page a line of the agent, word for word."""
    await receive(page, "bot-started-speaking")
    for word in words:
        await receive(page, "bot-output", text=word, spoken=True)
    await receive(page, "bot-stopped-speaking")


async def test_each_line_is_read_aloud_once_when_it_is_whole(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO]) as desk, talk(desk.server.url) as page:
        await page.begin()
        await page.shows("words", HELLO.text)
        await page.shows("state", "listening")
        await page.page.evaluate(TELL)
        for text in ("When", "When are", "When are you open"):
            await receive(page, "user-transcription", text=text, final=False)
        await receive(page, "user-transcription", text="When are you open?", final=True)
        await receive(page, "llm-function-call-in-progress", tool_call_id="1", function_name="get_hours")
        await receive(page, "llm-function-call-stopped", tool_call_id="1", function_name="get_hours")
        await say(page, "From", "six", "to", "eleven.")
        await page.shows("words", "From six to eleven.")
        lines = ["You: When are you open?", "get_hours has run", "desk: From six to eleven."]
        assert [each for each in await page.page.evaluate("() => told") if each in lines] == lines
        others = [each for each in await page.page.evaluate("() => told") if each not in lines]
        assert not [each for each in others if "six" in each or "When" in each]
        row = {
            "turns": [{"at": 1, "total_ms": 900, "stages": {"llm": 900}}] * 3,
            "transcript": [],
            "cost": None,
        }
        await page.page.route("**/desk/calls/*", lambda route: route.fulfill(json=row))
        before = len(others)
        await say(page, "Goodbye.")
        await page.shows("answers", "900 ms")
        lines += ["desk: Goodbye."]
        others = [each for each in await page.page.evaluate("() => told") if each not in lines]
        assert others[before:] == [], "figures are looked at, and not read out at each answer"
        await desk.server.switchboard.close()
        await page.shows("connection", "desk has hung up.")
        assert "desk has hung up." in await page.page.evaluate("() => told")


async def test_who_reads_what_was_said_before_is_not_taken_away_from_it(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO]) as desk, talk(desk.server.url) as page:
        await page.begin()
        await page.shows("words", HELLO.text)
        await page.page.evaluate(MANY)
        await page.page.wait_for_function(
            f"() => {{ const [place, end] = ({PLACE})(); return end - place < 60; }}"
        )
        place, end = await page.page.evaluate(PLACE)
        assert end > 5000
        assert place > end - 60, "the newest line is seen, though many came between two that were drawn"
        await page.page.locator("#scroll").focus()
        await page.page.keyboard.press("Home")
        await page.page.wait_for_function("() => document.getElementById('scroll').scrollTop === 0")
        await say(page, "One more.")
        assert (await page.page.evaluate(PLACE))[0] == 0
        await page.page.get_by_label("Write to the agent").fill("When are you open?")
        await page.page.keyboard.press("Enter")
        await page.page.wait_for_function(
            f"() => {{ const [place, end] = ({PLACE})(); return end - place < 60; }}"
        )


def live(call_id: str, seconds: int) -> CallRecord:
    """A call that has been up for so long."""
    began = datetime.now(UTC) - timedelta(seconds=seconds)
    said = [Entry(1.0, "agent", f"Hello from {call_id}.")]
    return CallRecord(call_id, "desk", "twilio", "+15550000001", started=began, transcript=said)


def add(desk: Desk, *calls: CallRecord) -> None:
    for call in calls:
        desk.server.switchboard.records.add(call)


async def test_the_keyboard_stays_at_its_call_while_others_begin_and_end(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO]) as desk:
        first, second = live("CA1", 60), live("CA2", 30)
        add(desk, first, second)
        async with talk(f"{desk.server.url}/dashboard", width=1280) as seen:
            page = seen.page
            link = page.locator("[data-renew] a[href$='/CA1']")
            await link.focus()
            add(desk, live("CA3", 5))
            await page.locator("[data-renew] a[href$='/CA3']").wait_for(timeout=10_000)
            assert str(await page.evaluate(FOCUSED)).endswith("/CA1")
            add(desk, replace(second, ended=datetime.now(UTC), ended_by="caller"))
            await page.locator("[data-renew] a[href$='/CA2']").wait_for(timeout=10_000, state="detached")
            assert str(await page.evaluate(FOCUSED)).endswith("/CA1")
            box = page.locator(".calls [type=checkbox][value='desk/CA1']")
            await box.check()
            add(desk, live("CA4", 1))
            await page.locator(".calls tr", has_text="up for").nth(2).wait_for(timeout=15_000)
            assert await page.evaluate(FOCUSED) == "desk/CA1"
            assert await box.is_checked()
            assert await page.locator(".calls :checked").count() == 1
        assert seen.complaints == []


async def test_an_unfolded_result_stays_so_while_lines_before_it_go(tmp_path: Path) -> None:
    call = live("CA1", 60)
    call.transcript = [
        Entry(float(n), "tool", f'{{"found": "table {n}"}}', "look_up", {}, "ok", 0.1) for n in range(100)
    ]
    async with open_desk(tmp_path, [HELLO]) as desk:
        add(desk, call)
        async with talk(f"{desk.server.url}/dashboard/calls/desk/CA1", width=1280) as seen:
            line = seen.page.locator(".timeline li[data-at='50.0']")
            await line.locator("summary").click()
            call.transcript.append(Entry(100.0, "caller", "And tomorrow?"))
            await seen.page.locator(".timeline li[data-at='100.0']").wait_for(
                timeout=10_000, state="attached"
            )
            assert await line.locator("details").get_attribute("open") is not None
            assert await seen.page.locator(".timeline details[open]").count() == 1
            assert await line.locator("summary").evaluate("(summary) => summary === document.activeElement")
        assert seen.complaints == []


async def test_an_unfolded_result_of_tools_that_were_called_at_once_stays_so(tmp_path: Path) -> None:
    call = live("CA1", 60)
    results = [f'{{"found": "table {n}"}}' for n in range(30)]
    call.transcript = [Entry(3.2, "tool", result, "look_up", {}, "ok", 0.1) for result in results]
    async with open_desk(tmp_path, [HELLO]) as desk:
        add(desk, call)
        async with talk(f"{desk.server.url}/dashboard/calls/desk/CA1", width=1280) as seen:
            lines = seen.page.locator(".timeline li[data-at='3.2']")
            await lines.nth(1).locator("summary").click()
            for late in (9.0, 10.0):
                call.transcript.append(Entry(late, "caller", "And tomorrow?"))
                line = seen.page.locator(f".timeline li[data-at='{late}']")
                await line.wait_for(timeout=10_000, state="attached")
            texts = await lines.all_inner_texts()
            assert len(texts) == 30
            assert "table 1" in texts[1]
            assert await lines.nth(1).locator("details").get_attribute("open") is not None
            assert await seen.page.locator(".timeline details[open]").count() == 1
            focused = "(summary) => summary === document.activeElement"
            assert await lines.nth(1).locator("summary").evaluate(focused)
        assert seen.complaints == []


async def test_what_is_written_in_stays_in_sight_while_a_conversation_grows(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO]) as desk, talk(desk.server.url, width=390) as page:
        await page.begin()
        await page.shows("words", HELLO.text)
        await page.page.get_by_label("Write to the agent").focus()
        await page.page.evaluate(MANY)
        at = """() => {
          const { left, top, height } = text.getBoundingClientRect();
          return document.elementFromPoint(left + 20, top + height / 2)?.id;
        }"""
        assert await page.page.evaluate(at) == "text"
