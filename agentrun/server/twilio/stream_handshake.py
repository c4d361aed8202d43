"""The start of a stream: it is awaited, shows its token, and is accepted or closed."""

from __future__ import annotations

from fastapi import WebSocket, WebSocketDisconnect
from loguru import logger

from agentrun.plan.plan import Plan
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.twilio.direct_streams import DirectStreams
from agentrun.server.twilio.handshake_limits import HandshakeLimits, TooManyHandshakesError
from agentrun.server.twilio.refused_streams import RefusedStreams
from agentrun.server.twilio.stream_tokens import StreamGrant, StreamTokens
from agentrun.transports import twilio_start
from agentrun.transports.twilio_start import Stream

POLICY_VIOLATION, TRY_LATER = 1008, 1013
"""RFC 6455 section 7.4.1, and IANA's registry of WebSocket close codes."""


class StreamHandshake:
    """Takes each stream once, with a token that is good for its call; ``refused`` learns of the others."""

    def __init__(
        self, switchboard: Switchboard, tokens: StreamTokens, direct: DirectStreams, refused: RefusedStreams
    ) -> None:
        self._switchboard = switchboard
        self._tokens = tokens
        self._direct = direct
        self._refused = refused
        self._limits = HandshakeLimits()

    async def take(
        self, plan: Plan, agent: str, websocket: WebSocket, expected: str
    ) -> tuple[Stream, StreamGrant] | None:
        """The stream and what it was granted; None for one that was turned away, which is closed by then.

        ``expected`` is the part of the address that a webhook was given, by which a stream is known that has
        not shown its token yet. ``agent`` is the address's, which a test may name otherwise than the spec.
        """
        address = websocket.client.host if websocket.client else ""
        is_expected = self._tokens.expects(expected, agent)
        try:
            with self._limits.one(address, expected=is_expected) as seconds:
                stream = await self._start(agent, websocket, seconds, is_expected)
                return await self._admit(plan, agent, websocket, stream, is_expected) if stream else None
        except TooManyHandshakesError:
            self._refused.note(agent, "crowded")
            await websocket.close(TRY_LATER)
            return None

    async def _start(
        self, agent: str, websocket: WebSocket, seconds: float, is_expected: bool
    ) -> Stream | None:
        """What Twilio says first."""
        try:
            await websocket.accept()
            return await twilio_start.read_start(websocket, expected=is_expected, within=seconds)
        except (WebSocketDisconnect, ValueError) as error:
            # a stranger's is no call; one that is expected was to carry somebody who is on the telephone
            level = "WARNING" if is_expected else "INFO"
            why = "its other end was gone" if isinstance(error, WebSocketDisconnect) else str(error)
            logger.log(level, "{}: a stream did not begin as Twilio's do: {}", agent, why)
            self._refused.note(agent, "handshake")
            await _close(websocket, POLICY_VIOLATION)
            return None

    async def _admit(
        self, plan: Plan, agent: str, websocket: WebSocket, stream: Stream, is_expected: bool
    ) -> tuple[Stream, StreamGrant] | None:
        grant = await self._grant(plan, agent, websocket, stream)
        if grant is None:
            logger.warning("{}: refused a stream without a valid token", agent)
            if is_expected:
                await self._refused.end(plan, stream, "token")
            else:
                self._refused.note(agent, "token")
            await _close(websocket, POLICY_VIOLATION)
            return None
        if self._switchboard.closing:
            await self._refused.end(plan, stream, "stopping", (grant.from_number, grant.to_number))
            await _close(websocket, TRY_LATER)
            return None
        # who goes on with a call that was answered before is for the row of its record to say
        if not grant.resumed and not await self._switchboard.answered.claim(agent, stream.call_sid):
            logger.warning("{}: refused a second stream of one call", agent)
            self._refused.note(agent, "answered")
            await _close(websocket, POLICY_VIOLATION)
            return None
        return stream, grant

    async def _grant(
        self, plan: Plan, agent: str, websocket: WebSocket, stream: Stream
    ) -> StreamGrant | None:
        shown = stream.parameters
        if token := shown.get("token"):
            return await self._tokens.redeem(token, agent, stream.call_sid, shown)
        return await self._direct.grant(plan, websocket, stream)


async def _close(websocket: WebSocket, code: int) -> None:
    try:
        await websocket.close(code)
    except (RuntimeError, WebSocketDisconnect, OSError):
        # who is gone already needs no word
        return
