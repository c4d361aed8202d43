"""Calls of a tool that block the event loop, in words for whoever wrote it."""

from __future__ import annotations

from collections.abc import Iterator

from agentrun.errors import Problem
from agentrun.plugins.blocking_calls.search import BlockingCall, search
from agentrun.tools.tool import Tool


def problems(tool: Tool) -> Iterator[Problem]:
    """A warning for each such call of ``tool``, at its line of the plugin."""
    for call in search(tool.function) if tool.function else ():
        through = f", which it calls in '{call.helper}'," if call.helper else ""
        message = (
            f"'{call.name}'{through} blocks the event loop: until it returns, no other async code of the "
            "plugin gets on"
        )
        where = f"tool '{tool.name}'"
        yield Problem(call.path, call.line, call.column, where, message, _hint(tool, call), "warning")


def _hint(tool: Tool, call: BlockingCall) -> str:
    name = call.name.replace("()", "")
    thread = f"await asyncio.to_thread({name if name == call.name else 'client.' + name.split('.')[-1]}, ...)"
    instead = f"use {call.instead}, or " if call.instead else ""
    return f"write `def {tool.name}` without `async`, which runs in a thread; or {instead}{thread}"
