"""What the model writes for the eye is said in words, and noise is not taken for the caller's."""

from __future__ import annotations

from pathlib import Path

import pytest

from agentrun.pipeline.services.shared_resources import Resources
from agentrun.simulate.engines.engines import Answer, ToolCall
from tests.calls.desk import HELLO, OPEN, QUESTION, listen, open_desk
from tests.calls.quick import quick_call

MARKED = Answer(
    "**Sure!** It costs $5, see [our page](https://rosa.example/menu).\n\n1. Come in.\n2. Sit down. 😊"
)
THOUGHT = Answer("<think>They want a table.</think>We have a table for you.")
SPOKEN = ["Hello.", "Sure!", "It costs 5 dollars, see our page.", "1: Come in.", "2: Sit down."]


async def test_markdown_reaches_the_voice_as_words_and_the_record_keeps_both(
    tmp_path: Path, resources: Resources
) -> None:
    async with quick_call(tmp_path, "cascaded", [], [MARKED], resources=resources) as call:
        await call.say("What does it cost?")
        await call.said("Sit down.")
        spoken = list(call.voice.spoken)
    entry = call.record.transcript[-1]
    assert spoken == SPOKEN
    assert entry.text == " ".join(SPOKEN[1:])
    assert "[our page](https://rosa.example/menu)" in entry.written
    messages = call.session.parts.pipeline.context.get_messages()
    assert "[our page](https://rosa.example/menu)" in str(messages[-1])


async def test_thinking_reaches_neither_the_voice_nor_the_model_again(
    tmp_path: Path, resources: Resources
) -> None:
    async with quick_call(tmp_path, "cascaded", [], [THOUGHT, OPEN], resources=resources) as call:
        await call.say("A table, please.")
        await call.said("We have a table for you.")
        await call.say("And when?")
        await call.said(OPEN.text)
        told = str(call.brain.asked[-1].messages)
    assert call.voice.spoken[1] == "We have a table for you."
    assert "think" not in told
    assert [(one.who, one.text) for one in call.record.dropped] == [("agent", THOUGHT.text)]


async def test_raw_text_and_pronunciation_are_the_specs(tmp_path: Path, resources: Resources) -> None:
    more = "\npronounce: {Siobhan: shi-VAWN}\n"
    answer = Answer("Ask *Siobhan* for $5.")
    async with quick_call(tmp_path, "cascaded", [], [answer], resources=resources, more=more) as call:
        await call.say("Who?")
        await call.said("shi-VAWN")
    assert call.voice.spoken[-1] == "Ask shi-VAWN for 5 dollars."
    folder = tmp_path / "raw"
    folder.mkdir()
    overrides = {"pipeline.tts.text": "raw"}
    desk_open = open_desk(folder, [HELLO, answer], overrides=overrides)
    async with desk_open as desk, desk.caller.call(desk.url) as phone:
        await phone.hear_greeting(silence=0.5)
        await phone.say(QUESTION)
        assert await listen(phone)
        assert desk.voice.spoken[-1] == answer.text


async def test_a_leaked_call_of_a_tool_is_not_said(tmp_path: Path, resources: Resources) -> None:
    leaked = Answer('One moment. <tool_call>{"name": "get_hours"}</tool_call>')
    async with quick_call(tmp_path, "cascaded", [], [leaked], resources=resources) as call:
        await call.say("When?")
        await call.said("One moment.")
    assert call.voice.spoken[1:] == ["One moment."]
    assert call.record.dropped[0].why == "a part of it is not for the caller"


async def test_a_tool_that_is_called_beside_thinking_runs(tmp_path: Path) -> None:
    look = Answer("<think>I look it up.</think>", (ToolCall("get_hours"),))
    async with open_desk(tmp_path, [HELLO, look, OPEN]) as desk:
        async with desk.caller.call(desk.url) as phone:
            await phone.hear_greeting(silence=0.5)
            await phone.say(QUESTION)
            assert await listen(phone)
        record = await desk.finished(phone)
    assert [entry.name for entry in record.transcript if entry.who == "tool"] == ["get_hours"]
    assert desk.voice.spoken[-1] == OPEN.text


@pytest.mark.parametrize(
    "noise", ["[BLANK_AUDIO]", "Thank you for watching!", ".", "Expect names of dishes."]
)
async def test_noise_is_answered_by_nothing_and_is_in_the_record(tmp_path: Path, noise: str) -> None:
    overrides = {"pipeline.stt.prompt": "Expect names of dishes."}
    heard = [noise, "When are you open?"]
    async with open_desk(tmp_path, [HELLO, OPEN], heard=heard, overrides=overrides) as desk:
        async with desk.caller.call(desk.url) as phone:
            await phone.hear_greeting(silence=0.5)
            await phone.say(QUESTION)
            assert not await listen(phone, timeout=2.0)
            await phone.say(QUESTION)
            assert await listen(phone)
        record = await desk.finished(phone)
    assert [entry.text for entry in record.transcript if entry.who == "caller"] == ["When are you open?"]
    assert [(one.who, one.text) for one in record.dropped] == [("caller", noise)]
    desk.brain.assert_complete()
