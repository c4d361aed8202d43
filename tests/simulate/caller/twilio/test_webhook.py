from __future__ import annotations

import pytest
from twilio.request_validator import RequestValidator

from agentrun.errors import AgentRunError
from agentrun.simulate.caller import Caller, RefusedError
from agentrun.simulate.caller.twilio.webhook import voice_url
from tests.simulate.caller.agent import ToneAgent, answering


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:7860/ncaa", "http://127.0.0.1:7860/ncaa/twilio/voice"),
        ("http://127.0.0.1:7860/ncaa/#top", "http://127.0.0.1:7860/ncaa/twilio/voice"),
        ("https://a.example/x/twilio/voice", "https://a.example/x/twilio/voice"),
    ],
)
def test_the_path_of_the_webhook_may_be_left_out(url: str, expected: str) -> None:
    assert voice_url(url) == expected


@pytest.mark.parametrize("url", ["http://", "http://[", "http:///x"])
def test_an_address_without_a_host_is_refused(url: str) -> None:
    with pytest.raises(AgentRunError, match="is not an address"):
        voice_url(url)


async def test_the_webhook_is_asked_as_twilio_asks() -> None:
    async with answering(ToneAgent()) as agent, Caller(number="+12025550100").call(agent.url) as call:
        form = agent.forms[0]
    assert form["CallSid"] == call.call_sid
    assert form["From"] == form["Caller"] == "+12025550100"
    assert {"AccountSid", "To", "CallStatus", "Direction", "ApiVersion"} <= set(form)
    assert agent.signatures[0][1] == ""


async def test_the_webhook_is_signed_when_the_token_is_known() -> None:
    async with answering(ToneAgent()) as agent, Caller(auth_token="secret").call(agent.url):
        url, signature = agent.signatures[0]
    assert RequestValidator("secret").validate(url, agent.forms[0], signature)
    assert not RequestValidator("other").validate(url, agent.forms[0], signature)


@pytest.mark.parametrize(
    ("status", "hint"), [(403, "TWILIO_AUTH_TOKEN"), (404, "agent's name"), (500, "log")]
)
async def test_a_webhook_that_fails_is_refused_with_its_words(status: int, hint: str) -> None:
    async with answering(ToneAgent(status=status, twiml="no agent answers here")) as agent:
        with pytest.raises(RefusedError, match=f"{status}: no agent answers here") as caught:
            async with Caller().call(agent.url):
                pass
    assert hint in caught.value.hint
    assert caught.value.heard == "that an application error has occurred"


async def test_a_server_that_is_not_there_is_refused() -> None:
    with pytest.raises(RefusedError, match="can't be reached"):
        async with Caller().call("http://127.0.0.1:9/desk"):
            pass


async def test_a_stream_that_does_not_open_is_refused() -> None:
    async with answering(ToneAgent(stream_url="wss://voice.example/nowhere")) as agent:
        with pytest.raises(RefusedError, match="/nowhere can't be opened"):
            async with Caller().call(agent.url):
                pass
