"""The TwiML responses to Twilio's webhooks."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fastapi import Response
from twilio.twiml.voice_response import Connect, VoiceResponse

from agentrun.http.socket_addresses import socket_url
from agentrun.plan.language import USUAL
from agentrun.plan.plan import Plan
from agentrun.server.admission.admission import Refusal
from agentrun.transports.say_languages import say_language

UNANSWERED = "unanswered"
SERVER_PARAMETERS = frozenset({"token", "from_number", "to_number", UNANSWERED})
LONGEST_PARAMETER = 499
"""Twilio takes less than 500 characters of a stream's parameter, its name with it.

https://www.twilio.com/docs/voice/twiml/stream#custom-parameters
"""
NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no TwiML can hold: Twilio can't read one with it. https://www.w3.org/TR/xml/#charsets"""


def connect(
    stream_url: str,
    token: str,
    from_number: str,
    to_number: str,
    parameters: Mapping[str, str] | None = None,
    *,
    action: str = "",
    pause: int = 0,
    unanswered: str = "",
    apologizing: Plan | None = None,
) -> str:
    """Open a stream to ``stream_url`` that brings back the ``token`` and the call's own ``parameters``.

    The numbers come back beside the token, which has room for short ones only. ``action`` is asked when the
    stream has ended and the caller is still there; a ``pause`` of so many seconds is before it.
    ``unanswered`` is what Twilio has said of a transfer that nobody took. Without an action, who is still
    there when the stream has ended hears the apology of the agent ``apologizing``: nobody has hung up then.
    https://www.twilio.com/docs/voice/twiml/connect

    >>> print(connect("wss://127.0.0.1/desk/twilio/stream/x", "secret", "", "")[38:106])
    <Response><Connect><Stream url="wss://127.0.0.1/desk/twilio/stream/x
    """
    answer, opening = VoiceResponse(), Connect(action=action) if action else Connect()
    if pause:
        answer.pause(length=pause)
    stream = opening.stream(url=stream_url)
    own = own_parameters(parameters or {})
    ours = {"token": token, "from_number": from_number, "to_number": to_number}
    if unanswered:
        ours[UNANSWERED] = unanswered
    for name, value in {**own, **ours}.items():
        stream.parameter(name=name, value=value)
    answer.append(opening)
    if apologizing and not action:
        answer.say(apologizing.spec.prompts.apology, language=say_language(apologizing.language))
    return str(answer)


def refuse(refusal: Refusal, plan: Plan) -> str:
    """Words in the agent's language and a hang-up for the caller, or a rejection, which costs nothing.

    The words that stand in no spec are English. https://www.twilio.com/docs/voice/twiml/reject
    """
    answer = VoiceResponse()
    if refusal.kind == "blocked":
        answer.reject(reason="rejected")
        return str(answer)
    closed = refusal.kind == "closed" and plan.spec.hours
    words = closed.closed if closed else plan.spec.prompts.busy
    if words is None:
        answer.reject(reason="busy")
        return str(answer)
    are_own = closed or "busy" in plan.spec.prompts.model_fields_set
    answer.say(words, language=say_language(plan.language if are_own else USUAL))
    answer.hangup()
    return str(answer)


def after_transfer(plan: Plan) -> str:
    """Words for a caller whom nobody took to whom they were transferred, and a hang-up.

    Those of the spec are said in the agent's language.
    """
    answer, words = VoiceResponse(), plan.spec.prompts.unanswered
    if words is not None:
        are_own = "unanswered" in plan.spec.prompts.model_fields_set
        answer.say(words, language=say_language(plan.language if are_own else USUAL))
    answer.hangup()
    return str(answer)


def stream_url(public_url: str, agent: str, address: str) -> str:
    """Where Twilio opens the stream of a call: ``address`` is the part by which it is expected.

    >>> stream_url("https://voice.example.com/", "desk", "abc")
    'wss://voice.example.com/desk/twilio/stream/abc'
    """
    return socket_url(public_url, f"{agent}/twilio/stream/{address}")


def route(public_url: str, agent: str, name: str) -> str:
    """Where Twilio finds another route of the agent's.

    >>> route("https://voice.example.com/", "desk", "dispatched")
    'https://voice.example.com/desk/twilio/dispatched'
    """
    return f"{public_url.rstrip('/')}/{agent}/twilio/{name}"


def hang_up() -> str:
    """End the call.

    >>> hang_up()[38:]
    '<Response><Hangup /></Response>'
    """
    answer = VoiceResponse()
    answer.hangup()
    return str(answer)


def response(text: str) -> Response:
    """The answer to Twilio that holds TwiML."""
    return Response(text, media_type="text/xml")


def own_parameters(parameters: Mapping[str, str]) -> dict[str, str]:
    """A stream's parameters without those that are the server's."""
    return {name: value for name, value in parameters.items() if name not in SERVER_PARAMETERS}
