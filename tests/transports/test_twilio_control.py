"""What Twilio is told to do with a call in progress."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from agentrun.transports import twilio_rest
from agentrun.transports.twilio_control import AfterTransfer, TwilioControl


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The TwiML that Twilio is given."""
    answers: list[str] = []

    async def hand_on(_sid: str, twiml: str) -> None:
        answers.append(twiml)

    monkeypatch.setattr(twilio_rest, "account", lambda _environ: SimpleNamespace(hand_on=hand_on))
    return answers


async def test_words_before_a_transfer_are_said_in_the_agents_language(told: list[str]) -> None:
    await TwilioControl("MZ1", "CA1", {}).transfer("+4930123", "Einen Moment.", "de")
    assert '<Say language="de-DE">Einen Moment.</Say><Dial>+4930123</Dial>' in told[0]


@pytest.mark.parametrize(
    ("to", "dialled"),
    [
        ("+15551234567;ext=12#", '<Dial><Number sendDigits="ww12#">+15551234567</Number></Dial>'),
        ("sip:desk@example.com;transport=tls", "<Dial><Sip>sip:desk@example.com;transport=tls</Sip></Dial>"),
        (
            "sips:desk@example.com?x-a=1&x-b=2",
            "<Dial><Sip>sips:desk@example.com?x-a=1&amp;x-b=2</Sip></Dial>",
        ),
    ],
)
async def test_an_extension_is_pressed_and_an_address_of_sip_is_called(
    told: list[str], to: str, dialled: str
) -> None:
    await TwilioControl("MZ1", "CA1", {}).transfer(to)
    assert told[0].endswith(f"<Response>{dialled}</Response>")
    await TwilioControl("MZ1", "CA1", {}, AfterTransfer("https://here/x")).transfer(to)
    assert told[1].endswith(
        f"<Response>{dialled}</Response>".replace("<Dial>", '<Dial action="https://here/x">')
    )


async def test_an_apology_is_said_in_the_agents_language(told: list[str]) -> None:
    assert await TwilioControl("MZ1", "CA1", {}).speak("Verzeihung.", "de")
    assert '<Say language="de-DE">Verzeihung.</Say><Hangup' in told[0]


def test_a_mark_that_nobody_waits_for_is_forgotten() -> None:
    control = TwilioControl("MZ1", "CA1", {})
    for _ in range(100):
        control.mark()
    _, waited_for = control.mark()
    assert len(control._marks) == 1
    control.echoed(next(iter(control._marks)))
    assert waited_for.is_set()
