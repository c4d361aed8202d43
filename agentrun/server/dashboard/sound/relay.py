"""Relays another process's response while it arrives."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import aiohttp
from fastapi import HTTPException
from fastapi.responses import Response
from starlette.types import Receive, Scope, Send

from agentrun.server.dashboard.sound.breaking_answer import BreakingAnswer
from agentrun.server.forwarding.forwarding import Body, Forwarding

MOST_PROCESSES = 64
"""Of one machine that are asked whether a call is theirs."""
_KEPT = (
    "Accept-Ranges",
    "Cache-Control",
    "Content-Length",
    "Content-Range",
    "Content-Type",
    "ETag",
    "Last-Modified",
    "X-Accel-Buffering",
)


class _Relay(BreakingAnswer):
    """The other process is let go when this answer is over, also one that was never begun."""

    def __init__(self, there: aiohttp.ClientResponse, stack: contextlib.AsyncExitStack) -> None:
        headers = {name: there.headers[name] for name in _KEPT if name in there.headers}
        super().__init__(there.content.iter_any(), there.status, headers, source="another process")
        self._stack = stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._stack:
            await super().__call__(scope, receive, send)


async def answer(asking: contextlib.AbstractAsyncContextManager[aiohttp.ClientResponse]) -> Response:
    """The answer to a question; raises HTTPException where there is none."""
    async with contextlib.AsyncExitStack() as stack:
        there = await stack.enter_async_context(asking)
        return _Relay(there, stack.pop_all())


async def of_machine(
    forwarding: Forwarding, row: Mapping[str, Any], what: str, body: Body
) -> Response | None:
    """What the process says that has a call: one of the call's machine, each of which is asked in turn.

    None where no process can be asked, or none has it. Raises HTTPException with what the one that has it
    says, or where one that may have it does not answer.
    """
    me, error = forwarding.processes.process, None
    others = (each for each in forwarding.processes.at(row.get("machine") or "") if each.id != me.id)
    for owner in [each for each in others if forwarding.is_reachable(each)][:MOST_PROCESSES]:
        try:
            return await answer(forwarding.asking(owner, what, body, None))
        except HTTPException as refusal:
            if refusal.status_code not in (404, 503):
                raise
            # one that has died a moment ago keeps nobody from asking the others
            error = error if refusal.status_code == 404 else refusal
    if error:
        raise error
    return None
