"""What a supervisor or a load balancer asks: is the process well, and may it be given calls."""

from __future__ import annotations

import os

from fastapi import APIRouter, HTTPException, Request, Response

from agentrun.server.auth import local_only
from agentrun.server.auth.call_access import is_loopback
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.lifecycle.settings import ServerSettings


def router(switchboard: Switchboard, settings: ServerSettings) -> APIRouter:
    """``GET /health`` is 200 while the process lives; ``GET /ready`` is 503 once it takes no more calls.

    It is 503 as well while a task that the server can't be without has died and is being restarted.
    """
    routes = APIRouter()
    require_local = local_only.require(settings.local)

    @routes.get("/health")
    async def health(request: Request) -> dict[str, object]:
        told: dict[str, object] = {"status": "stopping" if switchboard.admission.stopped else "ok"}
        if not is_loopback(settings.host):
            return told
        try:
            require_local(request)
        except HTTPException:
            return told
        return {
            **told,
            "agents": sorted(switchboard.plans),
            "calls": switchboard.live,
            "process": os.getpid(),
        }

    @routes.get("/ready")
    async def ready(response: Response) -> dict[str, str]:
        if switchboard.admission.stopped:
            response.status_code = 503
            return {"status": "stopping"}
        if failing := switchboard.background.failing:
            response.status_code = 503
            return {"status": f"restarting: {', '.join(failing)}"}
        return {"status": "ready"}

    return routes
