"""The caller interrupts by voice: a real browser, whose microphone plays a recorded question."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.simulate.engines.engines import Answer
from tests.browser import chromium
from tests.browser.chromium import talk, with_silence
from tests.calls.desk import HELLO, OPEN, QUESTION, STYLES, open_desk

pytestmark = [pytest.mark.slow, pytest.mark.needs(not chromium.MISSING, chromium.REASON)]
LONG = Answer("Every day of the week somebody is in the kitchen. " * 24)
"""More than half a minute of tones: a busy machine has the time to hear who speaks into it."""


@pytest.mark.parametrize("style", STYLES)
async def test_an_answer_is_cut_by_the_callers_voice_and_the_next_one_is_heard(
    tmp_path: Path, style: str
) -> None:
    microphone = with_silence(QUESTION, tmp_path / "question.wav", 0.5)
    async with (
        open_desk(tmp_path, [HELLO, LONG, *[OPEN] * 9], heard=["And on Sunday?"], style=style) as desk,
        talk(desk.server.url, microphone, loops=True) as page,
    ):
        # in writing, so that the microphone speaks when it is wanted to
        await page.page.get_by_label("Write to the agent").fill("When are you open?")
        await page.page.get_by_role("button", name="Send").click()
        await page.shows("words", "somebody is in the kitchen", 30)
        await page.shows("state", "speaking", 20)
        mute = page.page.get_by_role("button", name="Mute")
        await mute.click()
        cut = page.page.locator("#words .agent.cut", has_text="somebody is in the kitchen")
        await cut.wait_for(timeout=25_000)
        await mute.click()
        await page.shows("words", "And on Sunday?", 20)
        await page.shows("words", OPEN.text, 30)
        (record,) = desk.server.switchboard.records.newest()
        (long,) = [entry for entry in record.transcript if "in the kitchen" in entry.text]
        assert (long.interrupted, long.cut_by) == (True, "caller")
        assert len(long.text) < len(LONG.text)
        assert record.errors == []
    assert page.complaints == []
