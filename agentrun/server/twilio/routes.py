"""Twilio's routes: the webhook that answers a call, and the stream that carries it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

from fastapi import APIRouter, HTTPException, Request, Response, WebSocket
from loguru import logger

from agentrun.call import Call
from agentrun.plan.plan import Plan
from agentrun.records.resumption import Resumption
from agentrun.server.admission import rejections
from agentrun.server.admission.admission import Refusal
from agentrun.server.admission.limits import RETRY_SECONDS
from agentrun.server.auth.call_access import Access
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.dispatch.dispatcher import Dispatcher
from agentrun.server.lifecycle.settings import ServerSettings
from agentrun.server.shared_state.database_errors import DatabaseDownError
from agentrun.server.twilio import telephone_plan, transfer_routes, twiml, webhook_form
from agentrun.server.twilio.action_tokens import ActionTokens, EndedStream
from agentrun.server.twilio.direct_streams import DirectStreams
from agentrun.server.twilio.look_ups import LookUps
from agentrun.server.twilio.outbound.dialler import Diallers
from agentrun.server.twilio.refused_streams import RefusedStreams
from agentrun.server.twilio.stream_answers import StreamAnswers
from agentrun.server.twilio.stream_handshake import POLICY_VIOLATION, StreamHandshake
from agentrun.server.twilio.stream_tokens import StreamGrant, StreamTokens
from agentrun.server.twilio.webhook import Webhooks
from agentrun.transports import twilio
from agentrun.transports.twilio_control import AfterTransfer


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
        dispatcher: Dispatcher | None = None,
        actions: ActionTokens | None = None,
    ) -> None:
        self._switchboard = switchboard
        self._settings = settings
        self.streams = StreamAnswers(switchboard, settings, tokens, actions)
        self._diallers = None if dispatcher else diallers
        self._dispatcher = dispatcher
        self._look_ups = LookUps(switchboard.resources.web)
        switchboard.on_close(self._look_ups.close)
        self._webhooks = webhooks or Webhooks(settings)
        self._refused = RefusedStreams(switchboard, count_refused)
        direct = DirectStreams(settings, switchboard)
        self._handshake = StreamHandshake(switchboard, tokens, direct, self._refused)

    def router(self) -> APIRouter:
        """The routes, to be included in the app."""
        router = APIRouter()
        router.add_api_route("/{agent}/twilio/voice", self.voice, methods=["POST"])
        if self._dispatcher:
            router.add_api_route("/{agent}/twilio/dispatched", self.dispatched, methods=["POST"])
            return router
        router.add_api_websocket_route("/{agent}/twilio/stream", self.stream)
        router.add_api_websocket_route("/{agent}/twilio/stream/{expected}", self.stream)
        return router

    async def voice(self, agent: str, request: Request) -> Response:
        """Twilio asks what to do with a call: connect it to the stream, with a fresh token."""
        try:
            plan = telephone_plan.require(self._switchboard, agent)
            form = await self._webhooks.read(agent, request, ("CallSid", "From", "To"))
        except HTTPException as refused:
            words, headers = f"{refused.detail}\n", refused.headers
            return Response(words, refused.status_code, headers, media_type="text/plain")
        return await self._begin(plan, request, form, EndedStream(0, request.query_params.get("dial", "")))

    async def _begin(
        self, plan: Plan, request: Request, form: Mapping[str, str], stream: EndedStream, pause: int = 0
    ) -> Response:
        """Connect a call with its first ``stream``, if it may be let in."""
        agent, call_sid, dial = request.path_params["agent"], form["CallSid"], stream.dial
        if await self._was_answered(plan, agent, call_sid):
            return Response("this call has been answered already\n", 409, media_type="text/plain")
        try:
            placed = await self._diallers.placed.find(dial) if self._diallers and dial else None
        except DatabaseDownError:
            return Response("nobody can say who placed this call\n", 503, media_type="text/plain")
        if dial and (placed is None or placed.ended or placed.agent != agent):
            return Response("no such call was placed here\n", 404, media_type="text/plain")
        own = placed.parameters if placed else webhook_form.own(form)
        if self._diallers and placed:
            await self._diallers.placed.attach(placed.id, call_sid)
        elif refusal := await self._switchboard.admission.ask(plan, call_sid, form.get("From", "")):
            return self._refuse(plan, agent, call_sid, refusal)
        elif self._dispatcher:
            call = self._announced(plan, form, own)
            public_url = self.streams.public_url(agent, request)
            urls = (twiml.route(public_url, agent, name) for name in ("dispatched", transfer_routes.NAME))
            return await self._dispatcher.answer(plan, call, *urls)
        else:
            self._look_ups.begin(plan, self._announced(plan, form, own))
        return self.streams.connect(agent, request, form, stream, own, pause)

    async def dispatched(self, agent: str, request: Request) -> Response:
        """Twilio tells how the stream of a dispatched call goes, or asks what to do when it is over."""
        plan = telephone_plan.find(self._switchboard, agent)
        if plan is None or self._dispatcher is None:
            return Response(f"no agent '{agent}' answers the telephone here\n", 404, media_type="text/plain")
        return await self._dispatcher.note(plan, await self._webhooks.read(agent, request, ("CallSid",)))

    async def connect_again(
        self, agent: str, request: Request, form: Mapping[str, str], stream: EndedStream, pause: int
    ) -> Response:
        """TwiML that connects a call with a ``stream`` that goes on with it, or with which it begins at last.

        One that was answered meanwhile, or is not known any more, is hung up.
        """
        if stream.resumed:
            return self.streams.connect(agent, request, form, stream, webhook_form.own(form), pause)
        answer = await self._begin(self._switchboard.plans[agent], request, form, stream, pause)
        return answer if answer.status_code in (200, 503) else twiml.response(twiml.hang_up())

    def _refuse(self, plan: Plan, agent: str, call_sid: str, refusal: Refusal) -> Response:
        log = logger.bind(call=call_sid, agent=agent)
        log.info("{}: did not let in call {}: {}", agent, call_sid, refusal.message)
        if self._settings.when_full == "503" and self._is_the_machines(refusal):
            return rejections.for_balancer(refusal)
        return twiml.response(twiml.refuse(refusal, plan))

    @property
    def _leaves_streams(self) -> bool:
        """Whether a balancer is to ask another machine for each stream: one that does not look at /ready."""
        board = self._switchboard
        return self._settings.when_full == "503" and (board.closing or board.admission.awaits_nobody)

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
        """One call's audio; nothing is built before its token has been seen."""
        plan = telephone_plan.find(self._switchboard, agent)
        if plan is None or self._settings.access is Access.CLOSED:
            self._refused.note(agent, "closed" if plan else "unknown")
            await websocket.close(POLICY_VIOLATION)
            return
        if self._leaves_streams:
            self._refused.note(agent, "stopping")
            refusal = Refusal("stopping", "the server is stopping", RETRY_SECONDS)
            await websocket.send_denial_response(rejections.for_balancer(refusal))
            return
        taken = await self._handshake.take(plan, agent, websocket, expected)
        if taken is None:
            return
        stream, grant = taken
        earlier = await self._resume(plan, grant) if grant.resumed else None
        if grant.resumed and earlier is None:
            self._refused.note(agent, "answered")
            await websocket.close(POLICY_VIOLATION)
            return
        if self._diallers and grant.dial:
            await self._diallers.placed.arrive(plan, grant, earlier.record if earlier else None)
        own = earlier.parameters if earlier else twiml.own_parameters(stream.parameters)
        call = self._call(plan, stream.call_sid, grant.from_number, grant.to_number, own)
        if earlier:
            call.state.update(earlier.state)
            earlier = transfer_routes.told(earlier, stream.parameters)
        ended = EndedStream(grant.resumed, grant.dial)
        after = AfterTransfer(
            url=self.streams.after_transfer(agent, websocket, stream.call_sid, ended),
            ring=plan.spec.limits.ring,
            brings_back=plan.spec.resume and self._switchboard.left_open.resumed is not None,
        )
        connection = twilio.connect(websocket, stream, call, self._settings.environ, after)
        before = self._look_ups.done(plan, call) if earlier else self._look_ups.take(call.agent, call.id)
        connection = replace(connection, look_up=before, earlier=earlier)
        await asyncio.wait({self._switchboard.answer(plan, connection)})

    async def _resume(self, plan: Plan, grant: StreamGrant) -> Resumption | None:
        """The call that a stream goes on with, which is this process' then; None where it can't."""
        calls = self._switchboard.left_open.resumed
        if calls is None or not plan.spec.resume:
            return None
        earlier = await calls.take(plan.spec.name, grant.call_sid, grant.resumed - 1)
        if earlier:
            earlier.record.redaction = plan.redaction.for_call()
            earlier.record.from_number = grant.from_number or None
            earlier.record.to_number = grant.to_number or None
        return earlier

    def _announced(self, plan: Plan, form: Mapping[str, str], own: Mapping[str, str]) -> Call:
        """A call that somebody else places, as its webhook tells of it; ``own`` says the caller's side."""
        own = twiml.own_parameters(own)
        return self._call(plan, form["CallSid"], form.get("From"), form.get("To"), own)

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
