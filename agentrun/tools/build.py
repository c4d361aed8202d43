"""A function of a plugin becomes a tool."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextvars import copy_context
from pathlib import Path
from typing import Any

from agentrun.call import Call
from agentrun.tools import schema
from agentrun.tools.decorator import ATTRIBUTE, ToolOptions
from agentrun.tools.tool import Tool


def build(function: Callable[..., Any], plugin: str, threads: Executor) -> Tool:
    """The tool of ``function``; raises SignatureProblem when it can't be one.

    ``async def`` runs in the loop, ``def`` in one of ``threads``.
    """
    options: ToolOptions = getattr(function, ATTRIBUTE, ToolOptions())
    signature = schema.read(function)
    is_async = inspect.iscoroutinefunction(function)

    async def run(call: Call, arguments: Mapping[str, Any]) -> Any:
        given = dict(signature.arguments.validate_python(dict(arguments)))
        if signature.call_parameter:
            given[signature.call_parameter] = call
        if is_async:
            return await function(**given)
        context = copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(threads, lambda: context.run(function, **given))

    return Tool(
        name=options.name or function.__name__,
        description=signature.description,
        parameters=signature.parameters,
        plugin=plugin,
        origin=origin(function),
        run=run,
        timeout=options.timeout,
    )


def origin(function: Callable[..., Any]) -> str:
    """``plugins/ncaa.py:12``: where a function stands."""
    code = inspect.unwrap(function).__code__
    path = Path(code.co_filename)
    return f"{path.parent.name}/{path.name}:{code.co_firstlineno}"
