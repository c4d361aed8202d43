"""``turns.min_words`` counts words in every script: a sentence without spaces is more than one."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.engines.engines import Answer
from agentrun.testing import virtual_time
from agentrun.text_normalization import words
from tests.calls.quick import quick_call

LONG = "We are open from six to eleven on every day but Monday, and we are closed at Christmas."
CASES = {
    "はい、そうです。予約をお願いします。": True,
    "我想订一张桌子，请稍等。": True,
    "ขอจองโต๊ะสองที่": True,
    "Stop, please, now.": True,
    "잠깐 기다려 주세요": True,
    "はい": False,
    "嗯嗯": False,
    "ค่ะ": False,
    "Mhm.": False,
    "Yes, please.": False,
    "... ... ...": False,
}


@pytest.mark.parametrize("said", CASES)
def test_it_takes_three_words_to_interrupt(tmp_path: Path, said: str) -> None:
    async def talk() -> bool:
        async with (
            Resources() as resources,
            quick_call(
                *(tmp_path, "cascaded", [], [Answer(LONG), Answer("Certainly.")]),
                resources=resources,
                turns="min_words: 3",
            ) as call,
        ):
            await call.say("Yes")
            await call.until(lambda: call.speaking)
            await call.say(said)
            await call.until(lambda: len(call.agent_words) > 1)
            return call.agent_words[1] != LONG

    assert virtual_time.run(talk()) is CASES[said]


@pytest.mark.parametrize(
    ("text", "count"),
    [("", 0), ("!?", 0), ("We are open.", 3), ("駐車場は2階です。", 5), ("Café 24/7", 2), ("สวัสดี", 2)],
)
def test_words_are_counted(text: str, count: int) -> None:
    assert words.count(text) == count
