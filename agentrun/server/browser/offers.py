"""Offers of browsers, which begin a talk over WebRTC. Loading this takes 30 MB, and a second."""

from __future__ import annotations

import uuid
from typing import Any

from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError
from fastapi import HTTPException
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection
from pipecat.transports.smallwebrtc.request_handler import (
    IceCandidate,
    SmallWebRTCPatchRequest,
    SmallWebRTCRequest,
    SmallWebRTCRequestHandler,
)

from agentrun.plan.plan import Plan
from agentrun.server.admission import rejections
from agentrun.server.calls.switchboard import Switchboard
from agentrun.transports import browser

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


class Offers:
    """Answers offers, and takes the candidates that come behind them, for the agents of ``switchboard``."""

    def __init__(self, switchboard: Switchboard) -> None:
        self._switchboard = switchboard
        self._handler = SmallWebRTCRequestHandler()
        switchboard.on_close(self._handler.close)

    async def answer(self, plan: Plan, body: dict[str, Any]) -> dict[str, str]:
        """The answer to an offer, once a session is at work behind it; an HTTPException otherwise."""
        switchboard, agent = self._switchboard, plan.spec.name
        if not isinstance(body.get("sdp"), str) or body.get("type") != "offer":
            raise HTTPException(400, "an offer has `sdp` and the `type` offer")
        if "m=audio" not in body["sdp"]:
            raise HTTPException(400, "an offer has a line for audio")
        call_id = uuid.uuid4().hex
        if refusal := await switchboard.admission.ask(plan, call_id):
            raise rejections.in_http(refusal)
        peers: list[SmallWebRTCConnection] = []
        started: list[bool] = []

        async def begin(peer: SmallWebRTCConnection) -> None:
            peers.append(peer)
            if not switchboard.closing:
                connection = browser.connect(peer, agent, plan.environ, offline=plan.offline, call_id=call_id)
                switchboard.answer(plan, connection)
                started.append(True)

        offer = SmallWebRTCRequest(sdp=body["sdp"], type="offer")
        try:
            answer = await self._handler.handle_web_request(offer, begin)
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

    async def take_candidates(self, body: dict[str, Any]) -> None:
        """Add ICE candidates to an offer; an HTTPException where they can't be understood."""
        patch = _patch(body)
        try:
            await self._handler.handle_patch_request(patch)
        except _UNREADABLE:
            raise HTTPException(400, "the candidates can't be understood") from None


def _patch(body: dict[str, Any]) -> SmallWebRTCPatchRequest:
    """ICE candidates that came late, each with its ``candidate``, ``sdp_mid`` and ``sdp_mline_index``."""
    try:
        candidates = [
            IceCandidate(str(one["candidate"]), str(one["sdp_mid"]), int(one["sdp_mline_index"]))
            for one in body["candidates"]
        ]
        return SmallWebRTCPatchRequest(pc_id=str(body["pc_id"]), candidates=candidates)
    except (LookupError, TypeError, ValueError):
        raise HTTPException(400, "candidates come with their `pc_id`, `sdp_mid` and index") from None
