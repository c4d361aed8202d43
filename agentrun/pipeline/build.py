"""The pipeline of a call, in the style that its spec names."""

from __future__ import annotations

from agentrun.pipeline import cascaded, private, realtime, written
from agentrun.pipeline.listener import SessionListener
from agentrun.pipeline.parts import Parts
from agentrun.pipeline.resources import Resources
from agentrun.plan import Plan
from agentrun.transports.connection import Connection

AHEAD_SECONDS = 0.2
"""What a telephone call's WebSocket is sent before it is due; a ``clear`` takes it back."""
STYLES = {"cascaded": cascaded.build, "realtime": realtime.build}


def build(
    plan: Plan, instructions: str, connection: Connection, resources: Resources, listener: SessionListener
) -> Parts:
    """The processors of one call; the model is told ``instructions``."""
    if connection.written:
        return written.build(plan, instructions, connection, resources, listener)
    output = connection.transport.output()
    private.resample_promptly(output)
    private.send_ahead(output, AHEAD_SECONDS)
    return STYLES[plan.spec.pipeline.style](plan, instructions, connection, resources, listener)
