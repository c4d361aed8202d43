"""``wait``: gives the caller a moment, without asking whether they are still there."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from agentrun.call import Call
from agentrun.tools.builtin.builtin import Builtin, NoSettings

LONGEST = 120


async def wait(call: Call, seconds: Annotated[int, Field(ge=5, le=LONGEST)] = 60) -> str:
    """Give the caller time, for example to look something up. Use it when they ask you to wait.

    Args:
        seconds: How long the caller may be silent.
    """
    await call.wait(seconds)
    return f"For {seconds} seconds the caller may be silent. Tell them in a few words to take their time."


BUILTIN = Builtin(NoSettings, lambda _settings: wait)
