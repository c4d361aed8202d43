"""``hang_up``: the agent ends the call."""

from __future__ import annotations

from agentrun.call import Call
from agentrun.tools.builtin.builtin import Builtin, NoSettings
from agentrun.tools.decorator import tool


@tool(timeout="40s")
async def hang_up(call: Call, goodbye: str) -> str:
    """End the call. Use it when the caller says goodbye or has nothing more to ask.

    The caller hears `goodbye` and then the call ends, so don't say goodbye yourself as well.

    Args:
        goodbye: The last words that the caller hears, in the caller's language.
    """
    await call.hang_up(goodbye)
    return "The call is over."


BUILTIN = Builtin(NoSettings, lambda _settings: hang_up)
