"""Builds a tool from a plugin's function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from contextvars import copy_context
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agentrun.call import Call
from agentrun.tools.arguments import function_schema
from agentrun.tools.arguments.argument_check import Signature
from agentrun.tools.decorator import ATTRIBUTE, ToolOptions
from agentrun.tools.results.listed import listed
from agentrun.tools.tool import Runner, Tool

if TYPE_CHECKING:
    from agentrun.tools.running.threads import Threads


def build(function: Callable[..., Any], plugin: str, home: str | None = None) -> Tool:
    """Make a tool of ``function``; raises SignatureError if it can't be one.

    ``async def`` runs in the loop that a server has for ``home``, or else in the call's. ``def`` runs in a
    thread of the tool's own, with the caller's context variables.
    """
    options: ToolOptions = getattr(function, ATTRIBUTE, ToolOptions())
    signature = function_schema.read(function)
    name = options.name or function.__name__
    in_loop = inspect.iscoroutinefunction(function)
    return Tool(
        name=name,
        description=signature.description,
        parameters=signature.parameters,
        plugin=plugin,
        origin=origin(function),
        run=_runner(function, signature, None if in_loop else _threads(name)),
        timeout=options.timeout,
        say=options.say,
        say_after=options.say_after,
        on_interrupt=options.on_interrupt,
        once_per_call=options.once_per_call,
        confirm=options.confirm,
        check=signature.check,
        function=function,
        home=home if in_loop else None,
    )


def _threads(name: str) -> Threads:
    from agentrun.tools.running.threads import Threads  # for plain functions alone

    return Threads(name)


def _runner(function: Callable[..., Any], signature: Signature, threads: Threads | None) -> Runner:
    async def run(call: Call, arguments: Mapping[str, Any]) -> Any:
        values = {**signature.check(arguments), **dict.fromkeys(signature.call_parameters, call)}
        if threads is None:
            return listed(await function(**values))
        import asyncio  # not for a check, which runs no tool

        work = partial(copy_context().run, lambda: listed(function(**values)))
        result = await asyncio.get_running_loop().run_in_executor(threads, work)
        # A plain function that wraps an async one hands back something to await.
        return listed(await result) if inspect.isawaitable(result) else result

    return run


def origin(function: Callable[..., Any]) -> str:
    """Where a function is defined, such as ``plugins/ncaa.py:12``."""
    code = inspect.unwrap(function).__code__
    path = Path(code.co_filename)
    return f"{path.parent.name}/{path.name}:{code.co_firstlineno}"
