"""Answers WebRTC offers from browsers. Importing this takes 30 MB and a second."""

from __future__ import annotations

import asyncio
import hmac
import uuid
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError
from fastapi import HTTPException
from loguru import logger
from pipecat.transports.smallwebrtc.connection import SmallWebRTCConnection

from agentrun.pipeline.pipecat_private.line.browser_sound import keep_sound
from agentrun.plan.plan import Plan
from agentrun.server.admission import rejections
from agentrun.server.browser.ice_servers import IceServers
from agentrun.server.browser.offer_bounds import candidates_of, sdp_of
from agentrun.server.browser.offer_requests import OVER
from agentrun.server.browser.peers import Peer, PeerGoneError, Peers
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
_NOT_STARTED = "the agent could not be started; the server's log says why"


class Offers:
    """Answers offers, and takes the candidates that come behind them, for the agents of ``switchboard``.

    Who may send them was decided before (``offer_access``); ``credential`` is what they came with, which
    binds a connection to whoever began its call. ``mark`` makes its name one of this process.
    """

    def __init__(
        self,
        switchboard: Switchboard,
        mark: Callable[[str], str] = str,
        ice_servers: IceServers | None = None,
    ) -> None:
        self._switchboard = switchboard
        self.peers = Peers(mark, ice_servers)
        switchboard.on_close(self.peers.close)

    def peer(self, agent: str, body: Mapping[str, Any], credential: str) -> Peer | None:
        """The connection that an offer negotiates again; None for a new call's.

        HTTPException 410 where the connection that it names is none of this agent's and credential's.
        """
        name = body.get("pc_id")
        if not name:
            return None
        peer = self.peers.find(agent, name) if isinstance(name, str) else None
        if peer is None or not hmac.compare_digest(peer.credential, credential):
            raise HTTPException(410, OVER)
        return peer

    async def renegotiate(
        self, peer: Peer, body: Mapping[str, Any], *, restart: bool = False
    ) -> dict[str, str]:
        """The answer to an offer of a browser that is on a call; with ``restart`` over a new connection.

        One with ``hang_up`` ends the call instead.
        HTTPException 429 for one that offers so often that other calls would notice.
        """
        if body.get("hang_up") is True:
            await self.peers.hang_up(peer)
            return {"status": "ok"}
        sdp = sdp_of(body)
        peer.rate.count()
        try:
            return await self.peers.renegotiate(peer, sdp, restart=restart or body.get("restart_pc") is True)
        except PeerGoneError:
            raise HTTPException(410, OVER) from None
        except _UNREADABLE:
            raise HTTPException(400, "the offer can't be understood") from None

    async def begin(
        self,
        plan: Plan,
        body: Mapping[str, Any],
        credential: str,
        parameters: Mapping[str, str],
        use: Callable[[], Awaitable[None]],
    ) -> dict[str, str]:
        """The answer to a new browser's offer, once a session is at work behind it; else an HTTPException.

        Beside what WebRTC needs it has ``call_id``, by which the call's record is found. ``use`` uses up what
        may begin one call, as the last step before; it may raise HTTPException.
        """
        switchboard, agent, sdp, call_id = self._switchboard, plan.spec.name, sdp_of(body), uuid.uuid4().hex
        if refusal := await switchboard.admission.ask(plan, call_id):
            raise rejections.in_http(refusal)
        started: list[bool] = []

        def begin(connection: SmallWebRTCConnection) -> asyncio.Future[Any]:
            task = self._start(plan, connection, call_id, parameters)
            started.append(True)
            return task

        try:
            answer = await self.peers.open(agent, sdp, credential, use, begin)
            return {**answer, "call_id": call_id}
        except _UNREADABLE:
            raise HTTPException(400, "the offer can't be understood") from None
        finally:
            if not started:
                switchboard.admission.release(agent, call_id)

    def _start(
        self, plan: Plan, peer: SmallWebRTCConnection, call_id: str, parameters: Mapping[str, str]
    ) -> asyncio.Future[Any]:
        agent, environ = plan.spec.name, plan.environ
        if self._switchboard.closing:
            raise HTTPException(503, "the server is stopping")
        try:
            connection = browser.connect(
                peer, agent, environ, offline=plan.offline, call_id=call_id, parameters=parameters
            )
            keep_sound(connection.transport)
            task = self._switchboard.answer(plan, connection)
        except Exception as error:  # noqa: BLE001 - it costs this offer alone
            logger.opt(exception=error).error("a call of {} could not be started", agent)
            raise HTTPException(500, _NOT_STARTED) from None
        if self._switchboard.session(agent, call_id) is None:
            raise HTTPException(500, _NOT_STARTED)
        return task

    async def add_candidates(self, agent: str, body: Mapping[str, Any], credential: str) -> None:
        """Add the candidates in ``body`` to the connection of ``agent`` that it names."""
        name, candidates = candidates_of(body)
        peer = self.peers.find(agent, name)
        if peer is None or not hmac.compare_digest(peer.credential, credential):
            raise HTTPException(404, "there is no such connection")
        try:
            await self.peers.add(peer, name, candidates)
        except _UNREADABLE:
            raise HTTPException(400, "the candidates can't be understood") from None
