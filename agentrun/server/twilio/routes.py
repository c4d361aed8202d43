"""Twilio's two routes: the webhook that answers a call, and the stream that carries it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import urlsplit

from fastapi import APIRouter, HTTPException, Request, Response, WebSocket, WebSocketDisconnect
from loguru import logger
from twilio.twiml.voice_response import Connect, VoiceResponse

from agentrun.call import Call
from agentrun.plan.plan import Plan
from agentrun.server.admission import rejections
from agentrun.server.admission.admission import Refusal
from agentrun.server.auth.call_access import Access
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.lifecycle.settings import ServerSettings
from agentrun.server.shared_state.backend import Placed
from agentrun.server.shared_state.trouble import AwayError
from agentrun.server.twilio.direct_streams import DirectStreams
from agentrun.server.twilio.handshake_limits import CrowdedError, HandshakeLimits
from agentrun.server.twilio.look_ups import LookUps
from agentrun.server.twilio.outbound_calls import Diallers
from agentrun.server.twilio.refused_streams import RefusedStreams
from agentrun.server.twilio.stream_tokens import StreamGrant, StreamTokens
from agentrun.server.twilio.webhook import Webhooks
from agentrun.transports import twilio, twilio_start
from agentrun.transports.twilio_start import Stream

POLICY_VIOLATION, TRY_LATER = 1008, 1013
_OURS = frozenset({"token", "from_number", "to_number"})


class TwilioRoutes:
    """Answers Twilio for every agent whose transport is Twilio."""

    def __init__(
        self,
        switchboard: Switchboard,
        settings: ServerSettings,
        tokens: StreamTokens,
        diallers: Diallers | None = None,
        webhooks: Webhooks | None = None,
        count_refused: Callable[[str, str], None] | None = None,
    ) -> None:
        self._switchboard = switchboard
        self._settings = settings
        self._tokens = tokens
        self._diallers = diallers
        self._handshakes = HandshakeLimits()
        self._look_ups = LookUps(switchboard.resources.web)
        switchboard.on_close(self._look_ups.close)
        self._webhooks = webhooks or Webhooks(settings)
        self._refused = RefusedStreams(switchboard, count_refused)
        self._direct = DirectStreams(settings, switchboard)

    def router(self) -> APIRouter:
        """The routes, to be included in the app."""
        router = APIRouter()
        router.add_api_route("/{agent}/twilio/voice", self.voice, methods=["POST"])
        router.add_api_websocket_route("/{agent}/twilio/stream", self.stream)
        router.add_api_websocket_route("/{agent}/twilio/stream/{expected}", self.stream)
        return router

    async def voice(self, agent: str, request: Request) -> Response:
        """Twilio asks what to do with a call: connect it to the stream, with a fresh token."""
        plan = self._plan(agent)
        if plan is None:
            return Response(f"no agent '{agent}' answers the telephone here\n", 404, media_type="text/plain")
        try:
            form = await self._webhooks.read(agent, request, ("CallSid", "From", "To"))
        except HTTPException as refused:
            words, headers = f"{refused.detail}\n", refused.headers
            return Response(words, refused.status_code, headers, media_type="text/plain")
        call_sid, dial = form["CallSid"], request.query_params.get("dial")
        if await self._was_answered(plan, agent, call_sid):
            return Response("this call has been answered already\n", 409, media_type="text/plain")
        try:
            placed = await self._diallers.placed.find(dial) if self._diallers and dial else None
        except AwayError:
            return Response("nobody can say who placed this call\n", 503, media_type="text/plain")
        if dial is not None and (placed is None or placed.ended or placed.agent != agent):
            return Response("no such call was placed here\n", 404, media_type="text/plain")
        if self._diallers and placed:
            await self._diallers.placed.attach(placed.id, call_sid)
        elif refusal := await self._switchboard.admission.ask(plan, call_sid, form.get("From", "")):
            log = logger.bind(call=call_sid, agent=agent)
            log.info("{}: did not let in call {}: {}", agent, call_sid, refusal.message)
            if self._settings.when_full == "503" and self._is_the_machines(refusal):
                return rejections.for_balancer(refusal)
            return _twiml(rejections.in_twiml(refusal, plan))
        else:
            self._look_ups.begin(plan, self._call(plan, call_sid, form.get("From"), form.get("To")))
        return _twiml(self._connect(agent, request, form, placed))

    def _is_the_machines(self, refusal: Refusal) -> bool:
        """Whether another machine may have room."""
        is_full = refusal.kind == "busy" and self._switchboard.admission.is_full
        return is_full or refusal.kind in ("full", "stopping")

    async def _was_answered(self, plan: Plan, agent: str, call_sid: str) -> bool:
        record = self._switchboard.records.get(plan.spec.name, call_sid)
        if record and (record.direction == "inbound" or record.ended):
            return True
        return await self._switchboard.answered.has(agent, call_sid)

    async def stream(self, agent: str, websocket: WebSocket, expected: str = "") -> None:
        """One call's audio; nothing is built before its token has been seen.

        ``expected`` is the part of the address that a webhook was given, by which a stream is known that has
        not shown its token yet.
        """
        plan = self._plan(agent)
        if plan is None or self._settings.access is Access.CLOSED:
            self._refused.note(agent, "closed" if plan else "unknown")
            await websocket.close(POLICY_VIOLATION)
            return
        address = websocket.client.host if websocket.client else ""
        is_expected = self._tokens.expects(expected, agent)
        try:
            with self._handshakes.one(address, expected=is_expected) as seconds:
                opened = await self._handshake(plan, agent, websocket, seconds, is_expected)
        except CrowdedError:
            self._refused.note(agent, "crowded")
            await websocket.close(TRY_LATER)
            return
        if opened is None:
            return
        stream, ticket = opened
        if self._diallers and ticket.dial:
            await self._diallers.placed.arrive(plan, ticket)
        own = {key: value for key, value in stream.parameters.items() if key not in _OURS}
        call = self._call(plan, stream.call_sid, ticket.from_number, ticket.to_number, own)
        connection = twilio.connect(websocket, stream, call, self._settings.environ)
        connection = replace(connection, look_up=self._look_ups.take(call.agent, call.id))
        await asyncio.wait({self._switchboard.answer(plan, connection)})

    def _plan(self, agent: str) -> Plan | None:
        plan = self._switchboard.plans.get(agent)
        return plan if plan and plan.has_transport("twilio") else None

    def _connect(
        self, agent: str, request: Request, form: Mapping[str, str], placed: Placed | None
    ) -> VoiceResponse:
        caller, called = form.get("From", ""), form.get("To", "")
        token = self._tokens.mint(agent, form["CallSid"], caller, called, placed.id if placed else "")
        answer, connect = VoiceResponse(), Connect()
        stream = connect.stream(url=f"{self._stream_url(agent, request)}/{self._tokens.address_of(token)}")
        own = [
            (name, value)
            for name, value in (placed.parameters if placed else {}).items()
            if name not in _OURS
        ]
        for name, value in (*own, ("token", token), ("from_number", caller), ("to_number", called)):
            stream.parameter(name=name, value=value)
        answer.append(connect)
        return answer

    def _stream_url(self, agent: str, request: Request) -> str:
        public = urlsplit(self._settings.public_urls.get(agent) or str(request.base_url))
        scheme = "wss" if public.scheme == "https" else "ws"
        return f"{scheme}://{public.netloc}{public.path.rstrip('/')}/{agent}/twilio/stream"

    async def _handshake(
        self, plan: Plan, agent: str, websocket: WebSocket, seconds: float, is_expected: bool
    ) -> tuple[Stream, StreamGrant] | None:
        try:
            await websocket.accept()
            stream = await asyncio.wait_for(twilio_start.read_start(websocket), seconds)
        except (TimeoutError, WebSocketDisconnect, ValueError, KeyError, TypeError) as error:
            logger.info("{}: a stream did not begin as Twilio's do: {!r}", agent, type(error).__name__)
            self._refused.note(agent, "handshake")
            await _close(websocket, POLICY_VIOLATION)
            return None
        ticket = await self._grant(plan, agent, websocket, stream)
        if ticket is None:
            logger.warning("{}: refused a stream without a valid token", agent)
            if is_expected:
                await self._refused.end(plan, stream, "token")
            else:
                self._refused.note(agent, "token")
            await _close(websocket, POLICY_VIOLATION)
            return None
        if self._switchboard.closing:
            await self._refused.end(plan, stream, "stopping", (ticket.from_number, ticket.to_number))
            await _close(websocket, TRY_LATER)
            return None
        if not await self._switchboard.answered.claim(agent, stream.call_sid):
            logger.warning("{}: refused a second stream of one call", agent)
            self._refused.note(agent, "answered")
            await _close(websocket, POLICY_VIOLATION)
            return None
        return stream, ticket

    async def _grant(
        self, plan: Plan, agent: str, websocket: WebSocket, stream: Stream
    ) -> StreamGrant | None:
        """What a stream was granted for the ``agent`` in its address, which a test may name otherwise."""
        shown = stream.parameters
        if token := shown.get("token"):
            return await self._tokens.redeem(token, agent, stream.call_sid, shown)
        return await self._direct.grant(plan, websocket, stream)

    def _call(
        self,
        plan: Plan,
        call_sid: str,
        caller: str | None,
        called: str | None,
        own: Mapping[str, str] | None = None,
    ) -> Call:
        return Call(
            id=call_sid,
            agent=plan.spec.name,
            transport="twilio",
            from_number=caller or None,
            to_number=called or None,
            parameters=own or {},
            environ=plan.environ,
            offline=self._settings.offline,
        )


async def _close(websocket: WebSocket, code: int) -> None:
    try:
        await websocket.close(code)
    except (RuntimeError, WebSocketDisconnect, OSError):
        # who is gone already needs no word
        return


def _twiml(answer: VoiceResponse) -> Response:
    return Response(str(answer), media_type="text/xml")
