"""Serves a call's record as JSON, to this machine alone."""

from __future__ import annotations

from fastapi import APIRouter, Depends, HTTPException
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError

from agentrun.records import cost
from agentrun.server.auth import local_only
from agentrun.server.auth.local_access import LocalAccess
from agentrun.server.calls.switchboard import Switchboard


def router(switchboard: Switchboard, local: LocalAccess) -> APIRouter:
    """``GET /<agent>/calls/<id>``: the record of a live or a past call; 404 for none, 503 if nobody can say.

    What a live call has cost is estimated from what it has used so far.
    """
    routes = APIRouter(dependencies=[Depends(local_only.require(local))])

    @routes.get("/{agent}/calls/{call_id}")
    async def record(agent: str, call_id: str) -> JSONResponse:
        try:
            row = await switchboard.records.find(agent, call_id)
        except (TimeoutError, SQLAlchemyError):
            raise HTTPException(503, "the record can't be read now", {"Retry-After": "5"}) from None
        if row is None:
            raise HTTPException(404, f"no call '{call_id}' of agent '{agent}'")
        return JSONResponse(row if row["ended"] else {**row, "cost": cost.of_row(row)})

    return routes
