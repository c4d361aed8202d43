"""A whole talk in a real browser, with the packaged engines at both ends and no network."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.server.lifecycle.startup import Options, running_server
from agentrun.simulate.engines.engines import Engines
from tests.browser import chromium
from tests.browser.chromium import talk, with_silence

pytestmark = pytest.mark.needs(not chromium.MISSING, chromium.REASON)

ROOT = Path(__file__).parents[2]
SPEECH = ROOT / "tests" / "corpus" / "02_mens_scores.wav"
SILENCE = 6.0


async def test_a_question_is_heard_looked_up_and_answered_aloud(tmp_path: Path, engines: Engines) -> None:
    microphone = with_silence(SPEECH, tmp_path / "scores.wav", SILENCE)
    options = Options(port=0, offline=True)
    async with (
        running_server([ROOT / "agents" / "ncaa.yaml"], {}, options) as server,
        talk(server.url, microphone) as page,
    ):
        await page.begin()
        await page.shows("connection", "Talking with ncaa.", 15)
        await page.shows("words", "basketball scores tonight", 40)
        before, _ = await page.sound()
        await page.shows("words", "get_mens_basketball_scores ✓", 15)
        assert await page.loudest() > 0.02
        await page.page.locator("#words .agent", has_text="Duke").wait_for(timeout=20_000)
        await page.page.wait_for_timeout(6_000)
        pcm, rate = await page.sound()
        assert await page.text("error") == ""
        await page.page.get_by_role("button", name="Hang up").click()
    assert page.complaints == []
    answer = pcm[len(before) :]
    heard = await engines.hearing.transcribe(answer, rate, "")
    assert "North Carolina" in heard, f"{len(answer) / 2 / rate:.1f} s were received: {heard!r}"
