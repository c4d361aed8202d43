"""Health and readiness checks for supervisors and load balancers."""

from __future__ import annotations

import os

from fastapi import APIRouter, HTTPException, Request, Response

from agentrun.server.auth import local_only
from agentrun.server.auth.call_access import is_loopback
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.lifecycle.settings import ServerSettings


def router(switchboard: Switchboard, settings: ServerSettings) -> APIRouter:
    """``GET /health`` is 200 while the process lives; ``GET /ready`` is 503 when it should get no calls.

    That is when it leaves or has stopped, carries as many calls as it can, or while a task that it can't be
    without has died and is being restarted. The status says which.
    """
    routes = APIRouter()
    require_local = local_only.require(settings.local)

    @routes.get("/health")
    async def health(request: Request) -> dict[str, object]:
        report: dict[str, object] = {"status": "stopping" if switchboard.admission.stopped else "ok"}
        if not is_loopback(settings.host):
            return report
        try:
            require_local(request)
        except HTTPException:
            return report
        return {
            **report,
            "agents": sorted(switchboard.plans),
            "calls": switchboard.live,
            "process": os.getpid(),
        }

    @routes.get("/ready")
    async def ready(response: Response) -> dict[str, str]:
        await switchboard.admission.look_elsewhere()
        reason = _reason(switchboard)
        if reason:
            response.status_code = 503
        return {"status": reason or "ready"}

    return routes


def _reason(switchboard: Switchboard) -> str:
    """Why this process should get no calls, or nothing."""
    admission = switchboard.admission
    if admission.stopped:
        return "stopping"
    if admission.leaving:
        return "leaving"
    if failing := switchboard.background.failing:
        return f"restarting: {', '.join(failing)}"
    return "full" if admission.is_full else ""
