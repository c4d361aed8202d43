"""Whole calls that go well, in both styles."""

from pathlib import Path

import pytest

from agentrun.simulate.engines.engines import Answer
from tests.calls.desk import CORPUS, HELLO, LOOK_UP, OPEN, QUESTION, STYLES, open_desk


@pytest.mark.parametrize("style", STYLES)
async def test_a_question_is_answered_with_a_tool(tmp_path: Path, style: str) -> None:
    async with open_desk(tmp_path, [HELLO, LOOK_UP, OPEN], style=style) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting()
            await call.say(QUESTION)
            await call.hear_answer(silence=1.0)
        record = await desk.finished(call)
        desk.brain.assert_complete()
    assert [(entry.who, entry.name or entry.text) for entry in record.transcript] == [
        ("agent", HELLO.text),
        ("caller", "When are you open?"),
        ("tool", "get_hours"),
        ("agent", OPEN.text),
    ]
    assert (record.ended_by, record.reason, record.errors) == ("caller", "the caller hung up", [])
    assert record.from_number == desk.caller.number
    result = [m for m in desk.brain.asked[-1].messages if m.get("role") == "tool"][-1]
    assert "from six to eleven" in result["content"]


@pytest.mark.parametrize("style", STYLES)
async def test_barge_in_silences_the_agent(tmp_path: Path, style: str) -> None:
    story = Answer("Once upon a time there was a cook. " * 12)
    async with open_desk(
        tmp_path, [HELLO, story, OPEN], style=style, heard=["Tell me a story.", "Stop, stop."]
    ) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting()
            await call.say(QUESTION)
            cut = await call.barge_in(CORPUS / "08_interrupt_stop.wav")
            await call.hear_answer(silence=0.8)
        record = await desk.finished(call)
    assert cut.speaking
    assert cut.cleared_ms is not None, "Twilio's buffer must be cleared"
    assert call.clears
    told = next(entry for entry in record.transcript if entry.text.startswith("Once"))
    assert told.interrupted
    assert len(told.text) < len(story.text) or style == "realtime"


@pytest.mark.parametrize("style", STYLES)
async def test_fixed_words_and_templates_are_spoken(tmp_path: Path, style: str) -> None:
    overrides = {"prompts.greeting": '{say: "Hello {{ call.from_number }}, this is {{ call.agent }}."}'}
    async with open_desk(tmp_path, [HELLO], style=style, overrides=overrides) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting()
        await desk.finished(call)
        # a telephone number is read out by its digits, in groups
        words = "Hello plus 1 2 0, 2 5 5, 5 0 1, 4 3, this is desk."
        written = f"Hello {desk.caller.number}, this is desk."
        asked = str([conversation.messages for conversation in desk.brain.asked])
        assert words in desk.voice.spoken if style == "cascaded" else written in asked


async def test_two_calls_at_once_do_not_meet(tmp_path: Path) -> None:
    async with open_desk(tmp_path, [HELLO, HELLO, OPEN, OPEN]) as desk:
        async with desk.caller.call(desk.url) as one, desk.caller.call(desk.url) as two:
            await one.hear_greeting()
            await two.hear_greeting()
            one.speak(QUESTION)
            two.speak(QUESTION)
            await one.hear_answer(silence=0.8)
            await two.hear_answer(silence=0.8)
        records = [await desk.finished(one), await desk.finished(two)]
    for record in records:
        assert [entry.who for entry in record.transcript] == ["agent", "caller", "agent"]


@pytest.mark.parametrize(
    ("overrides", "route"),
    [
        ({"pipeline.stt.streaming": "true"}, "realtime"),
        ({"pipeline.llm.api": "responses-http"}, "responses"),
        ({"pipeline.llm.api": "responses"}, "responses"),
        ({"pipeline.llm": "openai/gpt-4o-audio-preview"}, "chat"),
    ],
)
async def test_every_other_api_of_openai_answers(
    tmp_path: Path, overrides: dict[str, str], route: str
) -> None:
    async with open_desk(tmp_path, [HELLO, LOOK_UP, OPEN], overrides=overrides) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting()
            await call.say(QUESTION)
            await call.hear_answer(silence=1.0)
        record = await desk.finished(call)
        desk.brain.assert_complete()
        assert route in {request.route for request in desk.openai.requests}
    assert ("caller", "When are you open?") in [(e.who, e.text) for e in record.transcript]
    assert record.transcript[-1].text == OPEN.text
