"""The route for Pipecat's eval harness, which exists only with ``--eval`` and on this machine."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Annotated

from fastapi import APIRouter, Depends, Query, WebSocket
from pipecat.evals.serializer import EvalConnectionFlags
from starlette.websockets import WebSocketDisconnect

from agentrun.server.auth.local_only import LocalCheck, require_address
from agentrun.server.calls.switchboard import Switchboard
from agentrun.transports import evaluation

FIRST_MESSAGE_SECONDS = 5.0


def router(switchboard: Switchboard, require_local: LocalCheck = require_address) -> APIRouter:
    """``WS /<agent>/eval``.

    ``?heard=1`` is for callers who speak to an agent that writes, ``?call=ID`` gives the call its name, and
    ``?pace=3`` has the agent write so many words a second, so that it can be interrupted.
    """
    routes = APIRouter(dependencies=[Depends(require_local)])

    @routes.websocket("/{agent}/eval")
    async def evaluate(
        websocket: WebSocket,
        agent: str,
        heard: bool = False,
        call: Annotated[str | None, Query(pattern=r"^[a-zA-Z0-9-]{1,80}$")] = None,
        pace: Annotated[float | None, Query(gt=0, le=100)] = None,
    ) -> None:
        plan = switchboard.plans.get(agent)
        if plan is None or switchboard.closing:
            await websocket.close(1008)
            return
        await websocket.accept()
        flags = await _flags(websocket)
        if flags is None:
            return
        kind = evaluation.EvalOptions(heard=heard, call_id=call, pace=pace)
        line = evaluation.connect(websocket, flags, kind, plan.spec.name, plan.environ, offline=plan.offline)
        await asyncio.wait({switchboard.answer(plan, line)})

    return routes


async def _flags(websocket: WebSocket) -> EvalConnectionFlags | None:
    """What the harness wants to be sent; None where the socket was closed, by it or for its first message."""
    with contextlib.suppress(WebSocketDisconnect):
        try:
            flags = await asyncio.wait_for(evaluation.flags(websocket), FIRST_MESSAGE_SECONDS)
        except TimeoutError:
            flags = None
        if flags is None:
            await websocket.close(1008, "the first message must be an eval-connect")
        return flags
    return None
