"""Checks that the transport supports what the agent does with a call."""

from __future__ import annotations

from collections.abc import Iterator

from agentrun.errors import Problem
from agentrun.spec.loading.spec_file import SpecFile, Where

NEEDS_TELEPHONE = ("transfer", "send_dtmf", "collect_digits")
"""Built-in tools that are nothing without a telephone company on the line."""
TELEPHONES = ("twilio",)


def check(file: SpecFile) -> Iterator[tuple[Where, str, str]]:
    """Every built-in tool that none of the agent's transports can do."""
    kinds = [transport.type for transport in file.spec.transport]
    if any(kind in TELEPHONES for kind in kinds):
        return
    if file.spec.on_fault:
        message = f"calls can't be transferred over transport '{kinds[0]}', which is not a telephone"
        yield ("on_fault",), message, f"add transport: {TELEPHONES[0]}, or remove it"
    for index, entry in enumerate(file.spec.tools):
        if entry.use in NEEDS_TELEPHONE:
            message = f"'{entry.use}' needs a telephone, and transport '{kinds[0]}' has none"
            yield ("tools", index), message, f"add transport: {TELEPHONES[0]}, or remove the tool"


def check_recording(file: SpecFile) -> list[Problem]:
    """A warning where there is nothing to stop, unless another agent hands its calls to this one."""
    message = "this agent records no sound, so there is nothing to stop"
    hint = "add record: {audio: recordings/}, or remove the tool"
    return [
        file.problem(("tools", index), message, hint, "warning")
        for index, entry in enumerate(file.spec.tools)
        if entry.use == "stop_recording" and file.spec.record.audio is None
    ]
