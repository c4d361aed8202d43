"""Routes that start outbound calls and receive Twilio's callbacks about them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from agentrun.errors import SetupError
from agentrun.plan.plan import Plan
from agentrun.server.admission import rejections
from agentrun.server.admission.admission import NotAdmittedError
from agentrun.server.auth import api_key
from agentrun.server.calls.switchboard import Switchboard
from agentrun.server.lifecycle.settings import ServerSettings
from agentrun.server.shared_state.database_errors import DatabaseDownError
from agentrun.server.twilio import telephone_plan
from agentrun.server.twilio.outbound import stream_parameters
from agentrun.server.twilio.outbound.dialler import Diallers, NumberError, settings_of
from agentrun.server.twilio.webhook import Webhooks
from agentrun.transports.twilio_rest import TwilioError


class Wanted(BaseModel):
    """A call that is asked for; ``parameters`` reach prompts and tools."""

    model_config = ConfigDict(extra="forbid")

    to: Annotated[str, Field(max_length=64)]
    parameters: dict[str, str] = Field(default={}, max_length=stream_parameters.MOST)


def router(
    switchboard: Switchboard, settings: ServerSettings, diallers: Diallers, webhooks: Webhooks
) -> APIRouter:
    """``POST /<agent>/twilio/dial`` for whoever has the key, and ``/twilio/status`` for Twilio."""
    routes = APIRouter()

    @routes.post("/{agent}/twilio/dial", dependencies=[Depends(api_key.require(settings))], status_code=201)
    async def dial(agent: str, wanted: Wanted, response: Response) -> dict[str, str]:
        plan = _plan(switchboard, agent)
        if wrong := stream_parameters.wrong(wanted.parameters):
            raise HTTPException(422, wrong)
        seconds = await switchboard.state.wait(f"dial {agent}", settings_of(plan).per_minute)
        if seconds:
            headers = {"Retry-After": str(max(1, round(seconds)))}
            raise HTTPException(429, "too many calls in this minute", headers)
        try:
            outgoing = await diallers.place(agent, wanted.to, wanted.parameters)
        except NumberError as error:
            raise HTTPException(422, str(error)) from None
        except NotAdmittedError as error:
            raise rejections.in_http(error.refusal) from None
        except SetupError as error:
            raise HTTPException(503, error.message) from None
        except TwilioError as error:
            raise HTTPException(502, error.message) from None
        if not outgoing.named.is_set():
            response.status_code = 202
        return {"callId": outgoing.record.id, "to": wanted.to}

    @routes.post("/{agent}/twilio/status", status_code=204)
    async def status(agent: str, request: Request, dial: str = "") -> Response:
        form = await webhooks.read(agent, request, ("CallSid",))
        call_sid = form.get("CallSid", "")
        try:
            placed = await diallers.placed.find(dial)
            if placed is None or placed.agent != agent or placed.call_id not in ("", call_sid):
                raise HTTPException(404, "no such call was placed here")
            await diallers.placed.attach(dial, call_sid)
            words = form.get("CallStatus", ""), form.get("AnsweredBy", "")
            await diallers.placed.tell(placed, call_sid, *words)
        except DatabaseDownError:
            raise HTTPException(503, "nobody can say who placed this call") from None
        return Response(status_code=204)

    return routes


def _plan(switchboard: Switchboard, agent: str) -> Plan:
    plan = telephone_plan.find(switchboard, agent)
    if plan is None:
        raise HTTPException(404, f"no agent '{agent}' calls from here")
    if switchboard.closing:
        raise HTTPException(503, "the server is stopping", {"Retry-After": "10"})
    return plan
