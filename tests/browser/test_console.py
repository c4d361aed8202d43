"""What the page shows beside the words: writing, tools, figures, keys, devices, events, and the record."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agentrun.records import CallRecord
from agentrun.server.dashboard.page_writer import PageWriter
from tests.browser import axe, chromium
from tests.browser.chromium import Talk, talk
from tests.calls.desk import HELLO, LOOK_UP, OPEN, QUESTION, STYLES, Desk, open_desk, until

pytestmark = [pytest.mark.slow, pytest.mark.needs(not chromium.MISSING, chromium.REASON)]

TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
SAME_LAYOUT = """async (samples) => {
  const { layOut } = await import("/console/layout.js");
  const plain = (html) => html.replace(/>\\s+/g, ">").replace(/\\s+</g, "<");
  return samples.map(([value, html]) => {
    const [here, there] = [document.createElement("div"), document.createElement("div")];
    here.append(layOut(value));
    there.innerHTML = html;
    return [plain(here.innerHTML), plain(there.innerHTML)];
  }).filter(([here, there]) => here !== there);
}"""
"""Where the console lays a value out otherwise than the dashboard, whose markup is given with it."""
VALUES: tuple[Any, ...] = (
    {"day": "Monday", "tables": [{"at": "19:00", "seats": 4}, {"at": "20:00", "seats": None}]},
    [{"a": 1}, {"b": [True, "<b>"]}, {}, [], "ten"],
    {"a": {"b": {"c": {"d": {"e": {"f": [1]}}}}}},
    list(range(500)),
    [{"a": n, "b": n} for n in range(300)],
)
LAID_OUT = '{% import "layout.html" as layout %}{{ layout.node(value | layout_of) }}'
MICROPHONES = "(select) => [...select.options].map((option) => option.textContent)"


async def write(page: Talk, text: str) -> None:
    """Write in the page."""
    await page.page.get_by_label("Write to the agent").fill(text)
    await page.page.get_by_role("button", name="Send").click()


async def press(page: Talk, keys: str) -> None:
    """Press keys of the page's keypad."""
    await page.page.locator("#keypad summary").click()
    for key in keys:
        await page.page.locator("#keys").get_by_role("button", name=key, exact=True).click()


def read(path: Path) -> Any:
    """What a file of JSON holds."""
    return json.loads(path.read_text())


def only_record(desk: Desk) -> CallRecord:
    """The record of the one call."""
    (record,) = desk.server.switchboard.records.newest()
    return record


@pytest.mark.parametrize("style", STYLES)
async def test_a_call_can_be_in_writing_from_its_first_word(tmp_path: Path, style: str) -> None:
    async with (
        open_desk(tmp_path, [HELLO, LOOK_UP, OPEN], style=style) as desk,
        talk(desk.server.url, deny=True) as page,
    ):
        await write(page, "When are you open?")
        await page.shows("words", "You, in writing")
        await page.shows("words", OPEN.text, 20)
        await page.shows("microphone", "The microphone is off: unmute to talk.")
        assert await page.text("error") == ""
        record = only_record(desk)
        await until(lambda: OPEN.text in [entry.text for entry in record.transcript], 20)
        said = [(entry.who, entry.text) for entry in record.transcript if entry.who == "caller"]
        assert said == [("caller", "When are you open?")]
    assert page.complaints == []


async def test_a_call_that_began_in_writing_goes_on_in_talking(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO, *[OPEN] * 9]) as desk, talk(desk.server.url) as page:
        await write(page, "When are you open?")
        await page.shows("words", OPEN.text, 20)
        mute = page.page.get_by_role("button", name="Mute", pressed=True)
        await mute.click()
        await page.shows("microphone", "The microphone is live.")
        sends = "() => track.enabled && peer.getSenders().some((sender) => sender.track === track)"
        await page.page.wait_for_function(sends)
        await page.page.get_by_role("button", name="Mute", pressed=False).click()
        await page.shows("microphone", "The microphone is muted.")
        await mute.click()
        await page.shows("microphone", "The microphone is live.")
        assert desk.server.switchboard.live == 1
        await page.page.get_by_role("button", name="Hang up").click()
        await page.shows("microphone", "The microphone is off.")
    assert page.complaints == []


async def test_a_tool_an_answer_and_the_cost_are_shown_and_the_record_afterwards(tmp_path: Path) -> None:
    async with (
        open_desk(tmp_path, [HELLO, LOOK_UP, OPEN]) as desk,
        talk(desk.server.url, speech=QUESTION) as page,
    ):
        await page.begin()
        await page.speak()
        await page.shows("words", OPEN.text, 30)
        await page.shows("words", " s", 10)
        await page.page.locator("#words .tool summary").click()
        await page.shows("words", "from six to eleven")
        await page.shows("last", " ms")
        await page.shows("cost", "~$")
        macro = PageWriter(has_talk=True)._pages.from_string(LAID_OUT)
        samples = [(value, macro.render(value=value)) for value in VALUES]
        assert await page.page.evaluate(SAME_LAYOUT, samples) == []
        (bar,) = await page.page.locator("#answers [role=img]").all()
        assert "llm" in str(await bar.get_attribute("aria-label"))
        await page.shows("state", "listening", 20)
        await page.page.get_by_role("button", name="Hang up").click()
        async with page.page.expect_download() as download:
            await page.page.get_by_role("button", name="Export as JSON").click()
        await until(lambda: only_record(desk).ended, 10)
        exported = read(await (await download.value).path())
        assert exported["call"] == only_record(desk).id
        assert exported["record"]["transcript"][0]["text"] == HELLO.text
        assert "bot-ready" in [event["type"] for event in exported["events"]]
        await page.page.get_by_role("link", name="Record of this call").click()
        await page.page.get_by_text(OPEN.text).first.wait_for(timeout=10_000)
    assert page.complaints == []


async def test_keys_reach_the_call_and_events_can_be_filtered(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO]) as desk, talk(desk.server.url) as page:
        await page.begin()
        await page.shows("words", HELLO.text)
        await press(page, "12#")
        record = only_record(desk)
        await until(lambda: record.keypad and record.keypad[0].keys == "12#", 10)
        await page.shows("pressed", "12#")
        await page.page.keyboard.type("4x*")
        await page.shows("pressed", "12#4*")
        await until(lambda: "".join(press.keys for press in record.keypad) == "12#4*", 10)
        await page.page.locator("#events summary").click()
        await page.page.get_by_label("Kind of event").select_option("speaking")
        shown = page.page.locator("#log li:not([hidden])")
        await shown.filter(has_text="bot-started-speaking").first.wait_for(timeout=10_000)
        assert not await shown.filter(has_text="bot-ready").count()
        await page.page.get_by_label("Filter events").fill("nothing has this")
        assert not await shown.count()
    assert page.complaints == []


async def test_another_microphone_is_taken_in_mid_call(tmp_path: Path) -> None:
    # what the browser's own microphones play may be taken for speech
    async with open_desk(tmp_path, [HELLO] * 20) as desk, talk(desk.server.url) as page:
        await page.begin()
        await page.shows("words", HELLO.text)
        await page.page.locator("#devices summary").click()
        picker = page.page.get_by_label("Microphone", exact=True)
        await page.page.wait_for_function("() => document.getElementById('input').options.length > 1")
        *_, last = await picker.evaluate(MICROPHONES)
        await picker.select_option(last)
        await page.page.wait_for_function("(label) => window.track.label === label", arg=last)
        await page.page.wait_for_function(
            "() => window.peer.getSenders().some((sender) => sender.track === window.track)"
        )
        await page.shows("microphone", "The microphone is live.")
        assert desk.server.switchboard.live == 1
        assert await page.text("error") == ""
    assert page.complaints == []


@pytest.mark.needs(not axe.MISSING, axe.REASON)
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
async def test_nothing_stands_in_the_way_of_anybody(tmp_path: Path, width: int, scheme: str) -> None:
    async with (
        open_desk(tmp_path, [HELLO, LOOK_UP, OPEN]) as desk,
        talk(desk.server.url, width=width, scheme="dark" if scheme == "dark" else "light") as page,
    ):
        await page.shows("agents", "desk")
        assert await axe.violations(page.page) == []
        await write(page, "When are you open?")
        await page.shows("words", OPEN.text, 20)
        for summary in await page.page.locator("summary").all():
            await summary.click()
        assert await axe.violations(page.page) == []
        assert await page.page.evaluate(TOO_WIDE) == 0
        await desk.server.switchboard.close()
        await page.shows("connection", "desk has hung up.")
        assert await axe.violations(page.page) == []
