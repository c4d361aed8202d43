"""TwiML that transfers a caller: https://www.twilio.com/docs/voice/twiml/dial."""

from __future__ import annotations

from twilio.twiml.voice_response import VoiceResponse

from agentrun.spec.values.destinations import is_sip, number_and_keys

NOT_TAKEN = {
    "busy": "the line there was busy",
    "no-answer": "nobody answered there",
    "failed": "the call could not be put through there",
}
"""Why nobody took a caller, by ``DialCallStatus`` and by the status of the call that was dialled.

https://www.twilio.com/docs/voice/twiml/dial#action. With any other one that ends it, somebody has talked with
the caller, or the caller has hung up.
"""
_BEFORE_KEYS = "ww"
"""One second, in which what has answered gets ready to hear keys."""


def put_through(answer: VoiceResponse, to: str, action: str | None = None, ring: float | None = None) -> None:
    """Add to ``answer`` that ``to`` is dialled, and rings for ``ring`` seconds; ``action`` is asked after it.

    >>> answer = VoiceResponse()
    >>> put_through(answer, "+15551234567;ext=12")
    >>> str(answer).partition('?>')[2]
    '<Response><Dial><Number sendDigits="ww12">+15551234567</Number></Dial></Response>'
    """
    number, keys = number_and_keys(to)
    dial = answer.dial(None if is_sip(to) or keys else to, action=action, timeout=ring and round(ring))
    if is_sip(to):
        dial.sip(to)
    elif keys:
        dial.number(number, send_digits=_BEFORE_KEYS + keys)
