"""A telephone call that Daily tells of: who is believed, and what is made for it."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest

from agentrun.errors import SetupError
from agentrun.server.daily.signature import is_valid, sign
from agentrun.simulate.faults import Fault
from tests.server.daily.daily_desk import Desk, open_desk

DIALIN = "/desk/daily/dialin"
SECRET = base64.b64encode(b"the secret of the telephone number").decode()
SIGNED = {"DAILY_WEBHOOK_SECRET": SECRET}
TOLD = {
    "From": "+12025550143",
    "To": "+12025550199",
    "callId": "4f7d",
    "callDomain": "9c1e",
    "sipHeaders": {"X-Table": "4"},
}


def signed(body: bytes, seconds: float | None = None, secret: str = SECRET) -> dict[str, str]:
    """Daily's two headers for ``body``."""
    stamp = str(int(time.time() if seconds is None else seconds))
    return {"X-Pinless-Timestamp": stamp, "X-Pinless-Signature": sign(secret, stamp, body)}


async def tell(desk: Desk, **changes: Any) -> Any:
    """Daily's webhook, signed."""
    body = json.dumps({**TOLD, **changes}).encode()
    return await desk.post(DIALIN, signed(body), body)


async def test_a_telephone_call_gets_a_room_with_a_sip_address_and_an_agent(tmp_path: Path) -> None:
    async with open_desk(tmp_path, environ=SIGNED) as desk:
        answer = await tell(desk)
        assert answer.status_code == 200
        (room,) = desk.daily.rooms.values()
        assert answer.json() == {"dailyRoom": room.url, "sessionId": "4f7d", "callId": "4f7d"}
        assert room.properties["sip"] == {
            "display_name": "+12025550143",
            "video": False,
            "sip_mode": "dial-in",
            "num_endpoints": 1,
        }
        (call,), (invitation,) = desk.lines.calls, desk.lines.invitations
        assert (call.id, call.from_number, call.to_number) == ("4f7d", "+12025550143", "+12025550199")
        assert call.parameters == {"X-Table": "4"}
        assert invitation.dialin is not None
        assert invitation.dialin.daily_api_key == desk.daily.api_key
        assert invitation.dialin.daily_api_url == desk.daily.api_url
        assert invitation.dialin.dialin_settings.call_domain == "9c1e"
        assert len(desk.daily.tokens) == 1, "the telephone needs none"


async def test_the_room_goes_with_the_telephone_call(tmp_path: Path) -> None:
    async with open_desk(tmp_path, environ=SIGNED) as desk:
        await tell(desk)
        (line,) = desk.lines.lines
        await line.comes("sip")
        await line.goes("sip")
        record = await desk.ended("4f7d")
        assert (record.ended_by, record.from_number) == ("caller", "+12025550143")
        await desk.rooms_are_gone()


@pytest.mark.parametrize("first", ["neither", "leaves", "hangs up"])
async def test_a_telephone_that_hangs_up_ends_the_call_also_before_it_was_put_through(
    tmp_path: Path, first: str
) -> None:
    async with open_desk(tmp_path, environ=SIGNED) as desk:
        await tell(desk)
        (line,) = desk.lines.lines
        if first != "neither":
            await line.comes("sip")
        if first == "leaves":
            await line.goes("sip")
        await line.hangs_up()
        if first == "hangs up":
            await line.goes("sip")
        record = await desk.ended("4f7d")
        assert (record.ended_by, record.reason) == ("caller", "the caller hung up")
        await desk.rooms_are_gone()


async def test_one_call_is_answered_once_also_when_it_is_told_of_twice_at_once(tmp_path: Path) -> None:
    async with open_desk(tmp_path, environ=SIGNED) as desk:
        answers = await asyncio.gather(tell(desk), tell(desk))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        assert (await tell(desk)).status_code == 409
        assert len(desk.lines.calls) == 1
        assert (await tell(desk, callId="another")).status_code == 200


async def test_what_daily_did_not_sign_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    body = json.dumps(TOLD).encode()
    other = base64.b64encode(b"another secret").decode()
    async with open_desk(tmp_path, environ=SIGNED) as desk:
        for headers in (
            {},
            signed(body, secret=other),
            signed(body + b" "),
            signed(body, time.time() - 330),
            signed(body, time.time() + 330),
            {**signed(body), "X-Pinless-Timestamp": "soon"},
            {"X-Pinless-Timestamp": signed(body)["X-Pinless-Timestamp"]},
        ):
            answer = await desk.post(DIALIN, headers, body)
            assert answer.status_code == 403, headers
        assert desk.daily.requests == []
        assert (await desk.post(DIALIN, signed(body), body)).status_code == 200


def test_the_time_of_a_signature_may_be_in_milliseconds() -> None:
    stamp = str(int(time.time() * 1000))
    headers = {"x-pinless-timestamp": stamp, "x-pinless-signature": sign(SECRET, stamp, b"{}")}
    assert is_valid(SECRET, headers, b"{}")
    assert not is_valid(SECRET, headers, b"{}", clock=lambda: time.time() + 330)


def test_the_signature_is_hmac_sha256_over_time_dot_body_in_base64() -> None:
    """Worked out with ``openssl dgst -sha256 -hmac key -binary | base64`` over ``1700000000.{}``."""
    secret = base64.b64encode(b"key").decode()
    assert sign(secret, "1700000000", b"{}") == "nXE+1Aa7cHbUEj8NwsOdLfXGVO1LDNVrUsi0yUC9Y64="


async def test_daily_may_try_the_address_without_a_call(tmp_path: Path) -> None:
    async with open_desk(tmp_path, environ=SIGNED) as desk:
        answer = await desk.post(DIALIN, {}, b'{"Test": "test"}')
        assert (answer.status_code, answer.json()) == (200, {"status": "OK"})
        assert desk.daily.requests == []


async def test_without_a_secret_only_this_machine_may_tell_of_calls(tmp_path: Path) -> None:
    body = json.dumps(TOLD).encode()
    async with open_desk(tmp_path, environ={}) as desk:
        assert (await desk.post(DIALIN, {"X-Forwarded-For": "203.0.113.9"}, body)).status_code == 403
        assert (await desk.post(DIALIN, {"Host": "tunnel.example.com"}, body)).status_code == 403
        assert desk.daily.requests == []
        assert (await desk.post(DIALIN, {}, body)).status_code == 200


async def test_off_loopback_the_secret_is_required_and_named(tmp_path: Path) -> None:
    async with open_desk(tmp_path, environ={}, host="0.0.0.0") as desk:  # noqa: S104
        answer = await desk.post(DIALIN, {}, json.dumps(TOLD).encode())
        assert (answer.status_code, "DAILY_WEBHOOK_SECRET" in answer.json()["detail"]) == (403, True)
        assert desk.daily.requests == []


@pytest.mark.parametrize("field", ["From", "To", "callId", "callDomain"])
async def test_a_field_that_is_missing_is_named(tmp_path: Path, field: str) -> None:
    body = json.dumps({key: value for key, value in TOLD.items() if key != field}).encode()
    async with open_desk(tmp_path, environ=SIGNED) as desk:
        answer = await desk.post(DIALIN, signed(body), body)
        assert (answer.status_code, field in answer.json()["detail"]) == (400, True)


async def test_a_field_of_the_wrong_kind_is_named(tmp_path: Path) -> None:
    async with open_desk(tmp_path, environ=SIGNED) as desk:
        answer = await tell(desk, sipHeaders="X-Table: 4")
        assert (answer.status_code, "sip_headers" in answer.json()["detail"]) == (400, True)


async def test_an_api_that_fails_leaves_the_call_to_be_told_of_again(tmp_path: Path) -> None:
    async with open_desk(tmp_path, environ=SIGNED) as desk:
        desk.daily.faults["POST rooms"] = Fault("status", 500, times=1)
        assert (await tell(desk)).status_code == 502
        assert (await tell(desk)).status_code == 200


async def test_a_secret_that_is_none_is_told_before_anything_listens(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="DAILY_WEBHOOK_SECRET is not base64"):
        async with open_desk(tmp_path, environ={"DAILY_WEBHOOK_SECRET": "not base64!"}):
            pass
