"""Dispatches calls to sessions at Pipecat Cloud, from Twilio's webhook to the end of the call.

A call keeps its place among the limits for a minute once it was dispatched. Twilio's callbacks of its stream
keep it as long as the longest call from when the stream begins, and free it when the stream ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

from fastapi import Response
from loguru import logger

from agentrun.call import Call
from agentrun.deploy.labels import label
from agentrun.deploy.pipecat_cloud.checks import session_seconds
from agentrun.plan.plan import Plan
from agentrun.records import CallRecord, EndedBy
from agentrun.server.admission.admission import Refusal
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.dispatch import twiml_answers
from agentrun.server.dispatch.pipecat_cloud import PipecatCloud, StartError
from agentrun.server.twilio import twiml
from agentrun.session.variables.before_call import BeforeCall

MOST_STARTS = 3
"""Sessions that may be started for one call: Twilio repeats a webhook whose answer it did not get."""
REMEMBERED_SECONDS = 24 * 3600.0
LOOK_UP_SECONDS = 10.0
OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
"""Twilio's words for a call that is over."""


class Dispatcher:
    """Starts sessions with ``cloud``; ``count`` is told of each try: the agent, and what came of it."""

    def __init__(
        self, switchboard: Switchboard, cloud: PipecatCloud, count: Callable[[str, str], None]
    ) -> None:
        self._switchboard = switchboard
        self._cloud = cloud
        self._count = count
        switchboard.on_close(cloud.close)

    async def answer(self, plan: Plan, call: Call, callback_url: str, transferred_url: str) -> Response:
        """What Twilio does with a call that has its place: a stream to a new session, or words.

        A plugin may refuse the call meanwhile. Without a session the place is free again. Twilio tells
        ``callback_url`` how the stream goes, and asks ``transferred_url`` when a transfer has ended.
        """
        if not await self._may_start(call):
            return Response("this call has been started too often\n", 409, media_type="text/plain")
        starting = asyncio.create_task(self._cloud.start(label(call.agent)), name=f"start {call.id}")
        try:
            if words := await self._refusal(plan, call):
                self._end(plan, call, "refused", "agent", "the caller was refused before the call")
                return twiml.response(twiml_answers.refuse(plan, words))
            url = await starting
        except StartError as error:
            return self._failed(plan, call, error)
        finally:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
        self._count(call.agent, "started")
        told = call.from_number or "", call.to_number or "", transferred_url, call.parameters
        return twiml.response(twiml_answers.connect(url, callback_url, *told))

    async def note(self, plan: Plan, form: Mapping[str, str]) -> Response:
        """What Twilio tells of a dispatched call: an event of its stream, or that it asks what comes next."""
        call_sid, event = form["CallSid"], form.get("StreamEvent")
        if event == "stream-started":
            await self._begin(plan, call_sid)
        elif event in ("stream-stopped", "stream-error"):
            await self._stop(plan, call_sid, form.get("StreamError", "") if event == "stream-error" else "")
        elif form.get("CallStatus") in OVER:
            await self._stop(plan, call_sid, "")
        elif event is None and form.get("CallStatus", "in-progress") == "in-progress":
            return await self._go_on(plan, call_sid)
        return Response(status_code=204)

    async def _may_start(self, call: Call) -> bool:
        """Whether it was not started too often: who has seen a signed request can send it again."""
        for number in range(MOST_STARTS):
            name = f"dispatch {call.agent} {call.id} {number}"
            if await self._switchboard.state.use(name, REMEMBERED_SECONDS):
                return True
        return False

    async def _refusal(self, plan: Plan, call: Call) -> str:
        """The words of a plugin that refuses the call; the session looks up what is to be known of it."""
        if not any(each.before for each in plan.hooks):
            return ""
        plan = replace(plan, before_call=replace(plan.before_call, tool=None))
        asking = BeforeCall(plan, call, self._switchboard.resources.web)
        asking.begin()
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS):
                return (await asking.found()).refusal
        except TimeoutError:
            return ""
        finally:
            asking.close()

    def _failed(self, plan: Plan, call: Call, error: StartError) -> Response:
        logger.bind(call=call.id, agent=call.agent).error("{}: {}", call.agent, error.message)
        self._end(plan, call, error.trouble, "error", error.message)
        if error.trouble == "full":
            return twiml.response(twiml.refuse(Refusal("busy", error.message), plan))
        return twiml.response(twiml_answers.apologize(plan))

    def _end(self, plan: Plan, call: Call, result: str, ended_by: EndedBy, reason: str) -> None:
        """No session takes the call: it is counted, has a record, and its place is free."""
        self._switchboard.admission.release(call.agent, call.id)
        if self._switchboard.records.get(call.agent, call.id) is not None:
            return
        self._count(call.agent, result)
        record = CallRecord(call.id, call.agent, "twilio", call.from_number, call.to_number)
        record.redaction = plan.redaction.for_call()
        record.ended_by, record.reason = ended_by, reason
        record.close()
        self._switchboard.records.add(record)

    async def _begin(self, plan: Plan, call_sid: str) -> None:
        agent = plan.spec.name
        # an end that came before its beginning has claimed the call already
        if await self._switchboard.answered.claim(agent, call_sid):
            await self._switchboard.admission.extend(agent, call_sid, session_seconds(plan.spec))

    async def _stop(self, plan: Plan, call_sid: str, error: str) -> None:
        agent = plan.spec.name
        if error and not await self._switchboard.answered.has(agent, call_sid):
            self._lose(plan, call_sid, f"its stream to Pipecat Cloud failed: {error[:200]}")
            return
        await self._switchboard.answered.claim(agent, call_sid)
        self._switchboard.admission.release(agent, call_sid)

    async def _go_on(self, plan: Plan, call_sid: str) -> Response:
        """The stream is over and the caller still there: the agent has hung up, or there never was one."""
        if await self._switchboard.answered.has(plan.spec.name, call_sid):
            self._switchboard.admission.release(plan.spec.name, call_sid)
            return twiml.response(twiml.hang_up())
        self._lose(plan, call_sid, "its stream to Pipecat Cloud was never open")
        return twiml.response(twiml_answers.apologize(plan))

    def _lose(self, plan: Plan, call_sid: str, reason: str) -> None:
        agent = plan.spec.name
        logger.bind(call=call_sid, agent=agent).error("{}: lost call {}: {}", agent, call_sid, reason)
        place = self._switchboard.state.own.place(agent, call_sid)
        call = Call(call_sid, agent, "twilio", from_number=(place.caller or None) if place else None)
        self._end(plan, call, "stream", "error", reason)
