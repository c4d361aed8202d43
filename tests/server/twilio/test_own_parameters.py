"""What the caller's side says of a call comes with its stream: headers of SIP, and an app's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from twilio.request_validator import RequestValidator

from agentrun.server.twilio import webhook_form
from agentrun.server.twilio.twiml import LONGEST_PARAMETER
from agentrun.server.twilio.webhook_form import MOST_OWN
from tests.log_lines import log_lines
from tests.server.twilio.as_twilio import FORM, SECRET, serving, stream_of

SIP = {**FORM, "From": "sip:ada@pbx.example.com", "SipHeader_X-Account": "7", "SipHeader_X-Queue": "billing"}


async def told(folder: Path, form: Mapping[str, str]) -> dict[str, str]:
    """The parameters of the stream that a signed webhook with ``form`` is connected to."""
    async with serving(folder) as server, httpx.AsyncClient(trust_env=False) as client:
        url = f"{server.url}/desk/twilio/voice"
        shown = RequestValidator(SECRET).compute_signature(url, dict(form))
        answer = await client.post(url, data=dict(form), headers={"X-Twilio-Signature": str(shown)})
        return stream_of(answer)[1]


async def test_headers_of_sip_and_parameters_of_an_app_come_with_the_stream(tmp_path: Path) -> None:
    parameters = await told(tmp_path, {**SIP, "plan": "gold & <new>"})
    assert parameters["X-Account"] == "7"
    assert parameters["X-Queue"] == "billing"
    assert parameters["plan"] == "gold & <new>"
    assert parameters["from_number"] == SIP["From"]
    assert {"CallSid", "To", "SipHeader_X-Account"}.isdisjoint(parameters)


async def test_the_server_s_own_parameters_are_not_the_caller_s(tmp_path: Path) -> None:
    forged = {"SipHeader_token": "mine", "from_number": "+1999", "SipHeader_to_number": "+1998"}
    parameters = await told(tmp_path, {**SIP, **forged})
    assert parameters["token"] != "mine"
    assert (parameters["from_number"], parameters["to_number"]) == (SIP["From"], SIP["To"])


@pytest.mark.parametrize(
    ("form", "own"),
    [
        ({"X-Long": "x" * LONGEST_PARAMETER}, {}),
        ({"X-Fits": "x" * (LONGEST_PARAMETER - 6)}, {"X-Fits": "x" * (LONGEST_PARAMETER - 6)}),
        ({f"X-{n}": "1" for n in range(60)}, {f"X-{n}": "1" for n in range(MOST_OWN)}),
        ({"X-Bell": "a\x0bb", "X-Zero": "\0", "X-Tab": "a\tb\r\n"}, {"X-Tab": "a\tb\r\n"}),
    ],
    ids=["long", "fits", "many", "no XML"],
)
def test_what_a_stream_can_t_carry_is_left_out(form: dict[str, str], own: dict[str, str]) -> None:
    given = {f"SipHeader_{name}": value for name, value in form.items()}
    assert webhook_form.own({**FORM, **given}) == own


async def test_a_call_whose_parameters_no_twiml_can_hold_is_answered_without_them(tmp_path: Path) -> None:
    parameters = await told(tmp_path, {**SIP, "note": "a\x0bb", "SipHeader_X-Name": "Ann\x00"})
    assert parameters["X-Account"] == "7"
    assert {"note", "X-Name"}.isdisjoint(parameters)


def test_what_is_left_out_is_said_without_its_value() -> None:
    with log_lines("DEBUG") as lines:
        webhook_form.own({**FORM, "note": "secret\0", "SipHeader_X-Long": "secret" * 100, "plan": "gold"})
    (line,) = lines
    assert "X-Long, note" in line
    assert "secret" not in line
