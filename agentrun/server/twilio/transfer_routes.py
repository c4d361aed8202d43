"""What became of a transfer: Twilio tells it, and asks what to do with the caller."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from loguru import logger

from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.twilio import telephone_plan, twiml
from agentrun.server.twilio.webhook import Webhooks

NAME = "transferred"
"""The last part of the address."""
WORDS = {
    "busy": "the line there was busy",
    "no-answer": "nobody answered there",
    "failed": "the call could not be put through there",
}
"""By ``DialCallStatus``: https://www.twilio.com/docs/voice/twiml/dial#action. With any other one, somebody
has talked with the caller, or the caller has hung up."""


def router(switchboard: Switchboard, webhooks: Webhooks) -> APIRouter:
    """``POST /<agent>/twilio/transferred``, the action of each transfer."""
    routes = APIRouter()

    @routes.post(f"/{{agent}}/twilio/{NAME}")
    async def transferred(agent: str, request: Request) -> Response:
        plan = telephone_plan.require(switchboard, agent)
        form = await webhooks.read(agent, request, ("CallSid",))
        words = WORDS.get(form.get("DialCallStatus", ""))
        if words is None:
            return twiml.response(twiml.hang_up())
        call_sid = form["CallSid"]
        logger.bind(call=call_sid, agent=agent).warning("{}: call {}: {}", agent, call_sid, words)
        record = switchboard.records.get(plan.spec.name, call_sid)
        if record and record.ended and words not in record.reason:
            record.reason += f"; {words}"
            switchboard.records.changed(record)
        return twiml.response(twiml.after_transfer(plan))

    return routes
