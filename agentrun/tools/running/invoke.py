"""Runs a tool once, and reports the outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from loguru import logger

from agentrun.call import Call
from agentrun.errors import ToolError, UnavailableError
from agentrun.tools.author_errors import AuthoredError, words_of
from agentrun.tools.results import whole_result
from agentrun.tools.results.no_response import split
from agentrun.tools.results.outcome import Outcome
from agentrun.tools.results.result import UnreadableResultError, as_text
from agentrun.tools.running import plugin_loops
from agentrun.tools.running.contained_tasks import contained
from agentrun.tools.running.loop_guard import GuardedSteps
from agentrun.tools.tool import Tool

TIDY_SECONDS = 0.1
"""How long the model waits for a tool to clean up after its timeout."""
LET_GO_SECONDS = 0.3
"""How long a tool that is cancelled may clean up before it is left behind."""
LEAVE_SECONDS = 2 * LET_GO_SECONDS
"""How long the end of one in another loop is waited for: until it is known to be left behind."""


async def invoke(
    tool: Tool,
    call: Call,
    arguments: Mapping[str, Any],
    on_left_behind: Callable[[Tool], None] | None = None,
) -> Outcome:
    """Run ``tool`` with the model's ``arguments``, and return the outcome.

    Never raises but for cancellation of the task that awaits it: arguments that don't fit, a ToolError, a
    timeout, a bug of the tool and a result that JSON can't hold all become words. The tool runs in a task of
    its own: one that does not end ``LET_GO_SECONDS`` after its cancellation is left behind, named in the log,
    and told to ``on_left_behind``.

    >>> (await invoke(book_table, call, {})).text  # doctest: +SKIP
    "Argument 'guests' is missing. Call again with arguments that fit."
    """
    began = asyncio.get_running_loop().time()
    work = asyncio.create_task(_attempt(tool, call, arguments), name=f"tool {tool.name}")
    try:
        await asyncio.wait({work}, timeout=tool.timeout)
    except asyncio.CancelledError:
        _cancel(work, tool, on_left_behind)
        raise
    if work.done():
        return _timed(_ended(work, tool), began)
    _cancel(work, tool, on_left_behind)
    await asyncio.wait({work}, timeout=TIDY_SECONDS)
    text = f"{tool.name} took longer than {tool.timeout:g} s and was stopped; it gave no result."
    detail = f"{tool.origin}: no result after {tool.timeout:g} s"
    return _timed(Outcome("timeout", text, detail), began)


def _timed(outcome: Outcome, began: float) -> Outcome:
    return replace(outcome, seconds=round(asyncio.get_running_loop().time() - began, 3))


def _ended(work: asyncio.Task[Outcome], tool: Tool) -> Outcome:
    if not work.cancelled():
        return work.result()
    text = f"{tool.origin}: the tool awaited something that was cancelled"
    return Outcome("failed", _failed(tool), text)


async def _attempt(tool: Tool, call: Call, arguments: Mapping[str, Any]) -> Outcome:
    try:
        with contained():
            result, silent = split(await _run(tool, call, arguments))
        content, data = whole_result.split(result)
        return Outcome("ok", as_text(content), silent=silent, data=data)
    except UnreadableResultError as error:
        return Outcome("failed", _failed(tool), f"{tool.origin}: {error}")
    except UnavailableError as error:
        return Outcome("refused", str(error), error.why)
    except ToolError as error:
        return Outcome("refused", as_text(words_of(error) or f"{tool.name} could not do that."))
    except asyncio.CancelledError:
        raise
    except BaseException as error:  # noqa: BLE001 - a tool that exits, or closes itself, ends itself alone
        return Outcome("failed", _failed(tool), f"{tool.origin}: {AuthoredError(error).detail}")


async def _run(tool: Tool, call: Call, arguments: Mapping[str, Any]) -> Any:
    """In the loop that the server has for the tool's plugin, or else watched in this one."""
    loops = plugin_loops.of_running_loop() if tool.home else None
    if loops is None or tool.home is None:
        return await GuardedSteps(_here(tool, call, arguments), tool.allowance)
    return await loops.run(
        tool.home, lambda remote: _here(tool, remote(call), arguments), f"tool {tool.name}", LEAVE_SECONDS
    )


async def _here(tool: Tool, call: Call, arguments: Mapping[str, Any]) -> Any:
    return await tool.run(call, arguments)


def _cancel(work: asyncio.Task[Outcome], tool: Tool, on_left_behind: Callable[[Tool], None] | None) -> None:
    """Cancel ``work`` without waiting for it, and report it if it does not end."""

    def look() -> None:
        if not work.done():
            logger.error("tool {} ({}) ignores its cancellation and is left behind", tool.name, tool.origin)
            if on_left_behind:
                on_left_behind(tool)

    work.cancel()
    # asyncio waits for every task that it knows of before it ends: this one may never do so
    asyncio._unregister_task(work)
    asyncio.get_running_loop().call_later(LET_GO_SECONDS, look)


def _failed(tool: Tool) -> str:
    return f"{tool.name} failed and gave no result."
