"""``leave_voicemail``: the agent leaves a message on an answering machine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from pydantic import Field

from agentrun.call import Call
from agentrun.errors import SpokenOverError, ToolError
from agentrun.spec.models.base import SpecModel, Text
from agentrun.tools.builtin.builtin import Builtin
from agentrun.tools.decorator import tool

BEEP_SECONDS = 1.5
"""A greeting has pauses; a beep ends it, and is followed by silence."""
LONGEST_GREETING_SECONDS = 40.0
_SPOKEN_OVER = (
    "Somebody spoke over the message, so it was not left. If that was the machine, leave it once more. "
    "If a person is there now, talk with them."
)


class Settings(SpecModel):
    """``message`` is what every machine hears; without it the model chooses the words."""

    message: Text | None = Field(default=None)


def make(settings: Settings) -> Callable[..., Awaitable[str]]:
    """The tool: with fixed words, or with the model's."""
    if settings.message is None:
        return leave_voicemail
    fixed = settings.message

    @tool(name="leave_voicemail", timeout="90s", on_interrupt="finish")
    async def leave_fixed(call: Call) -> str:
        """Leave our message on an answering machine and end the call.

        Use it when you hear that a machine has answered and not a person: a recorded greeting, or the wish to
        leave a message after the tone. Say nothing else to it.
        """
        return await leave_voicemail(call, fixed)

    return leave_fixed


@tool(timeout="90s", on_interrupt="finish")
async def leave_voicemail(call: Call, message: str) -> str:
    """Leave a message on an answering machine and end the call.

    Use it when you hear that a machine has answered and not a person: a recorded greeting, or the wish to
    leave a message after the tone. Say nothing else to it.

    Args:
        message: The whole message: who calls, why, and what they should do.
    """
    await call.quiet(BEEP_SECONDS, LONGEST_GREETING_SECONDS)
    try:
        await call.hang_up(message)
    except SpokenOverError:
        raise ToolError(_SPOKEN_OVER) from None
    return "The message was left, and the call is over."


BUILTIN = Builtin(Settings, make)
