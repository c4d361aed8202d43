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
from agentrun.records.resumption import Resumption, storable_part
from agentrun.tools.call_tools import CallTools
from agentrun.transports.connection import Control

TRANSFER = "transfer"
"""The built-in tool that hands a caller on, and is done with that."""
STORED_SECONDS = 2.0
"""How long a tool that runs once waits for the store to know that it has begun."""


def follow(
    plan: Plan,
    record: CallRecord,
    call: Call,
    tools: CallTools,
    flow: CallFlow | None,
    earlier: Resumption | None,
) -> None:
    """Have ``record`` say what another machine would need, where the agent's calls may be resumed.

    A call that was ``earlier`` at another one goes on from what its tools have done there.
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


def close(record: CallRecord, control: Control | None, *, leave: bool, transferred: bool = False) -> bool:
    """The line is closed. Whether the call is left for another machine: where one may go on with it.

    One that was ``transferred`` is left for whoever Twilio asks should nobody take the caller. Of a call that
    is over nothing is left that somebody could go on with.
    """
    if (leave or transferred) and control and record.snapshot and record.flush:
        control.let_go()
        last = record.snapshot()
        if transferred:
            last = {**last, "unfinished": [one for one in last["unfinished"] if one[0] != TRANSFER]}
        # what is cancelled from now on has begun all the same
        record.snapshot = lambda: last
        return True
    record.snapshot = None
    return False


async def _whatever_comes(work: Awaitable[object]) -> None:
    """Do ``work``; the store says by itself what is wrong with it, and a tool runs all the same."""
    with contextlib.suppress(Exception):
        await work
