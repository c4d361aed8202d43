"""The route at which Twilio reports a transfer's outcome and asks what to do with the caller.

With ``resume: true`` a caller whom nobody took comes back to the agent; else they hear so, and are hung up.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from fastapi import APIRouter, Request, Response
from loguru import logger

from agentrun.plan.plan import Plan
from agentrun.records.resumption import Resumption
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.twilio import resume_routes, telephone_plan, twiml
from agentrun.server.twilio.action_tokens import ActionTokens, EndedStream
from agentrun.server.twilio.transfer_outcomes import TransferOutcomes
from agentrun.server.twilio.webhook import Webhooks
from agentrun.transports.dial_verb import NOT_TAKEN

NAME = "transferred"
"""The last part of the address."""
Return = Callable[[str, Request, Mapping[str, str], EndedStream, str], Awaitable[Response]]
"""TwiML with the next stream of a call, and why nobody has taken the caller."""


def router(
    switchboard: Switchboard, webhooks: Webhooks, tokens: ActionTokens, come_back: Return
) -> APIRouter:
    """``POST /<agent>/twilio/transferred?stream=TOKEN``, the action of each transfer."""
    routes = APIRouter()
    outcomes = TransferOutcomes(switchboard.records, switchboard.handover)

    @routes.post(f"/{{agent}}/twilio/{NAME}")
    async def transferred(agent: str, request: Request, stream: str = "") -> Response:
        plan = telephone_plan.require(switchboard, agent)
        form = await webhooks.read(agent, request, ("CallSid",))
        status = form.get("DialCallStatus", "")
        if status not in NOT_TAKEN:
            return twiml.response(twiml.hang_up())
        call_sid = form["CallSid"]
        log = logger.bind(call=call_sid, agent=agent)
        log.warning("{}: call {}: {}", agent, call_sid, NOT_TAKEN[status])
        if form.get("CallStatus") in resume_routes.OVER:
            # they gave up while it rang
            outcomes.note(plan.spec.name, call_sid, NOT_TAKEN[status])
            return twiml.response(twiml.hang_up())
        ended = tokens.read(stream, agent, call_sid)
        if ended and (following := await _following(switchboard, plan, call_sid, ended)):
            log.info("{}: the caller of call {} comes back", agent, call_sid)
            return await come_back(agent, request, form, following, status)
        outcomes.note(plan.spec.name, call_sid, NOT_TAKEN[status])
        return twiml.response(twiml.after_transfer(plan))

    return routes


def told(earlier: Resumption, parameters: Mapping[str, str]) -> Resumption:
    """``earlier`` with what the ``parameters`` of its stream say of a transfer that nobody took."""
    words = NOT_TAKEN.get(parameters.get(twiml.UNANSWERED, ""))
    if not words:
        return earlier
    earlier.record.errors.append(f"transfer_unanswered: {words}")
    return replace(earlier, unanswered=words)


async def _following(
    switchboard: Switchboard, plan: Plan, call_sid: str, ended: EndedStream
) -> EndedStream | None:
    """The stream with which the agent goes on with its caller; None where it may not, or can't."""
    if not plan.spec.resume or ended.resumed >= resume_routes.MOST_TIMES:
        return None
    times = await resume_routes.times_resumed(switchboard, plan.spec.name, call_sid)
    return EndedStream(times + 1, ended.dial) if times is not None and times == ended.resumed else None
