"""The agent hangs up over Twilio's REST API; a caller who has left is not hung up on."""

from pathlib import Path

from agentrun.simulate.twilio import TwilioServer
from tests.calls.desk import HELLO, open_desk

SHORT = {"limits.max_duration": "4s", "limits.warn_before": "0s", "limits.goodbye": "Goodbye."}


async def test_a_signed_call_that_the_agent_ends_is_completed_at_twilio(tmp_path: Path) -> None:
    async with (
        TwilioServer() as twilio,
        open_desk(tmp_path, [HELLO], overrides=SHORT, environ=twilio.environ(), insecure=False) as desk,
        desk.caller.call(desk.url) as call,
    ):
        twilio.bind(call)
        await call.until(lambda: call.ended_by is not None, 15)
        record = await desk.finished(call)
        assert call.ended_by is not None
        assert record.ended_by == "agent"
        completed = [request for request in twilio.requests if call.call_sid in str(request)]
        assert len(completed) == 1
        assert "completed" in str(completed[0])


async def test_a_caller_who_has_left_is_not_hung_up_on(tmp_path: Path) -> None:
    async with (
        TwilioServer() as twilio,
        open_desk(tmp_path, [HELLO], environ=twilio.environ(), insecure=False) as desk,
    ):
        async with desk.caller.call(desk.url) as call:
            twilio.bind(call)
            await call.hear_greeting()
        record = await desk.finished(call)
        assert record.ended_by == "caller"
        assert not list(twilio.requests)
