"""The start routes of Pipecat's runner and Pipecat Cloud, so that their pages work unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from agentrun.server.browser import session_sockets
from agentrun.server.browser.offer_access import OfferAccess
from agentrun.server.browser.offer_requests import read_body
from agentrun.server.browser.session_offers import SessionOffers

LONGEST_NAME = 64


def router(access: OfferAccess, sessions: SessionOffers) -> APIRouter:
    """``/start``, ``/api/offer``, ``/sessions/{session}/api/offer`` and ``/sessions/{session}/ws``.

    The agent is the one that ``agentName`` names, or the only one that is served. What ``/start`` answers
    is good for one call, as a start token is, and for the reconnections of that call.
    """
    routes = APIRouter()
    _add_offers(routes, access)
    _add_sessions(routes, sessions)
    routes.include_router(session_sockets.router(access, sessions))

    @routes.post("/start", response_model=None)
    async def start(request: Request) -> Response:
        access.require_origin(request)
        body = await read_body(request, optional=True)
        agent = await _agent(access, body, request)
        if body.get("transport") == "daily" or body.get("createDailyRoom") is True:
            return RedirectResponse(f"/{quote(agent, safe='')}/daily/start", 307)
        await access.admit(agent, request)
        session = sessions.start(agent, body)
        try:
            await access.use(agent, request)
        except BaseException:
            sessions.forget(session)
            raise
        if body.get("transport") == session_sockets.TRANSPORT:
            # Pipecat's client refuses an answer with anything else in it
            return JSONResponse({"wsUrl": session_sockets.address(access, agent, request, session)})
        servers = access.ice_servers.as_json()
        return JSONResponse(
            {"sessionId": session, **({"iceConfig": {"iceServers": servers}} if servers else {})}
        )

    return routes


def _add_offers(routes: APIRouter, access: OfferAccess) -> None:
    """``/api/offer``, as the page of Pipecat's runner asks for it."""

    @routes.post("/api/offer")
    async def offer(request: Request) -> dict[str, str]:
        access.require_origin(request)
        body = await read_body(request)
        return await access.take(await _agent(access, body, request), request, body)

    @routes.patch("/api/offer")
    async def candidates(request: Request) -> dict[str, str]:
        access.require_origin(request)
        body = await read_body(request)
        return await access.take_candidates(await _agent(access, body, request), request, body)


def _add_sessions(routes: APIRouter, sessions: SessionOffers) -> None:
    """``/sessions/{session}/api/offer``, as Pipecat Cloud's clients ask for it."""

    @routes.post("/sessions/{session}/api/offer")
    async def session_offer(session: str, request: Request) -> dict[str, str]:
        return await sessions.take(session, request)

    @routes.patch("/sessions/{session}/api/offer")
    async def session_candidates(session: str, request: Request) -> dict[str, str]:
        return await sessions.take_candidates(session, request)


async def _agent(access: OfferAccess, body: Mapping[str, Any], request: Request) -> str:
    """The agent that is meant; HTTPException 400 where it is not said and there are several.

    Whoever may not start anything is not told how many there are.
    """
    name = body.get("agentName") or request.query_params.get("agentName")
    if isinstance(name, str) and 0 < len(name) <= LONGEST_NAME:
        # JSON has halves of surrogate pairs, which no answer can carry
        return name.encode("utf-8", "replace").decode()
    if not name and len(access.switchboard.plans) == 1:
        return next(iter(access.switchboard.plans))
    try:
        await access.admit("", request)
    except HTTPException as refused:
        if refused.status_code == 401:
            detail = f"{refused.detail}, or a start token with the `agentName` that it is for"
            raise HTTPException(401, detail, refused.headers) from None
        raise
    raise HTTPException(400, f"name the agent as `agentName`, with at most {LONGEST_NAME} characters")
