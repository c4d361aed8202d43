from __future__ import annotations

import pytest

from agentrun.simulate.caller.refusal import RefusedError
from agentrun.simulate.caller.twilio import twiml

STREAM = (
    '<Connect><Stream url="wss://a.example/s"><Parameter name="token" value="t&amp;1"/></Stream></Connect>'
)


def test_a_stream_is_found_with_its_parameters_and_what_comes_before() -> None:
    found = twiml.parse(f"<Response><Pause/><Say>One <break/> moment.</Say>{STREAM}<Hangup/></Response>")
    assert found.url == "wss://a.example/s"
    assert found.parameters == {"token": "t&1"}
    assert found.before == ("One moment.",)


@pytest.mark.parametrize(
    ("text", "message", "heard"),
    [
        ("<Response><Reject reason='busy'/></Response>", "busy", "a busy signal"),
        ("<Response><Reject/></Response>", "rejected", "not in service"),
        ("<Response><Say>We are closed.</Say><Hangup/></Response>", "hung up", "We are closed."),
        ("<Response/>", "hung up", "nothing"),
        ("<Response><Dial>1</Dial></Response>", "<Dial>", "nothing"),
        ("<Response><Connect><Room/></Connect></Response>", "<Connect> holds Room", "nothing"),
        ("<Response><Connect/></Response>", "<Connect> holds nothing", "nothing"),
        ("<Response><Connect><Stream/></Connect></Response>", "url=''", "nothing"),
        ("<Response><Connect><Stream url='https://a'/></Connect></Response>", "wss://", "nothing"),
        ("<html/>", "<html>", "application error"),
        ("ok", "not XML", "application error"),
        ("", "not XML", "application error"),
        ("<!DOCTYPE r [<!ENTITY a 'b'>]><Response/>", "document type", "application error"),
        ("<Response>" + " " * 70_000 + "</Response>", "longer", "application error"),
    ],
)
def test_anything_else_is_refused_in_words(text: str, message: str, heard: str) -> None:
    with pytest.raises(RefusedError) as caught:
        twiml.parse(text)
    assert message in caught.value.message
    assert heard in caught.value.heard


@pytest.mark.parametrize(
    ("stream", "webhook", "expected"),
    [
        (
            "wss://voice.example/a/twilio/stream",
            "http://127.0.0.1:80/a/v",
            "ws://127.0.0.1:80/a/twilio/stream",
        ),
        (
            "wss://voice.example/a/twilio/stream/x",
            "http://localhost:7860/a/v",
            "ws://localhost:7860/a/twilio/stream/x",
        ),
        ("ws://127.0.0.1:7860/a/s", "http://127.0.0.1:7860/a/v", "ws://127.0.0.1:7860/a/s"),
        ("wss://voice.example/a/s", "https://voice.example/a/v", "wss://voice.example/a/s"),
        ("wss://other.example/a/s", "http://voice.example/a/v", "wss://other.example/a/s"),
        ("wss://voice.example/a/s?x=1", "https://voice.example/a/v", "wss://voice.example/a/s"),
    ],
)
def test_the_stream_is_reached_where_the_webhook_was(stream: str, webhook: str, expected: str) -> None:
    assert twiml.reachable(stream, webhook) == expected
