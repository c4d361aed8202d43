"""Asks the ``action`` of the TwiML what to do when a stream has closed, or did not open."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from agentrun.simulate.caller.refusal import RefusedError
from agentrun.simulate.caller.twilio import twiml
from agentrun.simulate.caller.twilio.media_socket import MediaSocket
from agentrun.simulate.caller.twilio.outgoing_messages import Messages


class NextStream(NamedTuple):
    """A stream that takes the place of one that was closed, and what comes after it."""

    line: MediaSocket
    messages: Messages
    parameters: Mapping[str, str]
    follows: WhatFollows | None


WhatFollows = Callable[[], Awaitable["NextStream | None"]]
Asking = Callable[[str, Mapping[str, str]], Awaitable[twiml.Stream]]
"""Asks an address with a form, signed as the other webhooks of the call are; raises RefusedError."""


def what_follows(
    stream: twiml.Stream,
    webhook_url: str,
    form: Mapping[str, str],
    ask: Asking,
    wait: Callable[[], float] = lambda: 0.0,
) -> WhatFollows | None:
    """What Twilio does once the ``stream`` was closed and somebody is still there: it asks the action.

    ``webhook_url`` gave the stream, ``form`` is what it was asked with. None where there is no action.
    """
    if not stream.action:
        return None
    action = twiml.reachable_action(stream.action, webhook_url)

    async def following() -> NextStream | None:
        try:
            after = await ask(action, {**form, "CallStatus": "in-progress"})
        except RefusedError:
            return None
        further = what_follows(after, action, form, ask, wait)
        try:
            line = await MediaSocket.open(twiml.reachable(after.url, action), wait)
        except RefusedError:
            # a stream that does not open has ended
            return await further() if further else None
        messages = Messages(form["AccountSid"], form["CallSid"], "MZ" + uuid.uuid4().hex)
        return NextStream(line, messages, after.parameters, further)

    return following
