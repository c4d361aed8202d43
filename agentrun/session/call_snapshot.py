"""Keeps in the record what another machine would need to resume the call."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable
from typing import Any

from agentrun.call import Call
from agentrun.pipeline.flows.flow import CallFlow
from agentrun.plan.plan import Plan
from agentrun.records import CallRecord
from agentrun.records.resumption import RINGS, Resumption, storable_part
from agentrun.tools.call_tools import CallTools
from agentrun.transports.connection import Control

TRANSFER = "transfer"
"""The built-in tool that transfers the caller, which a transferred call need not run again."""
STORED_SECONDS = 2.0
"""How long a tool that must run only once waits until the store knows that it has begun."""


def follow(
    plan: Plan,
    record: CallRecord,
    call: Call,
    tools: CallTools,
    flow: CallFlow | None,
    earlier: Resumption | None,
) -> None:
    """Keep in ``record`` what another machine would need, if the agent has ``resume: true``.

    ``earlier`` is the state of a call that is resumed here: its tools go on from what they have done.
    """
    if not plan.spec.resume:
        return
    if earlier:
        tools.resume(earlier.runs)

    def snapshot() -> dict[str, Any]:
        state = record.redaction.value(storable_part(call.state))
        parts = {"parameters": dict(call.parameters), "state": state, **tools.snapshot()}
        return {**parts, "node": flow.node, "role_node": flow.role_node} if flow else parts

    async def begun(runs_once: bool) -> None:
        if record.flush:
            storing = asyncio.ensure_future(_whatever_comes(record.flush()))
            await asyncio.wait({storing}, timeout=STORED_SECONDS if runs_once else 0.0)

    record.snapshot, tools.on_begin = snapshot, begun


def close(record: CallRecord, control: Control | None, *, leave: bool, rings_for: float = 0.0) -> bool:
    """Close the line; returns whether another machine can resume the call.

    A call that was transferred, and ``rings_for`` so many seconds at its destination, stays resumable in case
    nobody takes the transfer. A call that is over is no longer resumable.
    """
    if (leave or rings_for) and control and record.snapshot and record.flush:
        control.let_go()
        last = record.snapshot()
        if rings_for:
            unfinished = [one for one in last["unfinished"] if one[0] != TRANSFER]
            last = {**last, "unfinished": unfinished, RINGS: rings_for}
        # tools that are cancelled from now on have begun all the same
        record.snapshot = lambda: last
        return True
    record.snapshot = None
    return False


async def _whatever_comes(work: Awaitable[object]) -> None:
    """Await ``work`` and ignore its errors: the store reports them itself, and the tool runs all the same."""
    with contextlib.suppress(Exception):
        await work
