"""A signature covers names and values run together; what could be read in two ways is refused."""

from __future__ import annotations

import itertools

import pytest
from twilio.request_validator import RequestValidator

from agentrun.server.twilio import webhook_form

SID = "CA" + "0123456789abcdef" * 2
TWILIO = {
    "AccountSid": "AC" + "0" * 32,
    "ApiVersion": "2010-04-01",
    "CallSid": SID,
    "CallStatus": "ringing",
    "CallToken": '{"parentCallInfoToken":"eyJhbGciOiJFUzI1NiJ9"}',
    "Called": "+14155550100",
    "CalledCity": "",
    "Caller": "+14155551234",
    "CallerName": "TOM FROMMER",
    "Direction": "inbound",
    "From": "+14155551234",
    "FromCity": "SAN FRANCISCO",
    "FromZip": "94108",
    "StirVerstat": "TN-Validation-Passed-A",
    "To": "+14155550100",
    "ToCountry": "US",
}
"""As Twilio posts it for a telephone."""
NEEDED = ("CallSid", "From", "To")


def refusal(given: dict[str, str] | list[tuple[str, object]]) -> str:
    """What is said against a form; empty where it is taken."""
    items = list(given.items()) if isinstance(given, dict) else given
    try:
        webhook_form.check(items, NEEDED)
    except webhook_form.FormError as error:
        return str(error)
    return ""


def test_what_twilio_sends_is_taken() -> None:
    assert webhook_form.check(TWILIO.items(), NEEDED) == TWILIO
    for caller in (
        "",
        "anonymous",
        "Anonymous",
        "+Restricted",
        "+266696687",
        "72462",
        "client:alice.b",
        "sip:alice@example.sip.twilio.com",
        "sip:+14155551234@10.0.0.1:5060;transport=udp",
        "alice@example.com",
    ):
        assert refusal({**TWILIO, "From": caller}) == "", caller
    assert refusal({**TWILIO, "SipHeader_X-Order": "7", "SipDomain": "example.sip.twilio.com"}) == ""
    assert refusal({**TWILIO, "SomethingThatTwilioAddsLater": "yes"}) == ""


def without(*names: str, **others: str) -> dict[str, str]:
    return {**{key: value for key, value in TWILIO.items() if key not in names}, **others}


COPIES = {
    "the call has swallowed its state": without("CallStatus", CallSid=f"{SID}CallStatusringing"),
    "a part of the call is another name": without(CallSid=SID[:20], CallSi="d"),
    "the caller is hidden in the direction": without("From", Direction="inboundFrom+14155551234"),
    "the caller is hidden in a city": without("From", "FromCity", Direction="inbound"),
    "the caller has swallowed a city": without("FromCity", From="sip:a@exampleFromCitySAN"),
    "the account has swallowed the version": without(
        "ApiVersion", AccountSid=TWILIO["AccountSid"] + "ApiVersion2010-04-01"
    ),
    "who answered is another name": {**TWILIO, "AnsweredB": "yhuman"},
    "who answered has half a value": {**TWILIO, "AnsweredByhu": "man"},
    "the call's name is no name": {**TWILIO, "CallSid": "CA1"},
    "a state that is none": {**TWILIO, "CallStatus": "ringingDirection"},
    "a name that is none": {**TWILIO, "9From": "+1"},
    "a telephone number that is none": {**TWILIO, "From": "+1415555123x"},
}


@pytest.mark.parametrize("case", COPIES)
def test_a_form_whose_borders_were_moved_is_refused(case: str) -> None:
    assert refusal(COPIES[case])


def test_the_account_that_the_server_is_set_up_with_has_any_shape() -> None:
    mock = {**TWILIO, "AccountSid": "ACtest"}
    assert webhook_form.check(mock.items(), NEEDED, "ACtest") == mock
    for account, shown in ((None, "ACtest"), ("ACtest", "ACtestApiVersion2010"), ("", ""), ("ACtest", "")):
        with pytest.raises(webhook_form.FormError, match="AccountSid"):
            webhook_form.check({**TWILIO, "AccountSid": shown}.items(), NEEDED, account or None)


def test_a_name_twice_and_a_form_without_end_are_refused() -> None:
    assert "twice" in refusal([*TWILIO.items(), ("From", "+19005551234")])
    assert "more than" in refusal(
        {**TWILIO, **{f"A{'b' * i}": "" for i in range(5, 60)}, **{f"B{'b' * i}": "" for i in range(60)}}
    )


APP = {**TWILIO, "customerId": "7 Direction", "order-id": "CallStatusbusy", "vip_level": "gold"}
"""As Twilio posts it for an app that gives parameters of its own to the Voice SDK."""


@pytest.mark.parametrize("name", ["customerId", "order-id", "vip_level", "x"])
def test_a_parameter_of_an_app_is_taken(name: str) -> None:
    assert refusal({**TWILIO, "From": "client:alice", "To": "", name: "7"}) == ""


@pytest.mark.parametrize("name", ["Call-Sid", "From_", "_id", "9lives", "", "a b"])
def test_a_name_that_could_hide_another_is_refused_with_what_to_do(name: str) -> None:
    assert "begin those of an app in lower case" in refusal({**TWILIO, name: "7"})


@pytest.mark.parametrize("form", [TWILIO, APP])
def test_no_other_reading_of_a_signed_form_changes_what_is_used(form: dict[str, str]) -> None:
    """Every way to move one border, and to drop one, of what Twilio signed."""
    validator, url = RequestValidator("secret"), "https://voice.example.com/desk/twilio/voice"
    signature = validator.compute_signature(url, form)
    used = {name: form[name] for name in ("CallSid", "From", "To", "CallStatus")}
    signed = 0
    for copy in _readings(sorted(form.items())):
        if not validator.validate(url, copy, signature):
            continue
        signed += 1
        if not refusal(copy):
            assert {name: copy.get(name) for name in used} == used, copy
    assert signed > 100, "the search found what it looks for"


def _readings(parts: list[tuple[str, str]]) -> list[dict[str, str]]:
    """Forms of the same text: a part is joined to the one before, or cut anew, or cut in two."""
    found = []
    for place in range(len(parts) - 1):
        text = parts[place][0] + parts[place][1] + parts[place + 1][0] + parts[place + 1][1]
        head, tail = dict(parts[:place]), dict(parts[place + 2 :])
        name = parts[place][0]
        found += [{**head, text[:at]: text[at:], **tail} for at in range(1, len(name) + 1)]
        for cut, end in itertools.product(range(len(name) + 1, len(text)), range(1, 14)):
            here, there = text[len(name) : cut], text[cut + end :]
            if cut + end <= len(text):
                found.append({**head, name: here, text[cut : cut + end]: there, **tail})
    return found
