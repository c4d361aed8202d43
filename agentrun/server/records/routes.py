"""A call's record as JSON, for this machine alone."""

from __future__ import annotations

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import JSONResponse

from agentrun.records import cost
from agentrun.server.auth import local_only
from agentrun.server.auth.local_access import LocalAccess
from agentrun.server.calls.switchboard import Switchboard


def router(switchboard: Switchboard, local: LocalAccess) -> APIRouter:
    """``GET /<agent>/calls/<id>``: the record of a live or a past call; 404 when there is none.

    What a live call has cost is estimated from what it has used so far.
    """
    routes = APIRouter(dependencies=[Depends(local_only.require(local))])

    @routes.get("/{agent}/calls/{call_id}")
    async def record(agent: str, call_id: str) -> JSONResponse:
        row = await switchboard.records.find(agent, call_id)
        if row is None:
            raise HTTPException(404, f"no call '{call_id}' of agent '{agent}'")
        return JSONResponse(row if row["ended"] else {**row, "cost": cost.of_row(row)})

    return routes
