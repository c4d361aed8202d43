"""The ``action`` of a stream that ended without a goodbye: any machine may resume its call.

One whose stream has reached no machine at all, because a balancer gave it to one that is gone, begins anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from fastapi import APIRouter, HTTPException, Request, Response
from loguru import logger
from sqlalchemy.exc import SQLAlchemyError

from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.lifecycle.settings import ServerSettings
from agentrun.server.twilio import telephone_plan, twiml
from agentrun.server.twilio.action_tokens import ActionTokens, EndedStream
from agentrun.server.twilio.webhook import Webhooks

WAIT_SECONDS = 3.0
"""How long the end of a session is waited for whose stream broke off here."""
PAUSE_SECONDS = 1
"""Before a stream is tried again that came to a server which is just stopping, or is gone."""
MOST_TIMES = 99
"""A call that has lost its stream so often is let go."""
OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
MOST_LOST = 5
"""Streams of a call that reach nobody; then it is let go."""
Connect = Callable[[str, Request, Mapping[str, str], EndedStream, int], Awaitable[Response]]
"""TwiML with the next stream, behind a pause of so many seconds."""


def router(
    switchboard: Switchboard,
    settings: ServerSettings,
    webhooks: Webhooks,
    tokens: ActionTokens,
    connect: Connect,
) -> APIRouter:
    """``POST /<agent>/twilio/resume?stream=TOKEN``, the action of each stream of a call."""
    routes = APIRouter()

    @routes.post("/{agent}/twilio/resume")
    async def resume(agent: str, request: Request, stream: str = "") -> Response:
        plan = telephone_plan.require(switchboard, agent)
        form = await webhooks.read(agent, request, ("CallSid", "From", "To"))
        call_sid = form["CallSid"]
        ended = tokens.read(stream, agent, call_sid)
        if ended is None:
            logger.warning("{}: refused to resume call {} without a token of its stream", agent, call_sid)
            raise HTTPException(403, "this is not the address that the call was given")
        if form.get("CallStatus") in OVER or not plan.spec.resume or ended.resumed >= MOST_TIMES:
            return twiml.response(twiml.hang_up())
        is_leaving = switchboard.admission.stopped
        if is_leaving and settings.when_full == "503":
            raise HTTPException(503, "the server is stopping", {"Retry-After": "1"})
        times = await times_resumed(switchboard, plan.spec.name, call_sid)
        log = logger.bind(call=call_sid, agent=agent)
        if times is None and ended.resumed == 0 and ended.lost < MOST_LOST:
            if await _has_begun(switchboard, plan.spec.name, call_sid):
                return twiml.response(twiml.hang_up())
            log.warning(
                "{}: the stream of call {} has reached nobody, and is asked for again", agent, call_sid
            )
            first = EndedStream(0, ended.dial, ended.lost + 1)
            return await connect(agent, request, form, first, PAUSE_SECONDS)
        # one stream before this one may have been refused; a copied action is of no use once it was used
        if times is None or ended.resumed not in (times, times + 1):
            return twiml.response(twiml.hang_up())
        log.warning("{}: goes on with call {}", agent, call_sid)
        after = EndedStream(times + 1, ended.dial)
        return await connect(agent, request, form, after, PAUSE_SECONDS if is_leaving else 0)

    return routes


async def times_resumed(switchboard: Switchboard, agent: str, call_sid: str) -> int | None:
    """How often the call was resumed, once all that is known of it is stored; None for no such call."""
    if switchboard.left_open.resumed is None:
        return None
    await _within(switchboard.wait_for(agent, call_sid))
    if (record := switchboard.records.get(agent, call_sid)) and record.flush:
        await _within(record.flush())
    return await switchboard.left_open.resumed.times(agent, call_sid)


async def _has_begun(switchboard: Switchboard, agent: str, call_sid: str) -> bool:
    """Whether a stream of the call has come, be it that it was refused; also where nobody can say."""
    # that of a call that is placed is there before
    if live := switchboard.records.get(agent, call_sid):
        return live.direction == "inbound" or live.ended is not None
    try:
        record = await switchboard.records.find(agent, call_sid)
    except (TimeoutError, SQLAlchemyError):
        return True
    return record is not None and (record["direction"] == "inbound" or bool(record["ended"]))


async def _within(work: Awaitable[object]) -> None:
    await asyncio.wait({asyncio.ensure_future(work)}, timeout=WAIT_SECONDS)
