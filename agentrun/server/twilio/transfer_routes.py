"""What became of a transfer: Twilio tells it, and asks what to do with the caller."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from loguru import logger

from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.twilio import telephone_plan, twiml
from agentrun.server.twilio.transfer_outcomes import TransferOutcomes
from agentrun.server.twilio.webhook import Webhooks
from agentrun.transports.dial_verb import NOT_TAKEN

NAME = "transferred"
"""The last part of the address."""


def router(switchboard: Switchboard, webhooks: Webhooks) -> APIRouter:
    """``POST /<agent>/twilio/transferred``, the action of each transfer."""
    routes = APIRouter()
    outcomes = TransferOutcomes(switchboard.records, switchboard.handover)

    @routes.post(f"/{{agent}}/twilio/{NAME}")
    async def transferred(agent: str, request: Request) -> Response:
        plan = telephone_plan.require(switchboard, agent)
        form = await webhooks.read(agent, request, ("CallSid",))
        words = NOT_TAKEN.get(form.get("DialCallStatus", ""))
        if words is None:
            return twiml.response(twiml.hang_up())
        call_sid = form["CallSid"]
        logger.bind(call=call_sid, agent=agent).warning("{}: call {}: {}", agent, call_sid, words)
        outcomes.note(plan.spec.name, call_sid, words)
        return twiml.response(twiml.after_transfer(plan))

    return routes
