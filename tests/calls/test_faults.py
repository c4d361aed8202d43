"""What the caller hears when a provider fails in mid call: never silence."""

from pathlib import Path

import pytest

from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.faults import Fault, Route
from tests.calls.desk import HELLO, LOOK_UP_SLOWLY, OPEN, QUESTION, listen, open_hasty_desk, until

LONG = Answer("We are open from six to eleven. " * 4)
END_SECONDS = 20.0


def name(value: str | Fault) -> str:
    """A test's id: ``chat-429``, ``speech-cut``."""
    return value if isinstance(value, str) else str(value.status) if value.kind == "status" else value.kind


@pytest.mark.parametrize(
    ("route", "fault"),
    [
        ("transcriptions", Fault("status", 401)),
        ("transcriptions", Fault("status", 500)),
        ("chat", Fault("status", 401)),
        ("chat", Fault("status", 429)),
        ("chat", Fault("status", 500)),
        ("chat", Fault("hang")),
        ("speech", Fault("status", 401)),
        ("speech", Fault("hang")),
        ("speech", Fault("cut", after=4800)),
    ],
    ids=lambda value: (
        value if isinstance(value, str) else f"{value.kind}{value.status if value.kind == 'status' else ''}"
    ),
)
async def test_a_caller_hears_of_a_fault_and_the_call_ends(
    tmp_path: Path, route: Route, fault: Fault
) -> None:
    async with open_hasty_desk(tmp_path, [HELLO, LONG, LONG]) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting()
            desk.openai.conditions.faults[route] = fault
            said = call.speak(QUESTION)
            heard = await listen(call)
            if (route, fault.status) == ("transcriptions", 500):
                said = call.speak(QUESTION)
                heard = await listen(call) and heard
            await call.until(lambda: call.ended_by is not None, said.speech_end + END_SECONDS)
            assert heard, "the caller was left in silence"
            assert call.ended_by is not None, "the call did not end"
        record = await desk.finished(call)
    assert record.ended_by == "error"
    assert record.transcript[-1].text == "I am sorry, goodbye."


async def test_a_rate_limit_that_passes_is_not_noticed(tmp_path: Path) -> None:
    async with open_hasty_desk(tmp_path, [HELLO, OPEN]) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting()
            desk.openai.conditions.faults["chat"] = Fault("status", 429, times=1)
            await call.say(QUESTION)
            await call.hear_answer()
        record = await desk.finished(call)
    assert record.transcript[-1].text == OPEN.text
    assert record.ended_by == "caller"


async def test_a_transcription_that_fails_once_is_asked_for_again(tmp_path: Path) -> None:
    async with open_hasty_desk(tmp_path, [HELLO, OPEN]) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting()
            desk.openai.conditions.faults["transcriptions"] = Fault("status", 500, times=3)
            await call.say(QUESTION)
            await call.hear_answer(silence=0.8)
            await call.say(QUESTION)
            await call.hear_answer(silence=0.8)
        record = await desk.finished(call)
    assert record.transcript[-1].text == OPEN.text
    assert any("catch that" in text for text in desk.voice.spoken)


async def test_without_a_prepared_apology_a_dead_voice_ends_the_call(tmp_path: Path) -> None:
    async with open_hasty_desk(tmp_path, [HELLO, OPEN]) as desk:
        desk.server.switchboard._apologies["desk"] = None
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting()
            desk.openai.conditions.faults["speech"] = Fault("status", 500)
            said = call.speak(QUESTION)
            await call.until(lambda: call.ended_by is not None, said.speech_end + END_SECONDS)
            assert call.ended_by is not None
        assert (await desk.finished(call)).ended_by == "error"


@pytest.mark.parametrize("moment", ["in the greeting", "in mid sentence", "in a tool call"])
async def test_a_caller_who_hangs_up_leaves_nothing_behind(tmp_path: Path, moment: str) -> None:
    async with open_hasty_desk(tmp_path, [HELLO, LOOK_UP_SLOWLY if "tool" in moment else OPEN]) as desk:
        async with desk.caller.call(desk.url) as call:
            if moment == "in the greeting":
                await call.wait(0.6)
            else:
                await call.hear_greeting()
                call.speak(QUESTION)
                if moment == "in a tool call":
                    live = desk.server.switchboard._live
                    await until(
                        lambda: any(session.parts.response_deadline.tools for session in live.values()), 15
                    )
                else:
                    await call.wait(1.0)
            await call.hang_up()
        record = await desk.finished(call)
        await until(lambda: desk.server.switchboard.live == 0, 5)
    assert (record.ended_by, record.reason) == ("caller", "the caller hung up")
    if moment == "in a tool call":
        assert [(e.name, e.status) for e in record.transcript if e.who == "tool"] == [
            ("get_slow_hours", "cancelled")
        ]


async def test_a_server_that_stops_ends_its_calls(tmp_path: Path) -> None:
    async with open_hasty_desk(tmp_path, [HELLO]) as desk, desk.caller.call(desk.url) as call:
        await call.hear_greeting()
        await desk.server.switchboard.close()
        record = await desk.finished(call)
        assert desk.server.switchboard.live == 0
        await call.until(lambda: call.ended_by is not None, call.timeline.seconds + 5)
        assert call.ended_by is not None, "the call was left open"
    assert record.ended_by == "server"
