"""The record says what was heard: an answer that the caller cuts ends where they cut it."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.simulate.engines.engines import Answer
from tests.calls.desk import HELLO, OPEN, QUESTION, STYLES, open_desk

COUNT = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
WORDS_PER_SECOND = 1 / 0.15
"""Of ``ToneVoice``, more than twice as fast as people."""
LATE_SECONDS = 0.3
LONG = Answer(f"{COUNT.capitalize()}. {COUNT.capitalize()}. {COUNT.capitalize()}.")


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("after", [1.0, 5.0])
async def test_an_answer_that_is_cut_ends_where_it_was_cut(tmp_path: Path, style: str, after: float) -> None:
    async with open_desk(tmp_path, [HELLO, LONG, OPEN], style=style) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting(silence=0.5)
            await call.say(QUESTION)
            barge = await call.barge_in(QUESTION, after=after)
            await call.hear_answer(silence=0.8)
        record = await desk.finished(call)
    cut = next(entry for entry in record.transcript if entry.interrupted)
    words = LONG.text.split()
    assert cut.text.split() == words[: len(cut.text.split())], "these are not the words that were said"
    heard = barge.heard.seconds * WORDS_PER_SECOND
    assert abs(len(cut.text.split()) - heard) <= 2 + LATE_SECONDS * WORDS_PER_SECOND


@pytest.mark.parametrize("style", STYLES)
async def test_an_answer_that_is_heard_to_its_end_is_whole(tmp_path: Path, style: str) -> None:
    async with open_desk(tmp_path, [HELLO, OPEN], style=style) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting(silence=0.5)
            await call.say(QUESTION)
            await call.hear_answer(silence=0.8)
        record = await desk.finished(call)
    said = [(e.text, e.interrupted) for e in record.transcript if e.who == "agent"]
    assert said == [(HELLO.text, False), (OPEN.text, False)]


@pytest.mark.parametrize("style", STYLES)
async def test_an_answer_is_heard_at_the_pace_of_its_speech(tmp_path: Path, style: str) -> None:
    """The line is paced by the clock of the call, which jumps here: no gap is heard, however long it is."""
    async with (
        open_desk(tmp_path, [HELLO, LONG, OPEN], style=style) as desk,
        desk.caller.call(desk.url) as call,
    ):
        await call.hear_greeting(silence=0.5)
        await call.say(QUESTION)
        answer = await call.hear_answer(silence=0.8)
    assert answer.seconds == pytest.approx(len(LONG.text.split()) / WORDS_PER_SECOND, abs=LATE_SECONDS)
