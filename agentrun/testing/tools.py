"""Calls one tool as in a call: with schema, validation, timeout, and the model's view of the result."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from agentrun.call import Call
from agentrun.tools.build import build
from agentrun.tools.results.outcome import Outcome
from agentrun.tools.running.invoke import invoke


def call_tool(
    function: Callable[..., Any], arguments: Mapping[str, Any] | None = None, call: Call | None = None
) -> Outcome:
    """Run ``function`` as the model's call of it would, and give what the model is told.

    The result's ``status`` is ``ok``, ``refused`` (arguments that don't fit, or a ToolError), ``failed`` or
    ``timeout``; ``text`` is what the model reads, ``seconds`` how long it took. ``call`` is what a parameter
    typed ``Call`` gets. Raises PluginError when the function can't be a tool, with the reason.
    """
    tool = build(function, "test")
    on = call or Call(id="test", agent="test", transport="test", environ={}, offline=True)
    return asyncio.run(invoke(tool, on, dict(arguments or {})))
