"""Sessions over a WebSocket, for pages with Pipecat's WebSocket transport."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping

from fastapi import APIRouter, HTTPException, Request, WebSocket
from fastapi.responses import JSONResponse
from loguru import logger

from agentrun.http.socket_addresses import socket_url
from agentrun.plan.plan import Plan
from agentrun.server.admission import rejections
from agentrun.server.browser.offer_access import OfferAccess
from agentrun.server.browser.offer_requests import credential_of
from agentrun.server.browser.session_offers import SessionOffers

TRANSPORT = "websocket"
"""What a start asks for it with."""
NOT_STARTED = 1011
"""RFC 6455 section 7.4.1: what was to be done could not be."""


def address(access: OfferAccess, agent: str, request: Request, session: str) -> str:
    """Where the page that has asked for ``session`` of ``agent`` opens its socket.

    It is below the agent's public address, where there is one. A page that shows nothing is let in on this
    machine alone, so it stays at the address that it has asked.
    """
    plan = access.switchboard.plans.get(agent)
    if plan and plan.public_url and credential_of(request):
        asked = plan.public_url
    else:
        forwarded = request.headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
        scheme = "https" if "https" in (forwarded, request.url.scheme) else "http"
        asked = f"{scheme}://{request.headers.get('host', '')}"
    return socket_url(asked, f"sessions/{session}/ws")


def router(access: OfferAccess, sessions: SessionOffers) -> APIRouter:
    """``WS /sessions/{session}/ws``: the session's name is all that it shows, and good for one call."""
    routes = APIRouter()

    @routes.websocket("/sessions/{session}/ws")
    async def talk(websocket: WebSocket, session: str) -> None:
        call_id = uuid.uuid4().hex
        try:
            plan, parameters = await _admit(access, sessions, websocket, session, call_id)
        except HTTPException as refused:
            detail = {"detail": refused.detail}
            await websocket.send_denial_response(JSONResponse(detail, refused.status_code, refused.headers))
            return
        await _serve(access, plan, websocket, call_id, parameters)

    return routes


async def _admit(
    access: OfferAccess, sessions: SessionOffers, websocket: WebSocket, session: str, call_id: str
) -> tuple[Plan, Mapping[str, str]]:
    """Whom the page talks to and what it has said of its user, with a place for the call; HTTPException."""
    access.require_origin(websocket)
    plan, _ = await sessions.redeem(session, use=False)
    admission, agent = access.switchboard.admission, plan.spec.name
    if refusal := await admission.ask(plan, call_id):
        raise rejections.in_http(refusal)
    try:
        return await sessions.redeem(session, use=True)
    except BaseException:
        admission.release(agent, call_id)
        raise


async def _serve(
    access: OfferAccess, plan: Plan, websocket: WebSocket, call_id: str, parameters: Mapping[str, str]
) -> None:
    """Hold the call until it is over."""
    # for a page that asks for it, as WebRTC's is
    from agentrun.pipeline.audio.resampling import PromptResampler
    from agentrun.transports import page_socket

    switchboard, agent = access.switchboard, plan.spec.name
    try:
        await page_socket.accept(websocket)
        connection = page_socket.connect(
            websocket,
            agent,
            plan.environ,
            PromptResampler(),
            offline=plan.offline,
            call_id=call_id,
            parameters=parameters,
        )
        call = switchboard.answer(plan, connection)
    except Exception as error:  # noqa: BLE001 - it costs this call alone
        logger.opt(exception=error).error("a call of {} could not be started", agent)
        switchboard.admission.release(agent, call_id)
        await websocket.close(NOT_STARTED, "the agent could not be started")
        return
    await asyncio.wait({call})
