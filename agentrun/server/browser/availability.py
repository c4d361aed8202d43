"""Whether this copy can talk to browsers: WebRTC is an extra, for its libraries are heavy."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException

from agentrun.distribution import install_extra
from agentrun.errors import SetupError
from agentrun.plan.plan import Plan
from agentrun.spec.checks.required_extras import BROWSER_MISSING, has_browser


def require(plan: Plan) -> None:
    """Raise SetupError for an agent whose spec asks for the browser where browsers can't be talked to."""
    asked = any(one.type == "local" and one.device == "browser" for one in plan.spec.transport)
    if asked and not has_browser():
        raise SetupError(f"agent '{plan.spec.name}': {BROWSER_MISSING}", install_extra("browser"))


def explanation() -> APIRouter:
    """Routes that answer 501 with what to install, where the page and its calls would be."""
    routes = APIRouter()

    @routes.get("/")
    @routes.api_route("/{agent}/browser/offer", methods=["POST", "PATCH"])
    async def explain() -> None:
        raise HTTPException(501, f"{BROWSER_MISSING}: {install_extra('browser')}")

    return routes
