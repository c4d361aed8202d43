"""Twilio's two routes: the webhook that answers a call, and the stream that carries it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, HTTPException, Request, Response, WebSocket, WebSocketDisconnect
from loguru import logger
from twilio.twiml.voice_response import Connect, VoiceResponse

from agentrun.call import Call
from agentrun.plan.plan import Plan
from agentrun.server.admission import rejections
from agentrun.server.auth import local_only
from agentrun.server.auth.call_access import TOKEN_VARIABLE, Access, is_loopback
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.lifecycle.settings import ServerSettings
from agentrun.server.twilio import signature
from agentrun.server.twilio.outbound_calls import Diallers
from agentrun.server.twilio.stream_tokens import StreamGrant, StreamTokens
from agentrun.transports import twilio
from agentrun.transports.twilio import Stream

HANDSHAKE_SECONDS = 5.0
MOST_HANDSHAKES = 200
"""Streams that have not shown their token yet; more are turned away."""
MOST_FORM_BYTES = 16 * 1024
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
    ) -> None:
        self._switchboard = switchboard
        self._settings = settings
        self._tokens = tokens
        self._diallers = diallers
        self._handshakes = 0
        self._require_local = local_only.require(settings.local)

    def router(self) -> APIRouter:
        """The routes, to be included in the app."""
        router = APIRouter()
        router.add_api_route("/{agent}/twilio/voice", self.voice, methods=["POST"])
        router.add_api_websocket_route("/{agent}/twilio/stream", self.stream)
        return router

    async def voice(self, agent: str, request: Request) -> Response:
        """Twilio asks what to do with a call: connect it to the stream, with a fresh token."""
        plan = self._plan(agent)
        if plan is None:
            return Response(f"no agent '{agent}' answers the telephone here\n", 404, media_type="text/plain")
        if self._settings.access is Access.CLOSED:
            return Response(_closed(), 403, media_type="text/plain")
        if int(request.headers.get("content-length") or MOST_FORM_BYTES + 1) > MOST_FORM_BYTES:
            return Response("Twilio's form has less than 16 KiB\n", 413, media_type="text/plain")
        form = {key: str(value) for key, value in (await request.form()).items()}
        if not self.is_from_twilio(agent, request, form):
            logger.warning("{}: refused a call without Twilio's signature", agent)
            return Response(self._unsigned(), 403, media_type="text/plain")
        call_sid, dial = form.get("CallSid", ""), request.query_params.get("dial", "")
        known = self._switchboard.records.get(plan.spec.name, call_sid)
        if known and (known.direction == "inbound" or known.ended):
            return Response("this call has been answered already\n", 409, media_type="text/plain")
        placed = self._diallers.find(dial) if self._diallers else None
        if self._diallers and placed and placed.record.ended is None:
            self._diallers.attach(dial, call_sid)
        elif refusal := self._switchboard.admission.ask(plan, call_sid, form.get("From", "")):
            log = logger.bind(call=call_sid, agent=agent)
            log.info("{}: did not let in call {}: {}", agent, call_sid, refusal.message)
            return _twiml(rejections.in_twiml(refusal, plan))
        return _twiml(self._connect(agent, request, form))

    async def stream(self, agent: str, websocket: WebSocket) -> None:
        """One call's audio; nothing is built before its token has been seen."""
        if self._handshakes >= MOST_HANDSHAKES or self._switchboard.closing:
            await websocket.close(TRY_LATER)
            return
        plan = self._plan(agent)
        if plan is None or self._settings.access is Access.CLOSED:
            await websocket.close(POLICY_VIOLATION)
            return
        opened = await self._handshake(agent, websocket)
        if opened is None:
            return
        if self._switchboard.closing:
            await _close(websocket, TRY_LATER)
            return
        stream, ticket = opened
        call = self._call(plan, stream, ticket)
        connection = twilio.connect(websocket, stream, call, self._settings.environ)
        await asyncio.wait({self._switchboard.answer(plan, connection)})

    def _plan(self, agent: str) -> Plan | None:
        plan = self._switchboard.plans.get(agent)
        return plan if plan and plan.has_transport("twilio") else None

    def is_from_twilio(self, agent: str, request: Request, form: Mapping[str, str]) -> bool:
        """Whether Twilio has signed ``form`` for this address.

        Where unsigned calls are accepted: whether it comes from this machine, once others can reach it.
        """
        if self._settings.access is Access.SIGNED:
            return self._is_signed(agent, request, form)
        if self._settings.access is Access.CLOSED:
            return False
        if not self._settings.local.is_reachable:
            return True
        try:
            self._require_local(request)
        except HTTPException:
            return False
        return True

    def _unsigned(self) -> str:
        if self._settings.access is Access.SIGNED:
            return "the request is not signed by Twilio\n"
        return f"others can reach this server, so it takes no unsigned calls: set {TOKEN_VARIABLE}\n"

    def _is_signed(self, agent: str, request: Request, form: Mapping[str, str]) -> bool:
        token = self._settings.environ[TOKEN_VARIABLE]
        given = request.headers.get(signature.HEADER, "")
        return signature.is_valid(token, self._signed_urls(agent, request), form, given)

    def _signed_urls(self, agent: str, request: Request) -> list[str]:
        """The public address; on a loopback server also its own, which only this machine can use."""
        path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        public = self._settings.public_urls.get(agent)
        urls = [public.rstrip("/") + path] if public else []
        if is_loopback(self._settings.host) and is_loopback(request.url.hostname or ""):
            urls.append(str(request.url))
        return urls

    def _connect(self, agent: str, request: Request, form: Mapping[str, str]) -> VoiceResponse:
        caller, called = form.get("From", ""), form.get("To", "")
        token = self._tokens.mint(agent, form.get("CallSid", ""), caller, called)
        answer, connect = VoiceResponse(), Connect()
        stream = connect.stream(url=self._stream_url(agent, request))
        own = self._parameters(request.query_params.get("dial", ""))
        for name, value in (*own, ("token", token), ("from_number", caller), ("to_number", called)):
            stream.parameter(name=name, value=value)
        answer.append(connect)
        return answer

    def _parameters(self, dial: str) -> list[tuple[str, str]]:
        """What a call was given that this server placed."""
        outgoing = self._diallers.find(dial) if self._diallers and dial else None
        if outgoing is None:
            return []
        return [(name, value) for name, value in outgoing.parameters.items() if name not in _OURS]

    def _stream_url(self, agent: str, request: Request) -> str:
        public = urlsplit(self._settings.public_urls.get(agent) or str(request.base_url))
        scheme = "wss" if public.scheme == "https" else "ws"
        return f"{scheme}://{public.netloc}{public.path.rstrip('/')}/{agent}/twilio/stream"

    async def _handshake(self, agent: str, websocket: WebSocket) -> tuple[Stream, StreamGrant] | None:
        self._handshakes += 1
        try:
            await websocket.accept()
            stream = await asyncio.wait_for(_start(websocket), HANDSHAKE_SECONDS)
        except (TimeoutError, WebSocketDisconnect, ValueError, KeyError, TypeError) as error:
            logger.info("{}: a stream did not begin as Twilio's do: {!r}", agent, type(error).__name__)
            await _close(websocket, POLICY_VIOLATION)
            return None
        finally:
            self._handshakes -= 1
        ticket = self._tokens.redeem(stream.parameters.get("token", ""), agent, stream.call_sid)
        if ticket is None or self._switchboard.is_live(agent, stream.call_sid):
            logger.warning("{}: refused a stream without a valid token", agent)
            await _close(websocket, POLICY_VIOLATION)
            return None
        return stream, ticket

    def _call(self, plan: Plan, stream: Stream, ticket: StreamGrant) -> Call:
        own = {key: value for key, value in stream.parameters.items() if key not in _OURS}
        return Call(
            id=stream.call_sid,
            agent=plan.spec.name,
            transport="twilio",
            from_number=ticket.from_number or None,
            to_number=ticket.to_number or None,
            parameters=own,
            environ=plan.environ,
            offline=self._settings.offline,
        )


async def _start(websocket: WebSocket) -> Stream:
    """Read up to Twilio's ``start`` message; raises ValueError, KeyError or TypeError for anything else."""
    message = _message(await websocket.receive_text())
    if message["event"] == "connected":
        message = _message(await websocket.receive_text())
    if message["event"] != "start":
        raise ValueError("not a start message")
    start = _object(message["start"])
    parameters = _object(start.get("customParameters") or {})
    return Stream(
        str(start["streamSid"]), str(start["callSid"]), {key: str(value) for key, value in parameters.items()}
    )


def _message(text: str) -> dict[str, Any]:
    try:
        return _object(json.loads(text))
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


async def _close(websocket: WebSocket, code: int) -> None:
    try:
        await websocket.close(code)
    except RuntimeError:
        return


def _twiml(answer: VoiceResponse) -> Response:
    return Response(str(answer), media_type="text/xml")


def _closed() -> str:
    return (
        f"{TOKEN_VARIABLE} is not set, so nobody can tell Twilio from a stranger. Set it to open this route, "
        "or start with --offline or --insecure on a loopback host.\n"
    )
