"""A caller who coughs while the agent speaks costs a moment, and the answer goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.engines.engines import Answer
from agentrun.testing import virtual_time
from tests.calls.desk import CORPUS
from tests.calls.quick import QuickCall, quick_call

LONG = Answer("We are open from six to eleven, and we are closed on Mondays and on Tuesdays. Come in soon!")
MORE = Answer("and we are closed on Mondays.")
COUGH = (CORPUS / "04_team_duke.wav").read_bytes()[44:][16_000 * 2 : 16_000 * 2 + 16_000]
"""Half a second that a voice detector takes for speech, and nobody for words."""
QUIET = bytes(16_000 * 3)
MOST_SECONDS = 2.0


async def cough(call: QuickCall) -> None:
    """In real time, and silence behind it."""
    for start in range(0, len(COUGH + QUIET), 640):
        await call.transport.hear((COUGH + QUIET)[start : start + 640])
        await asyncio.sleep(0.02)


def test_a_cough_costs_at_most_two_seconds_and_the_answer_goes_on(tmp_path: Path) -> None:
    async def talk() -> tuple[float, QuickCall]:
        async with (
            Resources() as resources,
            quick_call(
                *(tmp_path, "cascaded", [], [LONG, MORE, MORE]),
                resources=resources,
                heard=[""],
                detection="silence",
            ) as call,
        ):
            await call.say("When are you open?")
            await call.until(lambda: call.speaking)
            await asyncio.sleep(0.4)
            await cough(call)
            await call.said(MORE.text)
        sounds = call.transport._output.sounds
        gaps = [begin - end for (begin, _), (_, end) in zip(sounds[1:], sounds, strict=False)]
        return max(gaps[1:]), call

    gap, call = virtual_time.run(talk())
    first, *_, last = [entry for entry in call.record.transcript if entry.who == "agent"][1:]
    assert first.interrupted
    assert LONG.text.startswith(first.text)
    assert last.text == MORE.text
    assert not [entry for entry in call.record.transcript if entry.who == "caller" and not entry.text]
    assert "noise cut you off" in str(call.brain.asked[-1].messages)
    assert gap <= MOST_SECONDS + len(COUGH) / 2 / 16_000, f"{gap:.1f} s of silence"
