"""Faults of a tool: what it may do to the call that runs it."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from agentrun import ToolError, tool
from tests.calls.fault_rows.row import ANSWER, Row


async def refuses() -> str:
    """Work."""
    raise ToolError("We are full.")


async def fails() -> str:
    """Work."""
    raise ZeroDivisionError


@tool(timeout=6)
async def hangs() -> str:
    """Work."""
    await asyncio.Event().wait()
    return ""


@tool(timeout=30)
async def is_late() -> str:
    """Work."""
    await asyncio.sleep(20)
    return "done"


async def is_slow() -> str:
    """Work."""
    await asyncio.sleep(3)
    return "done"


@tool(timeout=6)
async def keeps_on() -> str:
    """Work."""
    while True:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(60)


async def exits() -> str:
    """Work."""
    sys.exit(3)


async def is_interrupted() -> str:
    """Work."""
    raise KeyboardInterrupt


async def closes() -> str:
    """Work."""
    raise GeneratorExit


async def has_a_task_that_exits() -> str:
    """Work."""

    async def leave() -> None:
        sys.exit(3)

    await asyncio.gather(asyncio.create_task(leave()), return_exceptions=True)
    return "done"


async def blocks() -> str:
    """Work."""
    time.sleep(3)  # noqa: ASYNC251 - that is the fault
    return ""


async def gives_no_json() -> Any:
    """Work."""
    return object()


async def gives_nothing() -> None:
    """Work."""


async def gives_too_much() -> str:
    """Work."""
    return "x" * 1_000_000


async def wants_a_number(number: int) -> str:
    """Work.

    Args:
        number: Any.
    """
    return str(number)


turn = partial(Row, "tool")
_NAMED: dict[str, tuple[Callable[..., object], Row]] = {}


def _row(function: Callable[..., object], name: str, within: float, record: str) -> Row:
    made = turn(name, None, ANSWER, within, record)
    _NAMED[name] = function, made
    return made


ROWS = (
    _row(refuses, "refuses in words", 4, "refused"),
    _row(fails, "raises", 4, "failed"),
    _row(hangs, "hangs", 7, "timeout"),
    _row(is_slow, "3 s late", 4, "ok"),
    _row(is_late, "20 s late", 7, "ok"),
    _row(keeps_on, "ignores its cancellation", 10, "tool_left_behind"),
    _row(exits, "exits", 4, "failed"),
    _row(is_interrupted, "raises KeyboardInterrupt", 4, "failed"),
    _row(closes, "raises GeneratorExit", 4, "failed"),
    _row(has_a_task_that_exits, "a task of its own exits", 4, "ok"),
    _row(blocks, "blocks the event loop", 4, "failed"),
    _row(gives_no_json, "a result that is no JSON", 4, "failed"),
    _row(gives_nothing, "no result", 4, "ok"),
    _row(gives_too_much, "a result of 1 MB", 4, "ok"),
    _row(wants_a_number, "arguments that don't fit", 4, "refused"),
)


def function_of(row: Row) -> Callable[..., object]:
    """The tool that has the row's fault."""
    return _NAMED[row.name.partition(",")[0]][0]
