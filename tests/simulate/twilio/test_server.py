from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from agentrun.simulate.caller import Caller
from agentrun.simulate.twilio import TwilioServer
from tests.simulate.caller.agent import ToneAgent, answering

SECRET = "secret"


class Endable:
    def __init__(self, call_sid: str) -> None:
        self.call_sid = call_sid
        self.over = False
        self.redirects: list[str] = []

    def complete(self, redirect: str = "") -> None:
        self.over = True
        self.redirects.append(redirect)


@pytest.fixture
async def twilio() -> AsyncIterator[TwilioServer]:
    async with TwilioServer(auth_token="secret", keys={"SK1": "key-secret"}) as server:
        yield server


def client(twilio: TwilioServer, login: str = "", password: str = SECRET) -> httpx.AsyncClient:
    base = f"{twilio.base_url}/2010-04-01/Accounts/{twilio.account_sid}"
    return httpx.AsyncClient(base_url=base, auth=(login or twilio.account_sid, password), trust_env=False)


async def test_completing_a_call_ends_it_once(twilio: TwilioServer) -> None:
    call = Endable("CA1")
    twilio.bind(call, "+12025550143", "+12025550199")
    async with client(twilio) as api:
        first = await api.post("/Calls/CA1.json", data={"Status": "completed"})
        again = await api.post("/Calls/CA1.json", data={"Status": "completed"})
        shown = await api.get("/Calls/CA1.json")
    assert (first.status_code, first.json()["status"]) == (200, "completed")
    assert (again.status_code, again.json()["code"]) == (404, 20404)
    assert (shown.json()["status"], shown.json()["from"]) == ("completed", "+12025550143")
    assert call.redirects == [""]
    assert [(each.method, each.form, each.status) for each in twilio.requests] == [
        ("POST", {"Status": "completed"}, 200),
        ("POST", {"Status": "completed"}, 404),
        ("GET", {}, 200),
    ]


async def test_other_twiml_takes_the_call_off_its_stream(twilio: TwilioServer) -> None:
    call = Endable("CA1")
    twilio.bind(call)
    async with client(twilio) as api:
        response = await api.post("/Calls/CA1.json", data={"Twiml": "<Response><Dial>1</Dial></Response>"})
    assert response.status_code == 200
    assert call.redirects == ["<Response><Dial>1</Dial></Response>"]


async def test_a_call_that_nobody_knows_is_not_found(twilio: TwilioServer) -> None:
    async with client(twilio) as api:
        for response in (await api.get("/Calls/CA9.json"), await api.post("/Calls/CA9.json")):
            assert (response.status_code, response.json()["code"]) == (404, 20404)


async def test_a_call_that_the_caller_ended_can_not_be_completed(twilio: TwilioServer) -> None:
    call = Endable("CA1")
    twilio.bind(call)
    call.over = True
    async with client(twilio) as api:
        assert (await api.post("/Calls/CA1.json", data={"Status": "completed"})).status_code == 404
    assert call.redirects == []


async def test_a_status_that_can_not_be_asked_for_is_refused(twilio: TwilioServer) -> None:
    call = Endable("CA1")
    twilio.bind(call)
    async with client(twilio) as api:
        response = await api.post("/Calls/CA1.json", data={"Status": "ringing"})
    assert (response.status_code, response.json()["code"], call.over) == (400, 21218, False)


@pytest.mark.parametrize(
    ("login", "password", "allowed"),
    [
        ("", "secret", True),
        ("SK1", "key-secret", True),
        ("", "wrong", False),
        ("SK1", "secret", False),
        ("SK2", "", False),
        ("", "", False),
    ],
)
async def test_the_login_is_checked(twilio: TwilioServer, login: str, password: str, allowed: bool) -> None:
    call = Endable("CA1")
    twilio.bind(call)
    async with client(twilio, login, password) as api:
        response = await api.post("/Calls/CA1.json", data={"Status": "completed"})
    assert (response.status_code, call.over) == ((200, True) if allowed else (401, False))


@pytest.mark.parametrize("header", ["", "Basic", "Basic %%%", "Bearer secret"])
async def test_a_broken_login_is_refused(twilio: TwilioServer, header: str) -> None:
    url = f"{twilio.base_url}/2010-04-01/Accounts/{twilio.account_sid}/Calls/CA1.json"
    async with httpx.AsyncClient(trust_env=False) as api:
        response = await api.post(url, headers={"Authorization": header})
    assert (response.status_code, response.json()["code"]) == (401, 20003)


async def test_another_account_s_address_is_refused(twilio: TwilioServer) -> None:
    async with httpx.AsyncClient(trust_env=False, auth=(twilio.account_sid, "secret")) as api:
        response = await api.get(f"{twilio.base_url}/2010-04-01/Accounts/AC1/Calls/CA1.json")
    assert response.status_code == 401


async def test_a_call_is_placed_and_its_status_can_be_set(twilio: TwilioServer) -> None:
    asked = {"To": "+12025550100", "From": "+12025550199", "Url": "https://voice.example/a/twilio/voice"}
    async with client(twilio) as api:
        placed = await api.post("/Calls.json", data=asked)
        sid = placed.json()["sid"]
        twilio.calls[sid].set_status("busy")
        shown = await api.get(f"/Calls/{sid}.json")
    assert (placed.status_code, placed.json()["status"]) == (201, "queued")
    assert placed.json()["direction"] == "outbound-api"
    assert twilio.calls[sid].asked == asked
    assert shown.json()["status"] == "busy"
    with pytest.raises(ValueError, match="'gone' is not one of"):
        twilio.calls[sid].set_status("gone")


@pytest.mark.parametrize(
    ("asked", "code"),
    [({}, 21201), ({"To": "+1"}, 21213), ({"To": "+1", "From": "+1"}, 21205)],
    ids=["no number to call", "no number to call from", "nothing to do"],
)
async def test_a_call_that_lacks_a_field_is_not_placed(
    twilio: TwilioServer, asked: dict[str, str], code: int
) -> None:
    async with client(twilio) as api:
        response = await api.post("/Calls.json", data=asked)
    assert (response.status_code, response.json()["code"]) == (400, code)
    assert not twilio.calls


async def test_a_phone_call_that_the_agent_ends_gets_stop_and_closes(twilio: TwilioServer) -> None:
    async with answering(ToneAgent(greeting=3.0)) as agent, Caller().call(agent.url) as call:
        twilio.bind(call)
        await call.until(lambda: call.timeline.first_sound(0.0) is not None)
        async with client(twilio) as api:
            response = await api.post(f"/Calls/{call.call_sid}.json", data={"Status": "completed"})
        assert response.status_code == 200
        await call.until(lambda: call.over)
        await call.hang_up()
    assert agent.messages[0][-1]["event"] == "stop"
    assert call.ended_by == "agent"
    assert call.timeline.seconds < 2.5


async def test_the_environment_points_an_agent_here(twilio: TwilioServer) -> None:
    assert twilio.environ() == {
        "TWILIO_ACCOUNT_SID": twilio.account_sid,
        "TWILIO_AUTH_TOKEN": "secret",
        "TWILIO_API_BASE_URL": twilio.base_url,
    }
