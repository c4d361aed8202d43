"""The page's routes: the page itself, the list of agents, and the offer that begins a talk."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Callable
from typing import Any

from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError
from fastapi import APIRouter, Depends, HTTPException, Request
from fastapi.responses import HTMLResponse
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.request_handler import (
    IceCandidate,
    SmallWebRTCPatchRequest,
    SmallWebRTCRequest,
    SmallWebRTCRequestHandler,
)

from agentrun.plan.plan import Plan
from agentrun.server.admission import rejections
from agentrun.server.auth.local_only import LocalCheck, require_address
from agentrun.server.browser import page
from agentrun.server.calls.switchboard import Switchboard
from agentrun.transports import browser

MOST_OFFER_BYTES = 64 * 1024
_UNREADABLE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    InternalError,
    InvalidAccessError,
    InvalidStateError,
    OperationError,
)
"""What aiortc raises, depending on where an SDP or a candidate is wrong."""


def router(
    switchboard: Switchboard,
    require_start: Callable[[Request], None] = require_address,
    require_local: LocalCheck | None = require_address,
) -> APIRouter:
    """The page and the list of agents, for whom ``require_local`` lets in, and not at all without it; the
    offer, for whom ``require_start`` lets in."""
    routes = APIRouter()
    if require_local:
        routes.include_router(_page(switchboard), dependencies=[Depends(require_local)])
    handler = SmallWebRTCRequestHandler()
    switchboard.on_close(handler.close)

    @routes.post("/{agent}/browser/offer", dependencies=[Depends(require_start)])
    async def offer(agent: str, request: Request) -> dict[str, str]:
        return await _answer(switchboard, handler, agent, await _body(request))

    @routes.patch("/{agent}/browser/offer", dependencies=[Depends(require_start)])
    async def candidates(agent: str, request: Request) -> dict[str, str]:
        _plan(switchboard, agent)
        wanted = _patch(await _body(request))
        try:
            await handler.handle_patch_request(wanted)
        except _UNREADABLE:
            raise HTTPException(400, "the candidates can't be understood") from None
        return {"status": "ok"}

    return routes


def _page(switchboard: Switchboard) -> APIRouter:
    routes = APIRouter()

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

    return routes


async def _answer(
    switchboard: Switchboard, handler: SmallWebRTCRequestHandler, agent: str, body: dict[str, Any]
) -> dict[str, str]:
    """The answer to an offer, once a session is at work behind it; an HTTPException otherwise."""
    plan = _plan(switchboard, agent)
    if not isinstance(body.get("sdp"), str) or body.get("type") != "offer":
        raise HTTPException(400, "an offer has `sdp` and the `type` offer")
    if "m=audio" not in body["sdp"]:
        raise HTTPException(400, "an offer has a line for audio")
    call_id = uuid.uuid4().hex
    if refusal := switchboard.admission.ask(plan, call_id):
        raise rejections.in_http(refusal)
    peers: list[SmallWebRTCConnection] = []
    started: list[bool] = []

    async def begin(peer: SmallWebRTCConnection) -> None:
        peers.append(peer)
        if not switchboard.closing:
            connection = browser.connect(peer, agent, plan.environ, offline=plan.offline, call_id=call_id)
            switchboard.answer(plan, connection)
            started.append(True)

    wanted = SmallWebRTCRequest(sdp=body["sdp"], type="offer")
    try:
        answer = await handler.handle_web_request(wanted, begin)
    except _UNREADABLE:
        raise HTTPException(400, "the offer can't be understood") from None
    finally:
        if not started:
            switchboard.admission.release(agent, call_id)
    if answer and started:
        return answer
    for peer in peers:
        await peer.disconnect()
    if switchboard.closing:
        raise HTTPException(503, "the server is stopping")
    raise HTTPException(500, "the agent could not be started; the server's log says why")


def _plan(switchboard: Switchboard, agent: str) -> Plan:
    """The plan of ``agent``; an HTTPException where nobody would answer."""
    plan = switchboard.plans.get(agent)
    if plan is None:
        raise HTTPException(404, f"there is no agent '{agent}' here")
    if switchboard.closing:
        raise HTTPException(503, "the server is stopping")
    return plan


def _patch(body: dict[str, Any]) -> SmallWebRTCPatchRequest:
    """ICE candidates that came late, each with its ``candidate``, ``sdp_mid`` and ``sdp_mline_index``."""
    try:
        found = [
            IceCandidate(str(one["candidate"]), str(one["sdp_mid"]), int(one["sdp_mline_index"]))
            for one in body["candidates"]
        ]
        return SmallWebRTCPatchRequest(pc_id=str(body["pc_id"]), candidates=found)
    except (LookupError, TypeError, ValueError):
        raise HTTPException(400, "candidates come with their `pc_id`, `sdp_mid` and index") from None


async def _body(request: Request) -> dict[str, Any]:
    """A JSON object of bounded size."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MOST_OFFER_BYTES:
            raise HTTPException(413, "an offer has at most 64 KiB")
    try:
        body = json.loads(raw)
    except (RecursionError, ValueError):
        raise HTTPException(400, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise HTTPException(400, "the body is not a JSON object")
    return body
