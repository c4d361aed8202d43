"""The TwiML for a call that a session elsewhere takes."""

from __future__ import annotations

from collections.abc import Mapping

from twilio.twiml.voice_response import Connect, VoiceResponse

from agentrun.plan.plan import Plan
from agentrun.transports.dial_verb import put_through
from agentrun.transports.say_languages import say_language

TRANSFERRED = "transferred_url"
"""The parameter of a stream that names where Twilio asks when a transfer of its call has ended."""
NUMBERS = {"from_number": ("from_number", "from"), "to_number": ("to_number", "to")}
"""The parameters of a stream that say who calls whom, by the names that their TwiML may have."""
OURS = frozenset({TRANSFERRED, *(name for names in NUMBERS.values() for name in names)})
"""Names of a stream's parameters that no caller's side may give."""


def connect(
    stream_url: str,
    callback_url: str,
    from_number: str,
    to_number: str,
    transferred_url: str,
    parameters: Mapping[str, str],
) -> str:
    """Open a stream to ``stream_url``; ``callback_url`` is told how it goes, and asked when it is over.

    The session there is told the numbers, the ``transferred_url`` for its transfers, and the call's own
    ``parameters``, but for those whose names are ours or, with ``_`` before them, Pipecat Cloud's.
    https://www.twilio.com/docs/voice/twiml/stream#statuscallback

    >>> print(connect("wss://there/x", "https://here/y", "", "", "", {})[48:145])
    <Connect><Stream statusCallback="https://here/y" statusCallbackMethod="POST" url="wss://there/x">
    """
    answer, opening = VoiceResponse(), Connect()
    stream = opening.stream(url=stream_url, status_callback=callback_url, status_callback_method="POST")
    own = {name: parameters[name] for name in parameters if name not in OURS and not name.startswith("_")}
    ours = {"from_number": from_number, "to_number": to_number, TRANSFERRED: transferred_url}
    for name, value in {**own, **ours}.items():
        stream.parameter(name=name, value=value)
    answer.append(opening)
    answer.redirect(callback_url, method="POST")
    return str(answer)


def apologize(plan: Plan) -> str:
    """As an agent that can't go on: put the caller through where the spec says so, else its apology."""
    answer, fallback = VoiceResponse(), plan.spec.on_fault
    if fallback is None:
        return refuse(plan, plan.spec.prompts.apology)
    if fallback.say:
        answer.say(fallback.say, language=say_language(plan.language))
    put_through(answer, fallback.transfer)
    return str(answer)


def refuse(plan: Plan, words: str) -> str:
    """The ``words`` of a plugin that refuses the call, or of an apology, and a hang-up."""
    answer = VoiceResponse()
    answer.say(words, language=say_language(plan.language))
    answer.hangup()
    return str(answer)
