"""Whether WebRTC, which is an optional extra, is installed."""

from __future__ import annotations

from fastapi import APIRouter, Depends, HTTPException

from agentrun.distribution import install_extra
from agentrun.errors import SetupError
from agentrun.plan.plan import Plan
from agentrun.server.auth.local_only import LocalCheck
from agentrun.spec.checks.required_extras import BROWSER_MISSING, has_browser


def require(plan: Plan) -> None:
    """Raise SetupError for an agent whose spec asks for the browser where browsers can't be talked to."""
    asked = any(one.type == "local" and one.device == "browser" for one in plan.spec.transport)
    if asked and not has_browser():
        raise SetupError(f"agent '{plan.spec.name}': {BROWSER_MISSING}", install_extra("browser"))


def explanation(require_local: LocalCheck | None) -> APIRouter:
    """Routes that answer 501 where the page and its calls would be.

    Whom ``require_local`` lets in is told what to install; others are not told where this copy lies.
    """
    routes = APIRouter()
    if require_local:

        @routes.get("/", dependencies=[Depends(require_local)])
        async def explain() -> None:
            raise HTTPException(501, f"{BROWSER_MISSING}: {install_extra('browser')}")

    async def refuse() -> None:
        raise HTTPException(501, "calls from browsers are not installed on this server")

    for path in ("/{agent}/browser/offer", "/start", "/api/offer", "/sessions/{session}/api/offer"):
        routes.add_api_route(path, refuse, methods=["POST", "PATCH"])

    return routes
