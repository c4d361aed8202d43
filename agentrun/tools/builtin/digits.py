"""``send_dtmf`` and ``collect_digits``: telephone keys, in both directions."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from agentrun.call import Call
from agentrun.errors import ToolError
from agentrun.tools.builtin.builtin import Builtin, NoSettings
from agentrun.tools.decorator import tool

Keys = Annotated[str, StringConstraints(pattern=r"^[0-9*#]{1,40}$")]


@tool(on_interrupt="finish")
async def send_dtmf(call: Call, digits: Keys) -> str:
    """Press keys of the telephone, for example to get through a menu that you hear.

    Args:
        digits: The keys in order: 0 to 9, * and #.
    """
    await call.send_digits(digits)
    return f"The keys {digits} were pressed."


@tool(timeout="90s")
async def collect_digits(
    call: Call, question: str, most: Annotated[int, Field(ge=1, le=40)] = 20, finish: str = "#"
) -> dict[str, str]:
    """Ask the caller to enter digits on the keys of their telephone, such as a number of an order.

    The caller hears `question`, so don't ask yourself as well.

    Args:
        question: What the caller is asked, with the key that ends the entry.
        most: How many digits to take at most.
        finish: The key that ends the entry.
    """
    digits = await call.collect_digits(question, most, finish)
    if not digits:
        raise ToolError("The caller pressed no keys. Ask whether they would rather say it.")
    return {"digits": digits}


SEND = Builtin(NoSettings, lambda _settings: send_dtmf)
COLLECT = Builtin(NoSettings, lambda _settings: collect_digits)
