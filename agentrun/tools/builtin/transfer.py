"""``transfer``: the agent transfers the caller to a destination from the spec."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

from pydantic import Field

from agentrun.call import Call
from agentrun.spec.models.base import SpecModel, Text
from agentrun.spec.values.destinations import Destination
from agentrun.tools.builtin.builtin import Builtin
from agentrun.tools.decorator import tool


class Settings(SpecModel):
    """``to`` names everybody to whom the model may transfer a call."""

    to: dict[Text, Destination] = Field(min_length=1, examples=[{"front desk": "+15551234567"}])


def make(settings: Settings) -> Callable[[Call, str, str], Awaitable[str]]:
    """The tool: the model chooses a name of ``settings.to`` and never sees a number."""

    @tool(timeout="40s")
    async def transfer(call: Call, to: str, words: str) -> str:
        """Hand the caller to somebody else and leave the call. Use it when the caller asks for it.

        The caller hears `words` first, so don't announce it yourself as well.

        Args:
            to: Who is to take the call.
            words: What the caller hears before, such as: I will put you through to billing.
        """
        await call.transfer(settings.to[to], words)
        return f"The caller was handed to {to}."

    transfer.__annotations__["to"] = Literal[tuple(settings.to)]
    return transfer


BUILTIN = Builtin(Settings, make)
