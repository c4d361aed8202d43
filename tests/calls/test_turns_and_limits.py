"""``turns:``, ``limits:`` and ``context:`` on whole calls."""

from pathlib import Path

import pytest

from agentrun.simulate.engines.engines import Answer
from tests.calls.desk import HELLO, LOOK_UP, OPEN, QUESTION, STYLES, listen, open_desk


@pytest.mark.parametrize("style", STYLES)
async def test_a_silent_caller_is_asked_and_then_hung_up_on(tmp_path: Path, style: str) -> None:
    asked, bye = Answer("Are you there?"), Answer("Goodbye then.")
    idle = '{after: 1s, say: "Are you there?", times: 1, goodbye: Goodbye then.}'
    async with open_desk(tmp_path, [HELLO, asked, bye], style=style, overrides={"turns.idle": idle}) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting(silence=0.5)
            await call.until(lambda: call.ended_by is not None, 20)
            assert call.ended_by is not None
        record = await desk.finished(call)
    assert (record.ended_by, record.reason) == ("agent", "the caller said nothing")
    said = [entry.text for entry in record.transcript] if style == "realtime" else desk.voice.spoken
    assert said[-2:] == [asked.text, bye.text]


async def test_a_long_call_is_warned_and_ended(tmp_path: Path) -> None:
    overrides = {
        "limits.max_duration": "6s",
        "limits.warn_before": "2s",
        "limits.warning": "Two seconds left.",
        "limits.goodbye": "Time is up.",
    }
    async with open_desk(tmp_path, [HELLO], overrides=overrides) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.until(lambda: call.ended_by is not None, 15)
            assert call.ended_by is not None
        record = await desk.finished(call)
        assert desk.voice.spoken[-2:] == ["Two seconds left.", "Time is up."]
    assert (record.ended_by, record.reason) == ("agent", "the call reached its longest duration")


@pytest.mark.parametrize(
    "overrides",
    [
        {"turns.interruptions": "false"},
        {"turns.mute": "[always]"},
        {"turns.min_words": "9"},
    ],
    ids=["no interruptions", "mute", "min_words"],
)
async def test_an_agent_that_may_not_be_interrupted_speaks_on(
    tmp_path: Path, overrides: dict[str, str]
) -> None:
    story = Answer("Once upon a time there was a cook. " * 3)
    answers = [HELLO, story, OPEN]
    async with (
        open_desk(tmp_path, answers, overrides=overrides) as desk,
        desk.caller.call(desk.url) as call,
    ):
        await call.hear_greeting()
        await call.say(QUESTION)
        cut = await call.barge_in(QUESTION, after=0.5, silence_timeout=1.0)
        assert cut.speaking
        assert cut.cleared_ms is None


@pytest.mark.parametrize("detection", ["silence", "transcription"])
async def test_every_way_to_find_the_end_of_a_turn_answers(tmp_path: Path, detection: str) -> None:
    async with open_desk(tmp_path, [HELLO, LOOK_UP, OPEN], overrides={"turns.detection": detection}) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting()
            await call.say(QUESTION)
            assert await listen(call)
        record = await desk.finished(call)
    assert record.transcript[-1].text == OPEN.text


@pytest.mark.parametrize(
    "detection", ["local", "semantic", "{type: semantic, eagerness: high}", "{type: server, silence: 300ms}"]
)
async def test_every_way_to_find_turns_on_realtime_answers(tmp_path: Path, detection: str) -> None:
    overrides = {"pipeline.realtime.turn_detection": detection}
    async with open_desk(tmp_path, [HELLO, LOOK_UP, OPEN], style="realtime", overrides=overrides) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting()
            await call.say(QUESTION)
            assert await listen(call)
        record = await desk.finished(call)
        desk.brain.assert_complete()
    assert [entry.who for entry in record.transcript] == ["agent", "caller", "tool", "agent"]


async def test_an_old_conversation_is_trimmed(tmp_path: Path) -> None:
    overrides = {"context.strategy": "trim", "context.max_messages": "4"}
    answers = [HELLO, LOOK_UP, OPEN, OPEN, OPEN]
    async with open_desk(tmp_path, answers, overrides=overrides) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting()
            for _ in range(3):
                await call.say(QUESTION)
                assert await listen(call)
        await desk.finished(call)
        asked = desk.brain.asked[-1].messages
    assert [message["role"] for message in asked] == ["system", "user", "assistant", "user"]
