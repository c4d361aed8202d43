"""What comes after a stream that the agent's server has closed: Twilio asks the action of the TwiML."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from agentrun.simulate.caller.twilio.media_socket import MediaSocket
from agentrun.simulate.caller.twilio.outgoing_messages import Messages


class NextStream(NamedTuple):
    """A stream that takes the place of one that was closed, and what comes after it."""

    line: MediaSocket
    messages: Messages
    parameters: Mapping[str, str]
    follows: WhatFollows | None


WhatFollows = Callable[[], Awaitable["NextStream | None"]]
