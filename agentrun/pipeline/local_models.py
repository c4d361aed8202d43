"""Loads the local models, such as voice detection, that the agents' calls need."""

from __future__ import annotations

from agentrun.pipeline import pipecat_private
from agentrun.pipeline.realtime.pipeline import tells_turns
from agentrun.pipeline.services.shared_resources import OTHER_RATE
from agentrun.plan.plan import Plan
from agentrun.transports import mulaw

_TELEPHONE = "twilio"


def load(plan: Plan) -> None:
    """Load the models that calls of ``plan`` need, so that none has to wait; blocks for at most 0.1 s.

    A voice detector for each rate of its lines, 3 MB each, and the judge of a turn's end, 11 MB, where that
    is asked: a realtime model that tells of turns needs none. What was loaded stays, for all calls. A call in
    a page, with an agent that is at a telephone, loads the detector of its own rate.
    """
    lines = {transport.type for transport in plan.spec.transport}
    if _TELEPHONE in lines:
        pipecat_private.silero_session(mulaw.RATE)
    if lines - {_TELEPHONE}:
        pipecat_private.silero_session(OTHER_RATE)
    if plan.spec.turns.detection == "smart" and not (plan.realtime and tells_turns(plan.realtime)):
        pipecat_private.smart_turn_session()
