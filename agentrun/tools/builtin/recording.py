"""``stop_recording``: stops and deletes the recording at the caller's wish."""

from __future__ import annotations

from agentrun.call import Call
from agentrun.tools.builtin.builtin import Builtin, NoSettings
from agentrun.tools.decorator import tool


@tool(timeout="20s", on_interrupt="finish")
async def stop_recording(call: Call) -> str:
    """Stop the recording of this call and delete it. Use it when the caller doesn't want to be recorded."""
    if await call.stop_recording():
        return "The recording has stopped, and what was recorded is deleted. The call can go on."
    return "This call is not recorded."


BUILTIN = Builtin(NoSettings, lambda _settings: stop_recording)
