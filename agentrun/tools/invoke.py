"""Runs a tool once and says how it went, in words for the model."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agentrun.call import Call
from agentrun.errors import ToolError
from agentrun.tools.author_errors import AuthoredError, authored
from agentrun.tools.no_response import split
from agentrun.tools.outcome import Outcome
from agentrun.tools.result import as_text
from agentrun.tools.tool import Tool


async def invoke(tool: Tool, call: Call, arguments: Mapping[str, Any]) -> Outcome:
    """Run ``tool`` with the model's ``arguments`` and give what the model is told.

    Never raises but for cancellation of the task that awaits it: arguments that don't fit, a ToolError, a
    timeout, a bug of the tool and a result that JSON can't hold all become words.

    >>> (await invoke(book_table, call, {})).text  # doctest: +SKIP
    "Argument 'guests' is missing. Call again with arguments that fit."
    """
    clock = asyncio.get_running_loop().time
    began = clock()
    outcome = await _attempt(tool, call, arguments)
    return replace(outcome, seconds=round(clock() - began, 3))


async def _attempt(tool: Tool, call: Call, arguments: Mapping[str, Any]) -> Outcome:
    try:
        async with asyncio.timeout(tool.timeout):
            with authored():
                result, silent = split(await tool.run(call, arguments))
                return Outcome("ok", as_text(result), silent=silent)
    except ToolError as error:
        return Outcome("refused", as_text(str(error) or f"{tool.name} could not do that."))
    except TimeoutError:
        text = f"{tool.name} took longer than {tool.timeout:g} s and was stopped; it gave no result."
        return Outcome("timeout", text, f"{tool.origin}: no result after {tool.timeout:g} s")
    except AuthoredError as error:
        return Outcome("failed", _failed(tool), f"{tool.origin}: {error.detail}")
    except asyncio.CancelledError:
        if _we_are_cancelled():
            raise
        detail = f"{tool.origin}: the tool awaited something that was cancelled"
        return Outcome("failed", _failed(tool), detail)


def _we_are_cancelled() -> bool:
    """False when the tool let a cancellation of its own escape: the model must still be answered."""
    task = asyncio.current_task()
    return task is None or task.cancelling() > 0


def _failed(tool: Tool) -> str:
    return f"{tool.name} failed and gave no result."
