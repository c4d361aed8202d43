"""A realtime model that goes silent: the caller is answered again or told."""

from pathlib import Path

import pytest

from agentrun.session.responses import remedies
from agentrun.session.responses.realtime import reconnection
from agentrun.simulate.caller import PhoneCall
from agentrun.simulate.engines.engines import Answer
from agentrun.simulate.faults import Fault
from tests.calls.desk import HELLO, OPEN, QUESTION, Desk, listen, open_hasty_desk, until

TOLD = Answer("Sorry, we were cut off. Please say that again.")
SECONDS = 3.0
NOT_YET = 1_000_000
"""Events until a fault strikes; a test lowers it when the moment has come."""


@pytest.mark.parametrize("kind", ["close", "drop"])
async def test_a_socket_that_is_lost_is_replaced_and_the_caller_is_told(tmp_path: Path, kind: str) -> None:
    async with open_hasty_desk(tmp_path, [HELLO, TOLD, OPEN], style="realtime") as desk:
        fault = Fault(kind, times=1, after=NOT_YET)  # type: ignore[arg-type]
        desk.openai.conditions.faults["realtime"] = fault
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting()
            fault.after = 0
            at = await _lost(desk, call)
            await call.until(lambda: call.timeline.first_sound(at) is not None, at + SECONDS)
            assert call.timeline.first_sound(at) is not None, "the caller was not told"
            await listen(call)
            await call.say(QUESTION)
            await call.hear_answer(silence=0.8)
        record = await desk.finished(call)
    assert [e.text for e in record.transcript if e.who == "agent"] == [HELLO.text, TOLD.text, OPEN.text]
    assert any(error.startswith("realtime_lost: the realtime model (openai/") for error in record.errors)
    told = str(desk.brain.asked[1].messages)
    assert remedies.RESUME in told
    assert HELLO.text in told, "the conversation so far was not restored"


async def test_an_event_that_is_refused_does_not_cost_the_session(tmp_path: Path) -> None:
    async with open_hasty_desk(tmp_path, [HELLO, OPEN], style="realtime") as desk:
        fault = Fault("error", times=1, after=NOT_YET)
        desk.openai.conditions.faults["realtime"] = fault
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting()
            fault.after = 0
            await until(lambda: any("refused_event" in error for error in desk.record(call).errors), 15)
            await call.say(QUESTION)
            await call.hear_answer(silence=0.8)
        record = await desk.finished(call)
    assert record.errors == ["refused_event: server_error: The server had an error."]
    assert [e.text for e in record.transcript if e.who == "agent"] == [HELLO.text, OPEN.text]


async def test_a_model_that_is_refused_from_the_start_is_apologised_for(tmp_path: Path) -> None:
    async with open_hasty_desk(tmp_path, [], style="realtime") as desk:
        desk.openai.conditions.faults["realtime"] = Fault("refuse")
        async with desk.caller.call(desk.url) as call:
            heard = await call.hear_greeting(timeout=6)
            assert heard.seconds > 0
            await call.until(lambda: call.ended_by is not None, 12)
            assert call.ended_by is not None
        record = await desk.finished(call)
    assert record.ended_by == "error"
    assert record.transcript[-1].text == "I am sorry, goodbye."


async def test_a_model_that_can_not_be_reached_again_is_apologised_for(tmp_path: Path) -> None:
    async with open_hasty_desk(tmp_path, [HELLO], style="realtime") as desk:
        fault = Fault("close", times=1, after=NOT_YET)
        desk.openai.conditions.faults["realtime"] = fault
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting()
            fault.after = 0
            desk.openai.conditions.faults["realtime"] = Fault("refuse")
            at = await _lost(desk, call)
            await call.until(lambda: call.timeline.first_sound(at) is not None, at + SECONDS + 2)
            assert call.timeline.first_sound(at) is not None, "the caller was not told"
            await call.until(lambda: call.ended_by is not None, at + 12)
            assert call.ended_by is not None
        record = await desk.finished(call)
    assert record.ended_by == "error"


async def test_a_session_of_61_minutes_goes_on(tmp_path: Path) -> None:
    minutes = [0.0]
    async with open_hasty_desk(
        tmp_path, [HELLO, TOLD, OPEN], style="realtime", clock=lambda: minutes[0] * 60
    ) as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting()
            minutes[0] = 61.0
            at = await _lost(desk, call)
            await call.until(lambda: call.timeline.first_sound(at) is not None, at + SECONDS)
            assert call.timeline.first_sound(at) is not None
            await listen(call)
            await call.say(QUESTION)
            await call.hear_answer(silence=0.8)
        record = await desk.finished(call)
    assert record.transcript[-1].text == OPEN.text


async def test_a_session_is_renewed_in_a_pause_before_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconnection, "RENEW_SECONDS", 4.0)
    async with open_hasty_desk(tmp_path, [HELLO, OPEN], style="realtime") as desk:
        async with desk.caller.call(desk.url) as call:
            await call.hear_greeting()
            await call.wait(5.0)
            monkeypatch.setattr(reconnection, "RENEW_SECONDS", 3600.0)
            await call.say(QUESTION)
            await call.hear_answer(silence=0.8)
        record = await desk.finished(call)
        sessions = [request for request in desk.openai.requests if request.route == "realtime"]
    assert len(sessions) >= 2
    assert record.errors == []
    assert [e.text for e in record.transcript if e.who == "agent"] == [HELLO.text, OPEN.text]
    asked = str(desk.brain.asked[-1].messages)
    assert HELLO.text in asked, "the new session does not know the conversation"


async def _lost(desk: Desk, call: PhoneCall) -> float:
    """When the record says that the model went silent, in the caller's time."""
    await until(lambda: any("went silent" in error for error in desk.record(call).errors), 15)
    return call.timeline.seconds
