"""The record of a hosted call says that nobody took its caller, for Twilio is asked."""

from __future__ import annotations

import asyncio

import pytest

from agentrun.host import transfer_outcomes
from agentrun.records import CallRecord
from agentrun.session.speech.transfers import PUT_THROUGH, TRANSFERRED
from agentrun.simulate.twilio import TwilioServer
from agentrun.simulate.twilio.calls import TwilioCall


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer_outcomes, "POLL_SECONDS", 0.02)


def dialled(twilio: TwilioServer, parent: str, status: str) -> TwilioCall:
    """A call that another one has dialled."""
    call = TwilioCall(twilio.account_sid, "+1555", "+1666", status=status, parent=parent)
    twilio.calls[call.sid] = call
    return call


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("no-answer", "; nobody answered there"),
        ("busy", "; the line there was busy"),
        ("failed", "; the call could not be put through there"),
        ("in-progress", ""),
        ("completed", ""),
        ("canceled", ""),
    ],
)
@pytest.mark.parametrize("reason", [TRANSFERRED, f"no model answers; {PUT_THROUGH}"])
async def test_it_is_waited_for_until_twilio_knows(status: str, words: str, reason: str) -> None:
    record = CallRecord("CA1", "desk", "twilio", reason=reason)
    async with TwilioServer() as twilio:
        dialled(twilio, "CA0", "busy")
        asking = asyncio.create_task(transfer_outcomes.complete(record, twilio.environ(), 30.0))
        async with asyncio.timeout(5):
            while not twilio.requests:  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.01)
            leg = dialled(twilio, "CA1", "ringing")
            await asyncio.sleep(0.05)
            assert not asking.done()
            leg.set_status(status)
            assert await asking is bool(words)
            assert record.reason == reason + words
            assert not await transfer_outcomes.complete(record, twilio.environ(), 30.0), "it says so already"


@pytest.mark.parametrize(("transport", "reason"), [("twilio", "the caller hung up"), ("daily", TRANSFERRED)])
async def test_of_other_calls_twilio_is_asked_nothing(transport: str, reason: str) -> None:
    record = CallRecord("CA1", "desk", transport, reason=reason)
    async with TwilioServer() as twilio:
        assert not await transfer_outcomes.complete(record, twilio.environ(), 30.0)
        assert twilio.requests == []


async def test_where_twilio_does_not_say_the_record_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer_outcomes, "LONGER_SECONDS", 0.1)
    record = CallRecord("CA1", "desk", "twilio", reason=TRANSFERRED)
    async with TwilioServer() as twilio:
        for environ in ({}, twilio.environ() | {"TWILIO_AUTH_TOKEN": "another"}, twilio.environ()):
            assert not await transfer_outcomes.complete(record, environ, 0.0)
    assert record.reason == TRANSFERRED
