"""A greeting that is the same for every caller is spoken once, before the first call."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.simulate.faults import Fault
from tests.calls.desk import QUESTION, open_hasty_desk

GREETING = "Good evening, this is Rosa."


async def test_it_is_heard_although_the_voice_is_down(tmp_path: Path) -> None:
    overrides = {"prompts.greeting": "{say: 'Good evening, this is {{ who }}.'}", "vars": "{who: Rosa}"}
    async with open_hasty_desk(tmp_path, [], overrides=overrides) as desk:
        desk.openai.conditions.faults["speech"] = Fault("hang")
        async with desk.caller.call(desk.url) as call:
            heard = await call.hear_greeting(silence=0.6)
        record = await desk.finished(call)
    assert heard.seconds > 0.5
    assert [(entry.who, entry.text) for entry in record.transcript] == [("agent", GREETING)]
    assert desk.voice.spoken.count(GREETING) == 1
    assert not any(name.startswith("tts") for name in record.usage)


async def test_a_caller_who_cuts_it_is_answered(tmp_path: Path) -> None:
    long = "{say: 'Good evening and welcome to the restaurant at the very end of the long and winding road.'}"
    async with open_hasty_desk(tmp_path, [], overrides={"prompts.greeting": long}) as desk:
        async with desk.caller.call(desk.url) as call:
            cut = await call.barge_in(QUESTION)
            await call.wait(0.5)
        record = await desk.finished(call)
    assert cut.silenced_ms is not None
    assert record.transcript[0].interrupted


@pytest.mark.parametrize("say", ["Hello {{ call.from_number }}.", "It is {{ now.year }}."])
async def test_one_that_is_every_caller_s_own_is_spoken_for_each(tmp_path: Path, say: str) -> None:
    async with open_hasty_desk(tmp_path, [], overrides={"prompts.greeting": f"{{say: '{say}'}}"}) as desk:
        before = len(desk.voice.spoken)
        for _ in range(2):
            async with desk.caller.call(desk.url) as call:
                await call.hear_greeting(silence=0.3)
    assert len(desk.voice.spoken) == before + 2
