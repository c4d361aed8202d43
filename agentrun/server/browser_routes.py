"""The page's routes: the page itself, the list of agents, and the offer that begins a talk."""

from __future__ import annotations

import json
import secrets
from typing import Any

from aiortc.exceptions import InvalidAccessError, InvalidStateError
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.request_handler import (
    SmallWebRTCPatchRequest,
    SmallWebRTCRequest,
    SmallWebRTCRequestHandler,
)

from agentrun.server import page
from agentrun.server.local_only import require_local
from agentrun.server.switchboard import Switchboard
from agentrun.transports import browser

MOST_OFFER_BYTES = 64 * 1024


def router(switchboard: Switchboard) -> APIRouter:
    """The page's routes; every one of them is for this machine alone."""
    routes = APIRouter(dependencies=[Depends(require_local)])
    handler = SmallWebRTCRequestHandler()
    switchboard.on_close(handler.close)

    @routes.get("/")
    async def show() -> HTMLResponse:
        nonce = secrets.token_urlsafe(16)
        return HTMLResponse(page.html(nonce), headers=page.headers(nonce))

    @routes.get("/agents")
    async def agents() -> list[dict[str, str]]:
        return [
            {
                "name": name,
                "description": plan.spec.description,
                "transport": ", ".join(transport.type for transport in plan.spec.transport),
                "style": plan.spec.pipeline.style,
            }
            for name, plan in switchboard.plans.items()
        ]

    @routes.post("/{agent}/browser/offer")
    async def offer(agent: str, request: Request) -> dict[str, str]:
        return await _answer(switchboard, handler, agent, await _body(request))

    @routes.patch("/{agent}/browser/offer")
    async def candidates(agent: str, request: Request) -> dict[str, str]:
        del agent
        body = await _body(request)
        await handler.handle_patch_request(SmallWebRTCPatchRequest(**body))
        return {"status": "ok"}

    return routes


async def _answer(
    switchboard: Switchboard, handler: SmallWebRTCRequestHandler, agent: str, body: dict[str, Any]
) -> dict[str, str]:
    plan = switchboard.plans.get(agent)
    if plan is None:
        raise HTTPException(404, f"there is no agent '{agent}' here")
    if switchboard.closing:
        raise HTTPException(503, "the server is stopping")
    if not isinstance(body.get("sdp"), str) or body.get("type") != "offer":
        raise HTTPException(400, "an offer has `sdp` and the `type` offer")
    started: list[bool] = []

    async def begin(peer: SmallWebRTCConnection) -> None:
        connection = browser.connect(peer, agent, plan.environ, offline=plan.offline)
        switchboard.answer(plan, connection)
        started.append(True)

    wanted = SmallWebRTCRequest(sdp=body["sdp"], type="offer")
    try:
        answer = await handler.handle_web_request(wanted, begin)
    except (ValueError, InvalidAccessError, InvalidStateError):
        raise HTTPException(400, "the offer can't be understood") from None
    if not answer or not started:
        raise HTTPException(500, "the agent could not be started; the server's log says why")
    return answer


async def _body(request: Request) -> dict[str, Any]:
    """A JSON object of bounded size."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MOST_OFFER_BYTES:
            raise HTTPException(413, "an offer has at most 64 KiB")
    try:
        body = json.loads(raw)
    except ValueError:
        raise HTTPException(400, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise HTTPException(400, "the body is not a JSON object")
    return body
