"""The page's routes: the page itself, the list of agents, and WebRTC offers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import FileResponse

from agentrun.server.auth.local_only import LocalCheck, require_address
from agentrun.server.browser import page, pipecat_routes
from agentrun.server.browser.forwarded import answer_others
from agentrun.server.browser.ice_servers import IceServers
from agentrun.server.browser.offer_access import OfferAccess, StartCheck
from agentrun.server.browser.session_offers import SessionOffers
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.forwarding.forwarding import Forwarding


def router(
    switchboard: Switchboard,
    require_start: StartCheck = require_address,
    require_local: LocalCheck | None = require_address,
    require_origin: LocalCheck = require_address,
    forwarding: Forwarding | None = None,
    ice_servers: IceServers | None = None,
) -> APIRouter:
    """The page and the list of agents, for whom ``require_local`` lets in, and not at all without it; the
    offer, for whom ``require_start`` lets in. A browser that is on a call may offer again from where
    ``require_origin`` allows; with ``forwarding`` also where another process of the server has its call.
    ``ice_servers`` are used for calls, and told to pages that ask for a session."""
    routes = APIRouter()
    if require_local:
        routes.include_router(_page(switchboard), dependencies=[Depends(require_local)])
    access = OfferAccess(switchboard, require_start, require_origin, forwarding, ice_servers)
    sessions = SessionOffers(access)
    if forwarding:
        answer_others(forwarding, access, sessions)

    @routes.post("/{agent}/browser/offer")
    async def offer(agent: str, request: Request) -> dict[str, str]:
        return await access.take(agent, request)

    @routes.patch("/{agent}/browser/offer")
    async def candidates(agent: str, request: Request) -> dict[str, str]:
        return await access.take_candidates(agent, request)

    routes.include_router(pipecat_routes.router(access, sessions))
    return routes


def _page(switchboard: Switchboard) -> APIRouter:
    routes = APIRouter()

    @routes.get("/")
    async def show() -> FileResponse:
        return FileResponse(page.HTML, headers=page.HEADERS)

    @routes.get("/console/{name}")
    async def part(name: str) -> FileResponse:
        path = page.FILES.get(name)
        if path is None:
            raise HTTPException(404, "there is no such file")
        return FileResponse(path, headers={"Cache-Control": "no-cache"})

    @routes.get("/agents")
    async def agents() -> list[dict[str, Any]]:
        return [
            {
                "name": name,
                "description": plan.spec.description,
                "transport": ", ".join(transport.type for transport in plan.spec.transport),
                "style": plan.spec.pipeline.style,
                "refused": [asdict(problem) for problem in switchboard.refused.get(name, ())],
            }
            for name, plan in switchboard.plans.items()
        ]

    return routes
