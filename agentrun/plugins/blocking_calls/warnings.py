"""Warnings about calls that block the event loop, addressed to the plugin's author."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from agentrun.errors import Problem
from agentrun.plugins.blocking_calls.search import BlockingCall, search
from agentrun.plugins.call_hooks import CallHooks
from agentrun.tools.tool import Tool


def problems(tools: Iterable[Tool], hooks: Iterable[CallHooks] = ()) -> Iterator[Problem]:
    """A warning for each such call of ``tools`` and of ``hooks``, at its line of the plugin."""
    for tool in tools:
        if tool.function:
            yield from _problems(f"tool '{tool.name}'", tool.function)
    for each in hooks:
        for function, _ in each.every:
            yield from _problems(f"plugin '{each.plugin}'", function)


def _problems(where: str, function: Callable[..., Any]) -> Iterator[Problem]:
    for call in search(function):
        through = f", which it calls in '{call.helper}'," if call.helper else ""
        message = (
            f"'{call.name}'{through} blocks the event loop: until it returns, no other async code of the "
            "plugin runs"
        )
        hint = _hint(function.__name__, call)
        yield Problem(call.path, call.line, call.column, where, message, hint, "warning")


def _hint(function: str, call: BlockingCall) -> str:
    name = call.name.replace("()", "")
    thread = f"await asyncio.to_thread({name if name == call.name else 'client.' + name.split('.')[-1]}, ...)"
    instead = f"use {call.instead}, or " if call.instead else ""
    return f"write `def {function}` without `async`, which runs in a thread; or {instead}{thread}"
